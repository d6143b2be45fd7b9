//go:build linux || darwin

package outage

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"parkbff/server/wholetest/rig"
	"parkbff/server/wholetest/storm"
)

// bench is who asks during one outage. No such people exist.
type bench struct {
	here, there *rig.House // two replicas
	lot         string
	number      int // of the outage

	known    *follower  // asks here
	stranger rig.Tokens // of somebody who has not been here yet
	leaving  rig.Tokens // of somebody who signs out
	gate     string
	staff    string

	people int
	asked  atomic.Int64 // makes plates, mobiles and events that nobody has used
	lines  []*line
}

func newBench(ctx context.Context, site *rig.Site, number int) (b *bench, err error) {
	b = &bench{here: site.Replicas[0], there: site.Replicas[1], lot: storm.FirstLot, number: number}
	if b.gate, err = b.here.Token(ctx, rig.GateToken, b.lot); err != nil {
		return nil, err
	}
	if b.staff, err = b.here.Token(ctx, rig.StaffToken, b.lot); err != nil {
		return nil, err
	}
	for _, tokens := range []*rig.Tokens{&b.stranger, &b.leaving} {
		if *tokens, err = b.there.SignIn(ctx, b.person()); err != nil {
			return nil, err
		}
	}
	b.known, err = b.follow(ctx)
	return b, err
}

// person is somebody new.
func (b *bench) person() rig.Person {
	b.people++
	return rig.Person{
		Mobile: fmt.Sprintf("198%04d%04d", b.number, b.people), Channel: "APP",
		Plate: fmt.Sprintf("浙E%02d%03d", b.number, b.people),
	}
}

func (b *bench) as(token string) rig.Client { return rig.Client{House: b.here, Token: token} }

// unused makes a number that no other question bears.
func (b *bench) unused() int { return b.number*1000 + int(b.asked.Add(1)) }

// follower is told of a car.
type follower struct {
	token  string
	plate  string
	passed int
	oldest string // cursor of the first notice
}

// follow has somebody new be told of a car that comes and goes.
func (b *bench) follow(ctx context.Context) (*follower, error) {
	person := b.person()
	tokens, err := b.here.SignIn(ctx, person)
	if err != nil {
		return nil, err
	}
	f := &follower{token: tokens.AccessToken, plate: person.Plate}
	if _, err := b.as(f.token).Bind(ctx, person); err != nil {
		return nil, err
	}
	for range 2 {
		if seen := verdictOf(b.as(b.gate).Report(ctx, b.sees(f))); seen != answers {
			return nil, fmt.Errorf("a car passes: %s", seen)
		}
	}
	f.oldest, err = b.firstCursor(ctx, f)
	return f, err
}

// sees is the follower's car, which comes and goes in turn.
func (b *bench) sees(f *follower) rig.Observation {
	direction := [...]string{rig.Entry, rig.Exit}[f.passed%2]
	f.passed++
	return rig.Seen(fmt.Sprintf("probe-%d", b.unused()), b.lot, direction, f.plate, time.Now())
}

func (b *bench) firstCursor(ctx context.Context, f *follower) (string, error) {
	var data struct {
		Viewer struct {
			Notices struct{ Edges []struct{ Cursor string } }
		}
	}
	answer, err := b.as(f.token).Ask(ctx, `{ viewer { notices(first: 100) { edges { cursor } } } }`, nil)
	if err == nil {
		err = answer.Into(&data)
	}
	edges := data.Viewer.Notices.Edges
	if err == nil && len(edges) < 2 {
		err = fmt.Errorf("a follower was told %d notices", len(edges))
	}
	if err != nil {
		return "", err
	}
	return edges[len(edges)-1].Cursor, nil
}

// insist has something done until it is taken, in the background.
func (b *bench) insist(ctx context.Context, do func() (rig.Answer, error)) {
	go func() {
		for verdictOf(do()) != answers && ctx.Err() == nil {
			time.Sleep(askAgain / 5)
		}
	}()
}

// open opens a subscription that is closed with the bench.
func (b *bench) open(ctx context.Context, at *rig.House, token, query string, variables any) (*line, error) {
	l, err := listen(ctx, at.URL(), token, query, variables)
	if err == nil {
		b.lines = append(b.lines, l)
	}
	return l, err
}

func (b *bench) close() {
	for _, l := range b.lines {
		l.close()
	}
}

// asks is a probe that asks a question.
func (b *bench) asks(operation, token, query string, variables func() any, good ...string) *probe {
	return &probe{operation: operation, ask: func(ctx context.Context, _ time.Duration) string {
		var given any
		if variables != nil {
			given = variables()
		}
		answer, err := b.as(token).Ask(ctx, query, given)
		return verdictOf(answer, err, good...)
	}}
}

// gets is a probe of an endpoint.
func (b *bench) gets(path string) *probe {
	return &probe{operation: "`GET " + path + "`", ask: func(ctx context.Context, _ time.Duration) string {
		answer, err := rig.Client{House: b.here}.Get(ctx, path)
		if err == nil && answer.Status != http.StatusOK {
			return fmt.Sprint(status, answer.Status)
		}
		return verdictOf(answer, err)
	}}
}
