//go:build linux || darwin

package outage

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"parkbff/server/wholetest/rig"
)

const (
	// soon is how long something that is told at once may take on a busy machine.
	soon = 4 * time.Second
	// healsWithin is how long what an earlier outage has left behind may show.
	healsWithin = time.Minute
	// aWhile is how long is waited for what need not come, or for an end that must not.
	aWhile   = time.Second
	askAgain = 500 * time.Millisecond
)

// probe asks for one operation of the table.
type probe struct {
	operation string
	// ask does it once, waits so long for what it tells, and answers a verdict.
	ask func(ctx context.Context, patience time.Duration) string
	// pending answers the verdict of what the last ask began and could not end; nil: ask again.
	pending func(ctx context.Context, until time.Time) string
	// once holds for what can be asked once only: not before the outage.
	once bool
}

// recover asks until the operation is well or the time is over.
func (p *probe) recover(ctx context.Context, until time.Time) (seen string) {
	if p.pending != nil {
		return p.pending(ctx, until)
	}
	return p.until(ctx, until)
}

// until asks until the operation is well or the time is over.
func (p *probe) until(ctx context.Context, until time.Time) (seen string) {
	for {
		if seen = p.ask(ctx, soon); undisturbed(seen) || time.Now().After(until) {
			return seen
		}
		select {
		case <-ctx.Done():
			return seen
		case <-time.After(askAgain):
		}
	}
}

// verdictOf an answer over HTTP. Some codes are as good as data: they tell that the question was looked into.
func verdictOf(answer rig.Answer, err error, good ...string) string {
	if err != nil {
		return "no answer: " + err.Error()
	}
	codes := strings.Join(answer.Codes(), " ")
	for _, code := range append(good, "") {
		if codes == code {
			codes = ""
		}
	}
	switch {
	case codes != "":
		return refused + codes
	case answer.Status != 200:
		return status + strconv.Itoa(answer.Status)
	}
	return answers
}

// line is an open subscription.
type line struct {
	rig.Line
	events chan struct{}
	ended  chan struct{} // closed with err
	err    error
}

// listen opens a subscription on a socket.
func listen(ctx context.Context, url, token, query string, variables any) (*line, error) {
	socket, err := rig.Dial(ctx, url, token)
	if err != nil {
		return nil, err
	}
	if err := socket.Subscribe(query, variables); err != nil {
		socket.Close()
		return nil, err
	}
	return hear(socket), nil
}

// stream opens one over server-sent events.
func stream(ctx context.Context, url, token, query string, variables any) (*line, error) {
	opened, err := rig.OpenStream(ctx, url, token, query, variables)
	if err != nil {
		return nil, err
	}
	return hear(opened), nil
}

// hear counts what comes.
func hear(subscription rig.Line) *line {
	l := &line{Line: subscription, events: make(chan struct{}, 1000), ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		for {
			if _, l.err = l.Next(); l.err != nil {
				return
			}
			l.events <- struct{}{}
		}
	}()
	return l
}

func (l *line) close() {
	l.Close()
	<-l.ended
}

// hears waits for an event.
func (l *line) hears(ctx context.Context, until time.Time) string {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-l.events:
		return atOnce
	case <-l.ended:
		return endingOf(l.err)
	case <-ctx.Done():
	case <-timer.C:
	}
	return late
}

func endingOf(err error) string {
	if refusal := rig.NoStreamError(0); errors.As(err, &refusal) {
		return status + strconv.Itoa(int(refusal))
	}
	if errors.Is(err, rig.ErrOver) {
		return refused + strings.Trim(strings.TrimPrefix(err.Error(), rig.ErrOver.Error()+": error "), "[]")
	}
	return closed + strconv.Itoa(rig.ClosedBy(err))
}
