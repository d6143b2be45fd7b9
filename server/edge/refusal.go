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
	tooSlow          = fault.New("REQUEST_TIMEOUT", "The request took too long to arrive.")
	wrongMedia       = fault.New("UNSUPPORTED_MEDIA_TYPE", "The body must be application/json or multipart/form-data, in UTF-8.")
	wrongCoding      = fault.New("UNSUPPORTED_MEDIA_TYPE", "The body must not be compressed.")
	notAcceptable    = fault.New("NOT_ACCEPTABLE", "Answers are application/graphql-response+json or application/json, in UTF-8.")
	wrongMethod      = fault.New("METHOD_NOT_ALLOWED", "Use POST, or GET for queries.")
	needsStream      = fault.New("SUBSCRIPTION_NEEDS_STREAM", "Subscriptions are served over WebSocket and server-sent events.")
	tooManyUploads   = fault.RateLimited.With("retryAfter", 5)
	mutationNotByGET = fault.New("METHOD_NOT_ALLOWED", "A mutation needs POST.")
	needsPreflight   = fault.New("PREFLIGHT_REQUIRED",
		"An upload, or a query from another site, needs an Authorization or a GraphQL-Preflight header.")

	// Apollo's clients know this message, and send the query itself then.
	notPersisted = fault.New("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
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
		h.Set("Allow", "POST, GET, HEAD")
		if r.why == mutationNotByGET {
			h.Set("Allow", "POST")
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	case http.StatusRequestTimeout: // RFC 9110, section 15.5.9
		h.Set("Connection", "close")
	case http.StatusUnsupportedMediaType:
		if r.why == wrongCoding { // RFC 9110, section 15.5.16
			h.Set("Accept-Encoding", "identity")
			return
		}
		h.Set("Accept-Post", "application/json, multipart/form-data") // https://www.w3.org/TR/ldp/#header-accept-post
	}
}
