package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/fault"
)

// readURL takes the parameters out of the query of a GET request.
func readURL(r *http.Request) (*graphql.RawParams, *refusal) {
	if len(r.URL.RawQuery) > maxURL {
		return nil, &refusal{http.StatusRequestURITooLong, tooLarge}
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, bad(badRequest)
	}
	params := &graphql.RawParams{Query: values.Get("query"), OperationName: values.Get("operationName")}
	for name, into := range map[string]*map[string]any{"variables": &params.Variables, "extensions": &params.Extensions} {
		if text := values.Get(name); text != "" && decode([]byte(text), into) != nil {
			return nil, bad(badRequest.At(name))
		}
	}
	return whole(params)
}

// readJSON takes the parameters out of a JSON body.
func readJSON(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	if r.ContentLength > maxBody {
		return nil, &refusal{http.StatusRequestEntityTooLarge, tooLarge}
	}
	body := bytes.NewBuffer(make([]byte, 0, max(r.ContentLength, 0)+bytes.MinRead))
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		return nil, unreadable(err)
	}
	return parameters(body.Bytes())
}

// parameters reads {"query", "operationName", "variables", "extensions"}.
func parameters(body []byte) (*graphql.RawParams, *refusal) {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		return nil, bad(noBatches)
	}
	var params *graphql.RawParams
	if decode(body, &params) != nil || params == nil {
		return nil, bad(badRequest)
	}
	return whole(params)
}

func whole(params *graphql.RawParams) (*graphql.RawParams, *refusal) {
	if params.Query == "" {
		return nil, bad(badRequest.At("query"))
	}
	return params, nil
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

// unreadable says why a body could not be read: it was too large, or it broke off.
func unreadable(err error) *refusal {
	if errors.As(err, new(*http.MaxBytesError)) {
		return &refusal{http.StatusRequestEntityTooLarge, tooLarge}
	}
	if f := fault.As(err); f != nil {
		return bad(f)
	}
	return bad(badRequest)
}
