package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unique"

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
	// A map, because a struct would take keys of other letters, too.
	var raw map[string]json.RawMessage
	if !isObject(body) || json.Unmarshal(body, &raw) != nil {
		return Request{}, fault.BadInput
	}
	query, present := text(raw["query"])
	if !present {
		return Request{}, fault.BadInput.At("query")
	}
	name, present := text(raw["operationName"])
	if !present && !isNull(raw["operationName"]) {
		return Request{}, fault.BadInput.At("operationName")
	}
	return NewRequest(query, name, raw["variables"], raw["extensions"])
}

// text reads a string; present is false for whatever is none.
func text(raw json.RawMessage) (value string, present bool) {
	var read *string
	if isNull(raw) || json.Unmarshal(raw, &read) != nil {
		return "", false
	}
	return *read, true
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

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

// request is a Request as it is kept for as long as an operation goes on.
type request struct {
	document
	variables string // a JSON object, or empty
	rare      *rare  // nil for nearly all
}

// document is what many requests have in common, kept once for all of them.
type document struct{ handle unique.Handle[wording] }

type wording struct{ query, operationName string }

// rare is what few requests have.
type rare struct {
	extensions json.RawMessage
	readOnly   bool
}

func interned(r Request) request {
	kept := request{
		document:  document{unique.Make(wording{r.Query, r.OperationName})},
		variables: string(r.Variables), // copied: the message that it stands in may go
	}
	if r.Extensions != nil || r.ReadOnly {
		kept.rare = &rare{bytes.Clone(r.Extensions), r.ReadOnly}
	}
	return kept
}

// plain holds for a request that its document and its variables tell all about.
func (r request) plain() bool { return r.rare == nil }

// size is how many bytes are kept for it, be it alone or with others.
func (r request) size() int {
	asked := r.handle.Value()
	return len(asked.query) + len(asked.operationName) + len(r.variables)
}

func (r request) readOnly() bool { return r.rare != nil && r.rare.readOnly }

// params decodes the request for one execution.
func (r request) params() (*graphql.RawParams, error) {
	start, asked := graphql.Now(), r.handle.Value()
	params := &graphql.RawParams{Query: asked.query, OperationName: asked.operationName}
	if err := decode(r.variables, &params.Variables); err != nil {
		return nil, fault.BadInput.At("variables").Because(err)
	}
	if r.rare != nil {
		if err := decode(string(r.rare.extensions), &params.Extensions); err != nil {
			return nil, fault.BadInput.At("extensions").Because(err)
		}
	}
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

// decode keeps numbers exact, as the executor's own transports do.
func decode(raw string, into *map[string]any) error {
	if raw == "" {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(raw))
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
	if isNull(raw) {
		return nil, true
	}
	return raw, isObject(raw) && json.Valid(raw)
}

func isObject(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '{'
}
