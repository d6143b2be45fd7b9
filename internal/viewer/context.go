package viewer

import (
	"context"
	"sync"
	"sync/atomic"
)

type contextKey struct{}

// holder lets a mutation that changes facts have its own payload rendered for the viewer it made.
type holder struct {
	viewer atomic.Pointer[Viewer]
	mu     sync.Mutex
	loaded map[any]any // by Once
}

// With answers a context in which v is asking.
func With(ctx context.Context, v *Viewer) context.Context {
	h := &holder{}
	h.viewer.Store(v)
	return context.WithValue(ctx, contextKey{}, h)
}

// Of tells who is asking; nobody known is anonymous.
func Of(ctx context.Context) *Viewer {
	if h, ok := ctx.Value(contextKey{}).(*holder); ok {
		return h.viewer.Load()
	}
	return Nobody()
}

// Replace puts the viewer of new facts in the place of the one the request began with. Services call
// it after the commit that changed the facts.
func Replace(ctx context.Context, v *Viewer) {
	if h, ok := ctx.Value(contextKey{}).(*holder); ok {
		h.viewer.Store(v)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.loaded = nil
	}
}

// Once loads something of the viewer's once per request, however many fields ask for it: a relation of
// a page's rows costs one statement, not one per row. Key is a type of the caller's own. An error is not
// remembered.
func Once[T any](ctx context.Context, key any, load func(context.Context) (T, error)) (T, error) {
	h, ok := ctx.Value(contextKey{}).(*holder)
	if !ok {
		return load(ctx)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if known, ok := h.loaded[key].(T); ok {
		return known, nil
	}
	value, err := load(ctx)
	if err != nil {
		return value, err
	}
	if h.loaded == nil {
		h.loaded = map[any]any{}
	}
	h.loaded[key] = value
	return value, nil
}

// AsSystem answers a context for work that the program does on its own account. Purpose names the job.
// Row policies let it pass; call it only after the action itself was allowed.
func AsSystem(ctx context.Context, purpose string) context.Context {
	return With(ctx, &Viewer{Kind: System, Purpose: purpose})
}
