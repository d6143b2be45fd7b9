package edge

import (
	"context"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/server/edge/engine"
)

// Limits of one request.
const (
	maxBody     = 1 << 20 // 500 observations of 2 KB
	maxURL      = 16 << 10
	usualTime   = 30 * time.Second
	usualUpload = 16 // uploads read at once; each may take 12 MB of memory
)

// GraphQL answers single operations over HTTP.
type GraphQL struct {
	engine  *engine.Engine
	signIn  *SignIn
	uploads chan struct{}
}

// NewGraphQL answers a handler that carries out operations in the engine for whoever is signed in.
func NewGraphQL(e *engine.Engine, s *SignIn) *GraphQL {
	return &GraphQL{engine: e, signIn: s, uploads: make(chan struct{}, usualUpload)}
}

// ServeHTTP carries out one operation. The token is checked before the body is read.
func (g *GraphQL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(graphql.StartOperationTrace(r.Context()), timeFor(r))
	defer cancel()
	ctx, err := g.signIn.request(ctx, r.Header)
	if err != nil {
		g.refuse(ctx, w, r, g.turnedAway(err))
		return
	}
	params, no := g.read(w, r)
	if no != nil {
		g.refuse(ctx, w, r, no)
		return
	}
	g.run(ctx, w, r, params)
}

// timeFor is how long a request may take in all: phones send uploads slowly.
func timeFor(r *http.Request) time.Duration {
	if mediaOf(r) == uploadMedia {
		return usualTime + uploadTime
	}
	return usualTime
}

// read takes the parameters out of a request of any kind.
func (g *GraphQL) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	read := g.readBody
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		read = readURL
	case http.MethodPost:
	default:
		return nil, &refusal{http.StatusMethodNotAllowed, wrongMethod}
	}
	if foreign(r) {
		return nil, bad(needsPreflight)
	}
	if _, ok := negotiate(r); !ok {
		return nil, &refusal{http.StatusNotAcceptable, notAcceptable}
	}
	return read(w, r)
}

func (g *GraphQL) run(ctx context.Context, w http.ResponseWriter, r *http.Request, params *graphql.RawParams) {
	op, errs := g.engine.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, op)
	if len(errs) > 0 {
		response := g.engine.DispatchError(ctx, errs)
		g.write(w, answer{request: r, status: statusWithoutData(r, response), response: response, refused: true})
		return
	}
	note(w, op)
	switch {
	case op.Operation.Operation == ast.Subscription:
		g.refuse(ctx, w, r, bad(needsStream))
		return
	case op.Operation.Operation == ast.Mutation && r.Method != http.MethodPost:
		g.refuse(ctx, w, r, &refusal{http.StatusMethodNotAllowed, mutationNotByGET})
		return
	}
	next, ctx := g.engine.DispatchOperation(ctx, op)
	response := next(ctx)
	if response == nil { // the client has gone, or its time was up before anything began
		g.refuse(ctx, w, r, g.turnedAway(ctx.Err()))
		return
	}
	if len(response.Data) == 0 {
		g.write(w, answer{request: r, status: statusWithoutData(r, response), response: response, refused: true})
		return
	}
	g.write(w, answer{request: r, status: http.StatusOK, response: response})
}

// refuse answers with one error. It goes through the engine so that it is counted and presented as any.
func (g *GraphQL) refuse(ctx context.Context, w http.ResponseWriter, r *http.Request, no *refusal) {
	no.headers(w.Header())
	g.write(w, answer{request: r, status: no.status, response: g.engine.Refuse(ctx, no.why), refused: true})
}

// turnedAway finds the status for an error from outside of an operation.
func (g *GraphQL) turnedAway(err error) *refusal {
	switch {
	case isUnauthenticated(err):
		return &refusal{http.StatusUnauthorized, err}
	case isUnavailable(err):
		return &refusal{http.StatusServiceUnavailable, err}
	}
	return &refusal{http.StatusInternalServerError, err}
}
