// Package pace bounds how often one client's address has something done for it that costs: a row, a text
// message, a call to a partner. It is for what nobody need sign in for, where there is no account to count by.
package pace

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"parkbff/internal/clock"
	"parkbff/internal/viewer"
)

// Sixty at once, and one more every five seconds: a mall's whole wireless network is one address.
const (
	atOnce = 60
	every  = 5 * time.Second
	// refilled is how long after its last try an address is as good as new.
	refilled = atOnce * every
	// most bounds how many addresses are remembered: twice as many.
	most = 1 << 16
)

// Pace counts in memory, each replica for itself. It is safe for concurrent use.
type Pace struct {
	clock clock.Clock

	mu         sync.Mutex
	young, old map[client]*rate.Limiter
	turned     time.Time // when the young became the old
}

// client is who asks for what. Of an address of IPv6 its network counts, which is one customer's (RFC 6177).
type client struct {
	net  netip.Prefix
	what string
}

// New answers a pace that has counted nobody.
func New(c clock.Clock) *Pace {
	return &Pace{clock: c, young: map[client]*rate.Limiter{}}
}

// Wait counts one more try at something by the address that asks, and answers zero; or, when that would be one
// too many, how long to wait. What does not come from an address is not counted.
func (p *Pace) Wait(ctx context.Context, what string) time.Duration {
	network, ok := networkOf(viewer.Address(ctx))
	if !ok {
		return 0
	}
	now := p.clock.Now()
	try := p.of(client{network, what}, now).ReserveN(now, 1)
	wait := try.DelayFrom(now)
	if wait > 0 {
		try.CancelAt(now)
	}
	return wait
}

// of answers the limiter of a client. Who has not tried since the last turn but one is forgotten.
func (p *Pace) of(c client, now time.Time) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.turned) >= refilled || len(p.young) >= most {
		p.young, p.old, p.turned = map[client]*rate.Limiter{}, p.young, now
	}
	l := p.young[c]
	if l == nil {
		if l = p.old[c]; l == nil {
			l = rate.NewLimiter(rate.Every(every), atOnce)
		}
		p.young[c] = l
	}
	return l
}

func networkOf(address string) (netip.Prefix, bool) {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}, false
	}
	bits := 64
	if a = a.Unmap(); a.Is4() {
		bits = 32
	}
	network, err := a.WithZone("").Prefix(bits)
	return network, err == nil
}
