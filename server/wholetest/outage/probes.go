//go:build linux || darwin

package outage

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"parkbff/server/wholetest/rig"
)

// probes are one for each row of the table.
func (b *bench) probes(ctx context.Context) (all []*probe, err error) {
	all = append(b.reads(), b.writes()...)
	all = append(all, b.served())
	for _, path := range []string{"/livez", "/readyz", "/metrics", "/schema.graphql", "/.well-known/jwks.json"} {
		all = append(all, b.gets(path))
	}
	for _, open := range []func(context.Context) (*probe, error){
		func(ctx context.Context) (*probe, error) {
			return b.noticed(ctx, "`noticeReceived` open at the replica that took the report", b.here)
		},
		func(ctx context.Context) (*probe, error) {
			return b.noticed(ctx, "`noticeReceived` open at another replica", b.there)
		},
		b.pushed, b.ordered, b.watched, b.signedOut,
	} {
		p, err := open(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return append(all, b.begun()...), nil
}

func (b *bench) reads() []*probe {
	return []*probe{
		b.asks("`lots`, `lot`", "", `{ lots(first: 1) { edges { node { name } } } lot(code: "`+b.lot+`") { code vacancy { band } } }`, nil),
		b.asks("`viewer { tier }` of nobody", "", `{ viewer { tier } }`, nil),
		b.asks("`viewer { tier }` of somebody who asked within the minute", b.known.token, `{ viewer { tier } }`, nil),
		once(b.asks("`viewer { tier }` of somebody else", b.stranger.AccessToken, `{ viewer { tier } }`, nil)),
		b.asks("`viewer { sessions }`", b.known.token, `{ viewer { sessions(first: 1) { edges { node { id } } } } }`, nil),
		b.asks("`viewer { notices }`", b.known.token, `{ viewer { notices(first: 1) { edges { node { id } } } } }`, nil),
		b.asks("`quote`", "", `query($plate: Plate!) { quote(input: {plateAtLot: {plate: $plate, lotCode: "`+b.lot+`"}}) { __typename } }`,
			func() any { return map[string]string{"plate": fmt.Sprintf("浙F%05d", b.unused())} }),
	}
}

func once(p *probe) *probe {
	p.once = true
	return p
}

func (b *bench) writes() []*probe {
	mobile := func() any { return map[string]string{"mobile": fmt.Sprintf("197%08d", b.unused())} }
	refresh := &probe{operation: "`refreshToken`"}
	refresh.ask = func(ctx context.Context, _ time.Duration) string {
		var data struct{ RefreshToken rig.Tokens }
		answer, err := b.as("").Ask(ctx, `mutation($token: String!) { refreshToken(input: {refreshToken: $token}) { accessToken refreshToken userErrors { code } } }`,
			map[string]string{"token": b.stranger.RefreshToken})
		seen := verdictOf(answer, err)
		if seen == answers && answer.Into(&data) == nil {
			b.stranger.RefreshToken = data.RefreshToken.RefreshToken
		}
		return seen
	}
	return []*probe{
		b.asks("`sendLoginCode`", "", `mutation($mobile: String!) { sendLoginCode(input: {mobile: $mobile}) { userErrors { code } } }`, mobile),
		b.asks("`login`", "", `mutation($mobile: String!) { login(input: {mobile: $mobile, code: "000000", channel: APP}) { userErrors { code } } }`, mobile, "CODE_INVALID"),
		refresh,
		{operation: "`recordObservation`", ask: func(ctx context.Context, _ time.Duration) string {
			plate := fmt.Sprintf("浙G%05d", b.unused())
			answer, err := b.as(b.gate).Report(ctx, rig.Seen("probe-"+plate[len("浙"):], b.lot, rig.Entry, plate, time.Now()))
			return verdictOf(answer, err)
		}},
		b.asks("`sendGateCommand`", b.staff, order, func() any { return b.order() }),
	}
}

const order = `mutation($key: String!, $lot: String!) {
  sendGateCommand(input: {idempotencyKey: $key, lotCode: $lot, gateCode: "G1", kind: DISPLAY, text: "test", reason: "test"}) { userErrors { code } } }`

func (b *bench) order() map[string]string {
	return map[string]string{"key": fmt.Sprintf("probe-%d", b.unused()), "lot": b.lot}
}

const notices = `subscription($after: String) { noticeReceived(after: $after) { cursor } }`

// tells is a probe of an open subscription: something happens, and is heard.
func tells(operation string, l *line, happen func(ctx context.Context)) *probe {
	return &probe{
		operation: operation,
		ask: func(ctx context.Context, patience time.Duration) string {
			for len(l.events) > 0 {
				<-l.events
			}
			happen(ctx)
			seen := l.hears(ctx, time.Now().Add(patience))
			if seen == atOnce { // nothing is pending
				l.events <- struct{}{}
			}
			return seen
		},
		pending: l.hears,
	}
}

func (b *bench) noticed(ctx context.Context, operation string, at *rig.House) (*probe, error) {
	f, err := b.follow(ctx)
	if err != nil {
		return nil, err
	}
	l, err := b.open(ctx, at, f.token, notices, map[string]string{"after": f.oldest})
	if err != nil {
		return nil, err
	}
	return tells(operation, l, func(ctx context.Context) {
		seen := b.sees(f)
		b.insist(ctx, func() (rig.Answer, error) { return b.as(b.gate).Report(ctx, seen) })
	}), nil
}

func (b *bench) ordered(ctx context.Context) (*probe, error) {
	l, err := b.open(ctx, b.there, b.gate, `subscription { gateCommanded { id } }`, nil)
	if err != nil {
		return nil, err
	}
	return tells("`gateCommanded` open at another replica", l, func(ctx context.Context) {
		given := b.order()
		b.insist(ctx, func() (rig.Answer, error) { return b.as(b.staff).Ask(ctx, order, given) })
	}), nil
}

// watched is not waited for to change: vacancies are counted once a minute.
func (b *bench) watched(ctx context.Context) (*probe, error) {
	l, err := b.open(ctx, b.here, "", `subscription { lotOccupancyChanged(lotCode: "`+b.lot+`") { code } }`, nil)
	if err != nil {
		return nil, err
	}
	return &probe{operation: "`lotOccupancyChanged` open", ask: func(context.Context, time.Duration) string {
		select {
		case <-l.ended:
			return endingOf(l.err)
		case <-time.After(aWhile):
			return stays
		}
	}}, nil
}

// signedOut signs somebody out here whose socket is there.
func (b *bench) signedOut(ctx context.Context) (*probe, error) {
	l, err := b.open(ctx, b.there, b.leaving.AccessToken, notices, nil)
	if err != nil {
		return nil, err
	}
	felt := func(ctx context.Context, until time.Time) string {
		seen := l.hears(ctx, until)
		if seen == closed+"4401" {
			return atOnce
		}
		return seen
	}
	return once(&probe{
		operation: "`logout`, felt by a socket at another replica",
		ask: func(ctx context.Context, patience time.Duration) string {
			b.insist(ctx, func() (rig.Answer, error) {
				answer, err := b.as(b.leaving.AccessToken).Ask(ctx, `mutation { logout { userErrors { code } } }`, nil)
				if err == nil && answer.Status == http.StatusUnauthorized { // it took place, and the answer was lost
					answer = rig.Answer{Status: http.StatusOK}
				}
				return answer, err
			})
			return felt(ctx, time.Now().Add(patience))
		},
		pending: felt,
	}), nil
}

// served is another replica that is started.
func (b *bench) served() *probe {
	return &probe{operation: "`parkbff serve`, another replica", ask: func(ctx context.Context, _ time.Duration) string {
		another := &rig.House{Program: b.there.Program, Data: b.there.Data, Database: b.there.Database, Extra: b.there.Extra}
		if err := another.Start(ctx); err != nil {
			return exits
		}
		if err := another.Stop(); err != nil { // killed, it would keep what it is at work on from the others for a minute
			return err.Error()
		}
		return answers
	}}
}

// begun are subscriptions that begin in the outage; each is told something at once.
func (b *bench) begun() []*probe {
	type opener func(ctx context.Context, url, token, query string, variables any) (*line, error)
	begins := func(operation string, open opener, token, query string, variables any) *probe {
		return &probe{operation: operation, ask: func(ctx context.Context, patience time.Duration) string {
			l, err := open(ctx, b.here.URL(), token, query, variables)
			if err != nil {
				return endingOf(err)
			}
			defer l.close()
			return l.hears(ctx, time.Now().Add(patience))
		}}
	}
	return []*probe{
		begins("`noticeReceived` new, with a cursor", listen, b.known.token, notices, map[string]string{"after": b.known.oldest}),
		begins("`noticeReceived` new, over server-sent events", stream, b.known.token, notices, map[string]string{"after": b.known.oldest}),
		begins("`gateCommanded` new", listen, b.gate, `subscription { gateCommanded { id } }`, nil),
		begins("`lotOccupancyChanged` new", listen, "", `subscription { lotOccupancyChanged(lotCode: "`+b.lot+`") { code } }`, nil),
	}
}
