package relay

import (
	"context"
	"errors"
)

var errNoSealer = errors.New("relay: the context carries no sealer")

type scopeKey struct{}

// scope is all that sealing takes from a request, in one context value: it is read for every id.
type scope struct {
	sealer    *Sealer
	viewerTag uint32
}

// WithSealer lets ids and cursors be sealed and opened under ctx. It stands around the whole handler,
// because ids are opened while arguments are read and sealed while the response is written.
func WithSealer(ctx context.Context, s *Sealer) context.Context {
	return context.WithValue(ctx, scopeKey{}, scope{sealer: s, viewerTag: scopeOf(ctx).viewerTag})
}

// WithViewerTag binds cursors made and read under ctx to one viewer. The tag is stable for an account,
// and need not be secret. Without one it is zero.
func WithViewerTag(ctx context.Context, tag uint32) context.Context {
	return context.WithValue(ctx, scopeKey{}, scope{sealer: scopeOf(ctx).sealer, viewerTag: tag})
}

// Sealing answers a context that seals and opens ids and cursors as ctx does and holds nothing else of it, for
// whoever seals for longer than a request.
func Sealing(ctx context.Context) context.Context {
	return context.WithValue(context.Background(), scopeKey{}, scopeOf(ctx))
}

func scopeOf(ctx context.Context) scope {
	s, _ := ctx.Value(scopeKey{}).(scope)
	return s
}
