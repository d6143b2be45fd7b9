package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"entgo.io/ent/privacy"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parkbff/graph/relay"
	"parkbff/internal/fault"
	"parkbff/internal/language"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

const (
	internalCode    = "INTERNAL"
	internalMessage = "Internal error."

	vehicleDetail = "vehicle" // of FACT_REQUIRED
	vehicleType   = "Vehicle"
)

// incident is an error that the log knows by its id already.
type incident struct{ id string }

func (i incident) Error() string { return internalMessage }

// endOfSignIn are the faults of tokens, which clients see as one code with a reason.
var endOfSignIn = map[string]bool{"TOKEN_EXPIRED": true, "TOKEN_INVALID": true, "SIGN_IN_ENDED": true}

// present is the error presenter: whatever goes wrong becomes a code here. Only what has none is logged.
func (e *Engine) present(ctx context.Context, err error) *gqlerror.Error {
	shown := &gqlerror.Error{Err: err, Path: graphql.GetPath(ctx)}
	if at := (*gqlerror.Error)(nil); errors.As(err, &at) {
		shown.Path, shown.Locations = at.Path, at.Locations
	}
	f := asFault(ctx, err)
	if f == nil {
		id := e.incidentOf(ctx, err)
		shown.Message = language.Say(ctx, internalCode, internalMessage)
		shown.Extensions = map[string]any{"code": internalCode, "id": id}
		return shown
	}
	shown.Message, shown.Extensions = language.Say(ctx, f.Code(), f.Message()), map[string]any{"code": f.Code()}
	if f.Field() != "" {
		shown.Extensions["field"] = f.Field()
	}
	maps.Copy(shown.Extensions, f.Details())
	if about, ok := f.Details()[vehicleDetail].(viewer.VehicleRef); ok {
		shown.Extensions[vehicleDetail] = relay.ID{Type: vehicleType, Row: int64(about)}.Text(ctx)
	}
	return shown
}

// asFault answers what err is to a client, or nil.
func asFault(ctx context.Context, err error) *fault.Error {
	if errors.As(err, new(incident)) {
		return nil
	}
	f := fault.As(store.Unavailable(err))
	switch {
	case f != nil && endOfSignIn[f.Code()]:
		return fault.Unauthenticated.With("reason", f.Code())
	case f != nil:
		return f
	case errors.Is(err, privacy.Deny):
		return fault.NotFound
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Unavailable
	case isArgument(ctx):
		return fault.BadInput
	}
	return nil
}

// isArgument tells whether a field's arguments could not be read: the executor asks for the presenter
// then with a field that has arguments but none read. It is the client's fault, and the text of such an
// error repeats the value.
func isArgument(ctx context.Context) bool {
	fc := graphql.GetFieldContext(ctx)
	return fc != nil && fc.Args == nil && fc.Field.Field != nil && fc.Field.Definition != nil &&
		len(fc.Field.Definition.Arguments) > 0
}

// incidentOf logs err unless that is done, and answers the id.
func (e *Engine) incidentOf(ctx context.Context, err error) string {
	var known incident
	if errors.As(err, &known) {
		return known.id
	}
	if at := (*gqlerror.Error)(nil); errors.As(err, &at) && at.Err != nil {
		err = at.Err // without the place, which is logged beside it
	}
	id := e.newID()
	e.log.ErrorContext(ctx, "internal error", "id", id, "field", fieldOf(ctx), "error", Text(err))
	return id
}

// recovered logs a panic. Its value may hold a personal one, so only that of the runtime is logged.
func (e *Engine) recovered(ctx context.Context, p any) error {
	return incident{LogPanic(ctx, e.log, e.newID(), p)}
}

// LogPanic logs where p was raised, under id, and answers the id.
func LogPanic(ctx context.Context, log *slog.Logger, id string, p any) string {
	what := fmt.Sprintf("%T", p)
	if known, ok := p.(runtime.Error); ok {
		what = known.Error()
	}
	log.ErrorContext(ctx, "panic", "id", id, "panic", what, "stack", string(debug.Stack()))
	return id
}

// fieldOf names the field of the contract that is being answered, by its way from the root, or nothing. The path of
// an error holds aliases, which a client chooses.
func fieldOf(ctx context.Context) string {
	var names []string
	for at := graphql.GetFieldContext(ctx); at != nil; at = at.Parent {
		if at.Index == nil && at.Field.Field != nil {
			names = append(names, at.Field.Name)
		}
	}
	slices.Reverse(names)
	return strings.Join(names, ".")
}
