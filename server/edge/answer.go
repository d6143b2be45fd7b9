package edge

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/server/edge/engine"
)

const (
	graphqlMedia = "application/graphql-response+json"
	jsonMedia    = "application/json"
)

// answer is a response and what the request says of how to write it.
type answer struct {
	request  *http.Request
	status   int
	response *graphql.Response
	refused  bool // no `data`: the operation was not carried out
}

// statusWithoutData is the status of an operation that was not carried out: one that does not parse, validate
// or fit the limits, or where the program failed. Clients of the old media type read the body only of a 200
// (GraphQL over HTTP; docs/decisions/0001 says which draft of its status codes this is).
func statusWithoutData(r *http.Request, response *graphql.Response) int {
	if engine.IsInternal(response.Errors) {
		return http.StatusInternalServerError
	}
	if media, _ := negotiate(r); media == graphqlMedia {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// write sends the answer. Data is JSON already and is not encoded again.
func (g *GraphQL) write(w http.ResponseWriter, a answer) {
	head, tail := []byte(`{`), []byte(`}`)
	if len(a.response.Errors) > 0 {
		head = append(head, `"errors":`...)
		head = append(head, g.errors(a)...)
		if !a.refused {
			head = append(head, ',')
		}
		noteCode(w, engine.Code(a.response.Errors))
	}
	var data []byte
	if !a.refused {
		head, data = append(head, `"data":`...), a.response.Data
	}
	if extensions := a.response.Extensions; len(extensions) > 0 {
		if encoded, err := json.Marshal(extensions); err == nil {
			tail = append(append([]byte(`,"extensions":`), encoded...), '}')
		}
	}
	h, media := w.Header(), jsonMedia
	if wanted, ok := negotiate(a.request); ok {
		media = wanted
	}
	h.Set("Content-Type", media+"; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept, Accept-Language")
	h.Set("Content-Length", strconv.Itoa(len(head)+len(data)+len(tail)))
	w.WriteHeader(a.status)
	for _, part := range [][]byte{head, data, tail} {
		if _, err := w.Write(part); err != nil {
			return
		}
	}
}

// errors encodes them; a detail that cannot be encoded is a mistake of the program.
func (g *GraphQL) errors(a answer) []byte {
	encoded, err := json.Marshal(a.response.Errors)
	if err != nil {
		encoded, _ = json.Marshal(g.engine.Refuse(a.request.Context(), err).Errors)
	}
	return encoded
}
