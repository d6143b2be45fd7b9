package edge

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"parkbff/internal/fault"
)

var httpsRequired = fault.New("HTTPS_REQUIRED", "Use https.")

// Proxies are the addresses of those who end TLS before the program and say for whom they ask. What any
// other peer says in X-Forwarded-For and X-Forwarded-Proto is its own invention and not heard. The machine
// itself is always one of them.
type Proxies []netip.Prefix

// Client names who sent a request: the peer, or the last address before the proxies.
func (p Proxies) Client(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	client := peer.Addr().Unmap()
	if !p.trusts(client) {
		return client.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		before, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		client = before.Unmap()
		if !p.trusts(client) {
			break
		}
	}
	return client.String()
}

// secure tells whether a request came over TLS, to the program or to a proxy.
func (p Proxies) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && p.trusts(peer.Addr().Unmap()) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

func (p Proxies) trusts(addr netip.Addr) bool {
	return addr.IsLoopback() || slices.ContainsFunc(p, func(net netip.Prefix) bool { return net.Contains(addr) })
}

// inside are the paths that the machines around the program ask for, not through any proxy.
var inside = []string{"/livez", "/readyz", "/metrics"}

// overTLS refuses what came in the open (J(五)2). It redirects nobody: whatever such a request carried has
// been read on the way already, and a client that is redirected never learns to do better.
func (g *GraphQL) overTLS(next http.Handler, p Proxies) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.secure(r) || slices.Contains(inside, r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		g.refuse(r.Context(), w, r, &refusal{http.StatusForbidden, httpsRequired})
	})
}
