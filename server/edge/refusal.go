package edge

import (
	"net/http"

	"parkbff/internal/fault"
)

// Refusals of requests that are no GraphQL request.
var (
	badRequest       = fault.New("BAD_REQUEST", "The request is not a GraphQL request.")
	noBatches        = fault.New("BATCHES_NOT_SUPPORTED", "Send one operation per request.")
	tooLarge         = fault.New("PAYLOAD_TOO_LARGE", "The request is too large.")
	wrongMedia       = fault.New("UNSUPPORTED_MEDIA_TYPE", "The body must be application/json or multipart/form-data.")
	wrongMethod      = fault.New("METHOD_NOT_ALLOWED", "Use POST, or GET for queries.")
	needsPreflight   = fault.New("PREFLIGHT_REQUIRED", "An upload needs an Authorization or a GraphQL-Preflight header.")
	needsStream      = fault.New("SUBSCRIPTION_NEEDS_STREAM", "Subscriptions are served over WebSocket and server-sent events.")
	tooManyUploads   = fault.RateLimited.With("retryAfter", 5)
	mutationNotByGET = fault.New("METHOD_NOT_ALLOWED", "A mutation needs POST.")
)

// refusal ends a request before its operation is carried out.
type refusal struct {
	status int
	why    error
}

func bad(why error) *refusal { return &refusal{http.StatusBadRequest, why} }

// headers are what a status asks for beside the body.
func (r *refusal) headers(h http.Header) {
	switch r.status {
	case http.StatusUnauthorized: // RFC 6750, section 3
		h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "POST, GET")
		if r.why == mutationNotByGET {
			h.Set("Allow", "POST")
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	case http.StatusUnsupportedMediaType:
		h.Set("Accept-Post", "application/json, multipart/form-data") // https://www.w3.org/TR/ldp/#header-accept-post
	}
}
