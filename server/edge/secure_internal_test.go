package edge

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestOnlyAProxySaysThatSomebodyCameOverTLS(t *testing.T) {
	proxies := Proxies{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}
	for name, test := range map[string]struct {
		peer string
		said []string
		want bool
	}{
		"a proxy":                              {"10.1.2.3:4000", []string{"https"}, true},
		"a proxy in IPv6":                      {"[fd00::1]:4000", []string{"HTTPS"}, true},
		"a stranger":                           {"203.0.113.7:4000", []string{"https"}, false},
		"a proxy that says nothing":            {"10.1.2.3:4000", nil, false},
		"in the open":                          {"10.1.2.3:4000", []string{"http"}, false},
		"the client's own claim before":        {"10.1.2.3:4000", []string{"https", "http"}, false},
		"the client's own claim in one field":  {"10.1.2.3:4000", []string{"https, http"}, false},
		"over TLS through two proxies":         {"10.1.2.3:4000", []string{"https, https"}, true},
		"the first of two proxies in the open": {"10.1.2.3:4000", []string{"http", "https"}, false},
		"a proxy that says something else":     {"10.1.2.3:4000", []string{"wss"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
			r.RemoteAddr = test.peer
			for _, value := range test.said {
				r.Header.Add("X-Forwarded-Proto", value)
			}
			if got := proxies.secure(r); got != test.want {
				t.Errorf("secure: %v", got)
			}
		})
	}
}
