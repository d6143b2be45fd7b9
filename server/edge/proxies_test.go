package edge_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"parkbff/server/edge"
)

func TestOnlyProxiesSayForWhomTheyAsk(t *testing.T) {
	proxies := edge.Proxies{netip.MustParsePrefix("10.1.0.0/16")}
	for name, test := range map[string]struct {
		peer, want string
		forwarded  []string
	}{
		"nobody forwards":                    {"203.0.113.7:4000", "203.0.113.7", nil},
		"a stranger's word":                  {"203.0.113.7:4000", "203.0.113.7", []string{"198.51.100.1"}},
		"a proxy's word":                     {"10.1.2.3:4000", "198.51.100.1", []string{"198.51.100.1"}},
		"a proxy behind a proxy":             {"10.1.2.3:4000", "198.51.100.1", []string{"198.51.100.1, 10.1.9.9"}},
		"in two fields":                      {"10.1.2.3:4000", "198.51.100.1", []string{"198.51.100.1", "10.1.9.9"}},
		"the client's own claim comes first": {"10.1.2.3:4000", "198.51.100.1", []string{"1.1.1.1, 198.51.100.1"}},
		"with a port":                        {"10.1.2.3:4000", "198.51.100.1", []string{"198.51.100.1:4711"}},
		"IPv6 with a port":                   {"10.1.2.3:4000", "2001:db8::7", []string{"[2001:db8::7]:4711"}},
		"rubbish":                            {"10.1.2.3:4000", "10.1.2.3", []string{"<script>"}},
		"this machine":                       {"127.0.0.1:4000", "198.51.100.1", []string{"198.51.100.1"}},
		"an IPv4 address in IPv6":            {"[::ffff:203.0.113.7]:4000", "203.0.113.7", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = test.peer
			for _, value := range test.forwarded {
				r.Header.Add("X-Forwarded-For", value)
			}
			if got := proxies.Client(r); got != test.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
