//go:build linux || darwin

package outage

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"parkbff/server/wholetest/rig"
)

// phone is a Line of what was pushed to the one phone of a person, whichever replica pushed it.
type phone struct {
	ctx    context.Context //nolint:containedctx // ends with the line
	cancel context.CancelFunc
	person rig.Client
	shown  int
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
	p := &phone{person: b.as(f.token)}
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
		case <-time.After(askAgain / 2):
		}
	}
}

// count asks for what the push service has taken: the stand-ins of replicas that have left can be asked no more.
// In an outage that refuses the question nothing is known to have been pushed.
func (p *phone) count() (pushes int, err error) {
	var data struct {
		Viewer struct {
			Account struct {
				Deliveries struct {
					Edges []struct {
						Node struct{ Channel, State string }
					}
				}
			}
		}
	}
	answer, err := p.person.Ask(p.ctx, `{ viewer { account { deliveries(first: 100) { edges { node { channel state } } } } } }`, nil)
	if seen := verdictOf(answer, err); strings.HasPrefix(seen, refused) || strings.HasPrefix(seen, status) {
		return 0, nil
	}
	if err == nil {
		err = answer.Into(&data)
	}
	if err != nil {
		return 0, fmt.Errorf("what was pushed: %w", err)
	}
	for _, edge := range data.Viewer.Account.Deliveries.Edges {
		if edge.Node.Channel == "JPUSH" && edge.Node.State == "SENT" {
			pushes++
		}
	}
	return pushes, nil
}

// Close ends Next.
func (p *phone) Close() { p.cancel() }
