package edge

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"parkbff/internal/fault"
	"parkbff/internal/viewer"
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
		before, ok := addressIn(hop)
		if !ok {
			break
		}
		client = before
		if !p.trusts(client) {
			break
		}
	}
	return client.String()
}

// located puts the address of the client into the request, by which limits count. Outside production the machine
// itself has none: there demos and trials are many people at one address.
func located(next http.Handler, p Proxies, production bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client := p.Client(r)
		if addr, err := netip.ParseAddr(client); production || err != nil || !addr.IsLoopback() {
			r = r.WithContext(viewer.AskedFrom(r.Context(), client))
		}
		next.ServeHTTP(w, r)
	})
}

// addressIn reads one hop; some proxies write the port beside the address.
func addressIn(hop string) (netip.Addr, bool) {
	hop = strings.TrimSpace(hop)
	if addr, err := netip.ParseAddr(hop); err == nil {
		return addr.Unmap(), true
	}
	both, err := netip.ParseAddrPort(hop)
	return both.Addr().Unmap(), err == nil
}

// secure tells whether a request came over TLS, to the program or to a proxy. Of several who speak, every one
// must say so: the first may be the client itself.
func (p Proxies) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !p.trusts(peer.Addr().Unmap()) {
		return false
	}
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), ",")
	return !slices.ContainsFunc(said, func(s string) bool { return !strings.EqualFold(strings.TrimSpace(s), "https") })
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
