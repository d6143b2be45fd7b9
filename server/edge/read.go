package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/fault"
)

const (
	uploadMedia = "multipart/form-data"
	trusted     = 64 << 10 // bytes of a body that are made room for because its length says so
)

// readURL takes the parameters out of the query of a GET request.
func readURL(_ http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	switch {
	case len(r.URL.RawQuery) > maxURL:
		return nil, &refusal{http.StatusRequestURITooLong, tooLarge}
	case r.ContentLength != 0: // it would mean nothing (RFC 9110, section 9.3.1), and proxies read it differently
		return nil, bad(badRequest)
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, bad(badRequest)
	}
	params := &graphql.RawParams{Query: values.Get("query"), OperationName: values.Get("operationName")}
	for name, given := range values {
		if parameter(params, name) != nil && (len(given) > 1 || !utf8.ValidString(given[0])) {
			return nil, bad(badRequest.At(name))
		}
	}
	for name, into := range map[string]*map[string]any{"variables": &params.Variables, "extensions": &params.Extensions} {
		if text := values.Get(name); text != "" && decode([]byte(text), into) != nil {
			return nil, bad(badRequest.At(name))
		}
	}
	return whole(params)
}

// readBody takes the parameters out of the body of a POST request.
func (g *GraphQL) readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	for _, coding := range r.Header["Content-Encoding"] {
		if !strings.EqualFold(coding, "identity") { // a megabyte could become a thousand
			return nil, &refusal{http.StatusUnsupportedMediaType, wrongCoding}
		}
	}
	switch mediaOf(r) {
	case jsonMedia:
		return readJSON(w, r)
	case uploadMedia:
		return g.readUpload(w, r)
	}
	return nil, &refusal{http.StatusUnsupportedMediaType, wrongMedia}
}

// mediaOf is the media type of a body in UTF-8, and empty for any other. Only one Content-Type can be meant.
func mediaOf(r *http.Request) string {
	fields := r.Header["Content-Type"]
	if len(fields) != 1 {
		return ""
	}
	media, details, err := mime.ParseMediaType(fields[0])
	if err != nil || !isUTF8(details["charset"]) {
		return ""
	}
	return media
}

// readJSON takes the parameters out of a JSON body.
func readJSON(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	if r.ContentLength > maxBody {
		return nil, &refusal{http.StatusRequestEntityTooLarge, tooLarge}
	}
	body := bytes.NewBuffer(make([]byte, 0, min(max(r.ContentLength, 0), trusted)+bytes.MinRead))
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		return nil, unreadable(err)
	}
	return parameters(body.Bytes())
}

// byteOrderMark may stand before a JSON text (RFC 8259, section 8.1); what Windows writes has it.
const byteOrderMark = "\xef\xbb\xbf"

// parameters reads {"query", "operationName", "variables", "extensions"}.
func parameters(body []byte) (*graphql.RawParams, *refusal) {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte(byteOrderMark)), " \t\r\n")
	if len(body) > 0 && body[0] == '[' {
		return nil, bad(noBatches)
	}
	if !utf8.Valid(body) {
		return nil, bad(badRequest)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, bad(badRequest)
	}
	params := &graphql.RawParams{}
	if no := members(decoder, params); no != nil {
		return nil, no
	}
	if _, err := decoder.Token(); err != nil { // the closing brace
		return nil, bad(badRequest)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, bad(badRequest)
	}
	return whole(params)
}

// members reads what stands within the braces. Names are taken as they are written, and each once: package json by
// itself would take QUERY for query and the last of two, and what stands before the program (a firewall, a log)
// would have read another operation than the one carried out.
func members(decoder *json.Decoder, params *graphql.RawParams) *refusal {
	seen := map[string]bool{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return bad(badRequest)
		}
		member := name.(string) // a decoder answers nothing else here
		into := parameter(params, member)
		if into == nil {
			into = new(json.RawMessage)
		} else if seen[member] {
			return bad(badRequest.At(member))
		}
		seen[member] = true
		if decoder.Decode(into) != nil {
			return bad(badRequest)
		}
	}
	return nil
}

// parameter is where a member of the request belongs. Unknown ones are left alone, as the specification demands.
func parameter(params *graphql.RawParams, name string) any {
	switch name {
	case "query":
		return &params.Query
	case "operationName":
		return &params.OperationName
	case "variables":
		return &params.Variables
	case "extensions":
		return &params.Extensions
	}
	return nil
}

// whole demands a query. A client that sends the hash of one instead (Apollo's "automatic persisted queries") is
// told that none is kept here.
func whole(params *graphql.RawParams) (*graphql.RawParams, *refusal) {
	if params.Query != "" {
		return params, nil
	}
	if _, byHash := params.Extensions["persistedQuery"]; byHash {
		return nil, bad(notPersisted)
	}
	return nil, bad(badRequest.At("query"))
}

// decode reads exactly one JSON value and keeps numbers as they were written. Its errors quote the
// input and go nowhere.
func decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

// unreadable says why a body could not be read: it was too large or too slow, or it broke off.
func unreadable(err error) *refusal {
	switch f := fault.As(err); {
	case errors.As(err, new(*http.MaxBytesError)):
		return &refusal{http.StatusRequestEntityTooLarge, tooLarge}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &refusal{http.StatusRequestTimeout, tooSlow}
	case f != nil:
		return bad(f)
	}
	return bad(badRequest)
}
