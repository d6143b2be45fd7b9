package edge

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parkbff/internal/language"
	"parkbff/server/sse"
)

// Options of New. GraphQL is required; an endpoint without its handler or content is not served.
type Options struct {
	GraphQL     *GraphQL
	WebSocket   http.Handler // upgrades of /graphql
	TransportWS http.Handler // /graphql/transport-ws
	LegacyWS    http.Handler // /graphql/legacy-ws
	Events      http.Handler // /graphql for clients that accept text/event-stream

	Contract []byte                  // /schema.graphql
	JWKS     []byte                  // /.well-known/jwks.json
	Checks   []Check                 // of /readyz
	Pages    map[string]http.Handler // further routes, by pattern of http.ServeMux, such as "POST /callback/wechatpay"

	Registry *prometheus.Registry // served at /metrics, and given what is measured here
	Log      *slog.Logger         // default slog.Default
	NewID    func() string        // of an incident; default random
	TLS      bool                 // clients must come through TLS, and browsers are told to insist on it
	Proxies  Proxies              // who may end TLS before the program
}

// New answers the whole HTTP side of the program.
func New(o Options) http.Handler {
	log, newID := cmp.Or(o.Log, slog.Default()), o.NewID
	if newID == nil {
		newID = rand.Text
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", o.graphql())
	mux.Handle("GET /livez", http.HandlerFunc(alive))
	mux.Handle("GET /readyz", readiness{o.Checks, log})
	for pattern, handler := range o.optional() {
		mux.Handle(pattern, handler)
	}
	var registry prometheus.Registerer
	if o.Registry != nil {
		registry = o.Registry
		mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{}))
	}
	handler := unredirected(mux)
	if o.TLS {
		handler = o.GraphQL.overTLS(handler, o.Proxies)
	}
	observed := newObserver(secured(handler, o.TLS), log, newID, registry)
	return spoken(located(observed, o.Proxies, o.TLS)) // outside: they copy the request, in which the observer reads its route
}

func (o Options) optional() map[string]http.Handler {
	routes := map[string]http.Handler{}
	if o.TransportWS != nil {
		routes["/graphql/transport-ws"] = o.TransportWS
	}
	if o.LegacyWS != nil {
		routes["/graphql/legacy-ws"] = o.LegacyWS
	}
	if o.Contract != nil {
		routes["GET /schema.graphql"] = newDocument("application/graphql; charset=utf-8", o.Contract)
	}
	if o.JWKS != nil {
		routes["GET /.well-known/jwks.json"] = newDocument("application/jwk-set+json", o.JWKS)
	}
	for pattern, handler := range o.Pages {
		routes[pattern] = handler
		if folder, ok := strings.CutSuffix(pattern, "/"); ok {
			routes[folder] = http.HandlerFunc(http.NotFound) // or it is redirected, see unredirected
		}
	}
	return routes
}

// unredirected keeps http.ServeMux from redirecting paths that it would write otherwise: its answer repeats the
// whole address, and a client that is redirected sends its operation a second time.
func unredirected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clean := path.Clean(r.URL.Path)
		if strings.HasSuffix(r.URL.Path, "/") && clean != "/" {
			clean += "/"
		}
		if clean != r.URL.Path {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// graphql picks the way in which a client wants its answer.
func (o Options) graphql() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case o.WebSocket != nil && strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
			o.WebSocket.ServeHTTP(w, r)
		case o.Events != nil && sse.Supports(r) && !foreign(r):
			o.Events.ServeHTTP(w, r)
		default:
			o.GraphQL.ServeHTTP(w, r)
		}
	})
}

// spoken puts the language of the answer into the request.
func spoken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if field := r.Header.Get("Accept-Language"); field != "" {
			r = r.WithContext(language.Asked(r.Context(), field))
		}
		next.ServeHTTP(w, r)
	})
}

// secured sets the headers that keep a browser from doing anything with an answer but reading it
// (https://owasp.org/www-project-secure-headers/). A page sets its own policy over these.
func secured(next http.Handler, tls bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if tls {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}
