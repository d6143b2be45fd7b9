//go:build linux || darwin

package outage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"parkbff/server/wholetest/rig"
)

// phone is a Line of what the stand-ins of all replicas were given to push to one phone.
type phone struct {
	ctx      context.Context //nolint:containedctx // ends with the line
	cancel   context.CancelFunc
	replicas []*rig.House
	id       string
	shown    int
}

const registerPhone = `mutation($phone: String!) {
  registerPushEndpoint(input: {provider: JPUSH, platform: ANDROID, deviceToken: $phone}) { userErrors { code } } }`

// pushed is a probe of the pushes to somebody's phone.
func (b *bench) pushed(ctx context.Context) (*probe, error) {
	f, err := b.follow(ctx)
	if err != nil {
		return nil, err
	}
	id := fmt.Sprintf("1%018d", b.unused())
	if seen := verdictOf(b.as(f.token).Ask(ctx, registerPhone, map[string]string{"phone": id})); seen != answers {
		return nil, fmt.Errorf("register a phone: %s", seen)
	}
	p := &phone{replicas: []*rig.House{b.here, b.there}, id: id}
	p.ctx, p.cancel = context.WithCancel(ctx)
	l := hear(p)
	b.lines = append(b.lines, l)
	return tells("a push to a phone", l, func(ctx context.Context) {
		seen := b.sees(f)
		b.insist(ctx, func() (rig.Answer, error) { return b.as(b.gate).Report(ctx, seen) })
	}), nil
}

// Next waits until one more was pushed.
func (p *phone) Next() (json.RawMessage, error) {
	for {
		count, err := p.count()
		if err != nil {
			return nil, err
		}
		if count > p.shown {
			p.shown++
			return nil, nil
		}
		select {
		case <-p.ctx.Done():
			return nil, p.ctx.Err()
		case <-time.After(askAgain / 5):
		}
	}
}

func (p *phone) count() (pushes int, err error) {
	for _, at := range p.replicas {
		var carried struct{ JPush []struct{ To string } }
		answer, err := rig.Client{House: at}.Get(p.ctx, "/dev/carried")
		if err == nil {
			err = json.Unmarshal([]byte(answer.Body), &carried)
		}
		if err != nil {
			return 0, fmt.Errorf("what was carried: %w", err)
		}
		for _, push := range carried.JPush {
			if push.To == p.id {
				pushes++
			}
		}
	}
	return pushes, nil
}

// Close ends Next.
func (p *phone) Close() { p.cancel() }
