package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/fault"
)

// Request is one GraphQL request as a client sent it. Variables and extensions stay encoded, because
// the executor coerces variables in place: each execution decodes its own.
type Request struct {
	Query         string
	OperationName string
	Variables     json.RawMessage // a JSON object, or nil
	Extensions    json.RawMessage // a JSON object, or nil
	// ReadOnly refuses mutations, as HTTP GET must.
	ReadOnly bool
}

// ParseRequest reads the parameters of a request: {"query": …, "operationName": …, "variables": …,
// "extensions": …}, of which only query is required (GraphQL over HTTP, section "Request
// Parameters"). It fails with fault.BadInput, which repeats nothing of the body.
func ParseRequest(body []byte) (Request, error) {
	var raw struct {
		Query         *string         `json:"query"`
		OperationName *string         `json:"operationName"`
		Variables     json.RawMessage `json:"variables"`
		Extensions    json.RawMessage `json:"extensions"`
	}
	if !isObject(body) || json.Unmarshal(body, &raw) != nil {
		return Request{}, fault.BadInput
	}
	if raw.Query == nil {
		return Request{}, fault.BadInput.At("query")
	}
	if raw.OperationName == nil {
		raw.OperationName = new(string)
	}
	return NewRequest(*raw.Query, *raw.OperationName, raw.Variables, raw.Extensions)
}

// NewRequest is ParseRequest for parameters that came apart, as in a URL. Variables and extensions
// are JSON objects, null or empty.
func NewRequest(query, operationName string, variables, extensions []byte) (Request, error) {
	r, ok := Request{Query: query, OperationName: operationName}, false
	if r.Variables, ok = object(variables); !ok {
		return Request{}, fault.BadInput.At("variables")
	}
	if r.Extensions, ok = object(extensions); !ok {
		return Request{}, fault.BadInput.At("extensions")
	}
	return r, nil
}

// params decodes the request for one execution.
func (r *Request) params() (*graphql.RawParams, error) {
	start := graphql.Now()
	params := &graphql.RawParams{Query: r.Query, OperationName: r.OperationName}
	if err := decode(r.Variables, &params.Variables); err != nil {
		return nil, fault.BadInput.At("variables").Because(err)
	}
	if err := decode(r.Extensions, &params.Extensions); err != nil {
		return nil, fault.BadInput.At("extensions").Because(err)
	}
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

// decode keeps numbers exact, as the executor's own transports do.
func decode(raw json.RawMessage, into *map[string]any) error {
	if raw == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// object answers raw when it is an object, and nil when it is null or absent.
func object(raw json.RawMessage) (json.RawMessage, bool) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, true
	}
	return raw, isObject(raw) && json.Valid(raw)
}

func isObject(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '{'
}
