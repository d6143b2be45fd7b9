package sse

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"

	"parkbff/internal/fault"
	"parkbff/server/live"
)

// Refusals of a request that is no GraphQL request. None repeats anything of it.
var (
	methodNotAllowed = fault.New("METHOD_NOT_ALLOWED", "Use GET, POST, PUT or DELETE.")
	tooLarge         = fault.New("PAYLOAD_TOO_LARGE", "The request is too large.")
	notJSON          = fault.New("UNSUPPORTED_MEDIA_TYPE", "The body must be application/json.")
)

// badRequest is a refusal with its HTTP status.
type badRequest struct {
	status int
	why    *fault.Error
}

// read takes the GraphQL request out of r (GraphQL over HTTP, section "Request").
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (live.Request, *badRequest) {
	switch r.Method {
	case http.MethodGet:
		return h.readURL(r)
	case http.MethodPost:
		return h.readBody(w, r)
	default:
		w.Header().Set("Allow", "GET, POST, PUT, DELETE")
		return live.Request{}, &badRequest{http.StatusMethodNotAllowed, methodNotAllowed}
	}
}

func (h *Handler) readURL(r *http.Request) (live.Request, *badRequest) {
	if int64(len(r.URL.RawQuery)) > h.options.MaxBody {
		return live.Request{}, &badRequest{http.StatusRequestURITooLong, tooLarge}
	}
	values := r.URL.Query()
	if !values.Has("query") {
		return live.Request{}, &badRequest{http.StatusBadRequest, fault.BadInput.At("query")}
	}
	request, err := live.NewRequest(values.Get("query"), values.Get("operationName"),
		[]byte(values.Get("variables")), []byte(values.Get("extensions")))
	request.ReadOnly = true
	return request, malformed(err)
}

func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) (live.Request, *badRequest) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return live.Request{}, &badRequest{http.StatusUnsupportedMediaType, notJSON}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.options.MaxBody))
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		return live.Request{}, &badRequest{http.StatusRequestEntityTooLarge, tooLarge}
	}
	if err != nil {
		return live.Request{}, &badRequest{http.StatusBadRequest, fault.BadInput}
	}
	request, err := live.ParseRequest(body)
	return request, malformed(err)
}

func malformed(err error) *badRequest {
	if err == nil {
		return nil
	}
	return &badRequest{http.StatusBadRequest, fault.BadInput}
}

// deny answers before the stream has begun.
func (h *Handler) deny(w http.ResponseWriter, r *http.Request, status int, why error) {
	h.write(w, status, h.options.Runner.Refusal(r.Context(), why))
}

func (h *Handler) write(w http.ResponseWriter, status int, errs []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(refused(errs))
}

// denyForNow answers a client that should come back in a while, before the stream has begun.
func (h *Handler) denyForNow(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "5")
	h.deny(w, r, http.StatusServiceUnavailable, fault.Unavailable)
}

func (h *Handler) denyTooMany(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "5")
	h.deny(w, r, http.StatusTooManyRequests, fault.RateLimited.With("retryAfter", 5))
}

// denySignIn answers RFC 6750, section 3, where the token is at fault.
func (h *Handler) denySignIn(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusUnauthorized
	switch f := fault.As(err); {
	case errors.Is(err, fault.Unavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled): // by who has left
		h.denyForNow(w, r)
		return
	case f == nil:
		h.options.Log.ErrorContext(r.Context(), "sign-in failed", "error", err)
		status = http.StatusInternalServerError
	default:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	h.deny(w, r, status, err)
}

// refused is the result of an operation that was not executed.
func refused(errs []byte) []byte {
	return append(append([]byte(`{"errors":`), errs...), '}')
}
