package edge

import "net/http"

// preflights are headers that a page of another site cannot send without the browser asking first
// (Fetch, "CORS-safelisted request-header"), and nobody here says yes.
var preflights = []string{
	"Authorization", "GraphQL-Preflight", "GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With",
}

func preflighted(h http.Header) bool {
	for _, name := range preflights {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// foreign tells whether a page of another origin had a browser send a GET unasked. Such a page reads no answer, but
// it could have its visitors' addresses ask for quotes or hold streams open, and measure how long answers take.
// Browsers of the last years say so (https://www.w3.org/TR/fetch-metadata/, "Sec-Fetch-Site"); what is no browser
// does not. A POST of JSON is never sent unasked.
func foreign(r *http.Request) bool {
	if r.Method == http.MethodPost {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return !preflighted(r.Header)
}
