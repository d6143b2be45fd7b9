package edge

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"parkbff/internal/viewer"
)

func TestLimitsCountTheClientAndTheMachineItselfInProductionAlone(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.1.0.0/16")}
	for _, test := range []struct {
		peer, forwarded string
		production      bool
		want            string
	}{
		{peer: "127.0.0.1:1", want: ""},
		{peer: "[::1]:1", want: ""},
		{peer: "127.0.0.1:1", production: true, want: "127.0.0.1"},
		{peer: "127.0.0.1:1", forwarded: "203.0.113.7", want: "203.0.113.7"},
		{peer: "10.1.2.3:1", forwarded: "198.51.100.1, 203.0.113.7", production: true, want: "203.0.113.7"},
		{peer: "203.0.113.7:1", forwarded: "198.51.100.1", production: true, want: "203.0.113.7"}, // its own invention
		{peer: "203.0.113.7:1", forwarded: "127.0.0.1", want: "203.0.113.7"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
		r.RemoteAddr = test.peer
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		var got string
		located(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = viewer.Address(r.Context())
		}), proxies, test.production).ServeHTTP(httptest.NewRecorder(), r)
		if got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
