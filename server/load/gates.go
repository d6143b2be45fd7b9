package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parkbff/server/wholetest/rig"
)

// gates report what they see of the subscribers' vehicles.
type gates struct {
	send   func(ctx context.Context, token string, seen rig.Observation) error
	list   func(ctx context.Context, token string) (ids []string, err error) // of notices, the oldest first
	series string                                                            // of the ids of their events

	events   atomic.Int64
	accepted atomic.Int64
	inTime   atomic.Int64 // answered within answerWithin of when they were due
	refused  atomic.Int64
	answered func(n int)

	mu    sync.Mutex
	first error // refusal
}

func newGates(house *rig.House, series string) *gates {
	return &gates{series: series, answered: func(int) {}, send: func(ctx context.Context, token string, seen rig.Observation) error {
		return record(ctx, rig.Client{House: house, Token: token}, seen)
	}, list: func(ctx context.Context, token string) ([]string, error) {
		return list(ctx, rig.Client{House: house, Token: token})
	}}
}

const (
	// answerWithin is how late an answer may come for the observation to count as recorded at the rate asked.
	answerWithin  = time.Second
	reportTries   = 5
	reportPause   = 200 * time.Millisecond
	reportersIdle = time.Millisecond
	burstAtOnce   = 16
)

// report sends one observation of a subscriber's vehicle: it enters, or leaves if it is inside. One whose answer
// is lost is sent again under the same id. The subscriber is busy until report returns.
func (g *gates) report(ctx context.Context, s *subscriber, due time.Time) {
	direction, kind := rig.Entry, kindEntered
	if s.inside {
		direction, kind = rig.Exit, kindExited
	}
	s.inside = !s.inside
	seen := rig.Seen(fmt.Sprintf("%s-%d", g.series, g.events.Add(1)), s.lane.lot, direction, s.plate, time.Now())
	place := s.begin(telling{due: due, written: time.Now(), kind: kind})
	err := insist(ctx, func() error { return g.send(ctx, s.lane.token, seen) })
	if err != nil {
		g.refuse(err)
	} else {
		s.accept(place)
		g.accepted.Add(1)
		if time.Since(due) <= answerWithin {
			g.inTime.Add(1)
		}
	}
	g.answered(1)
	s.reporting.Store(false)
}

func record(ctx context.Context, gate rig.Client, seen rig.Observation) error {
	answer, err := gate.Report(ctx, seen)
	if err != nil {
		return err
	}
	return answer.Into(new(any))
}

func insist(ctx context.Context, try func() error) (err error) {
	for n := range reportTries {
		if n > 0 {
			time.Sleep(reportPause)
		}
		if err = try(); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (g *gates) refuse(err error) {
	g.refused.Add(1)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.first == nil {
		g.first = err
	}
}

// atRate reports for a time, one vehicle after the other, each when it is due: whether those before were
// answered makes no difference. A vehicle of which a report is on its way lets the next one pass, since the
// order of one plate's observations must be kept.
func (g *gates) atRate(ctx context.Context, members []*subscriber, rate float64, during time.Duration) error {
	var sent sync.WaitGroup
	defer sent.Wait()
	began, next := time.Now(), 0
	for n := range observations(rate, during) {
		due := began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		if err := sleepUntil(ctx, due); err != nil {
			return err
		}
		s, err := idle(ctx, members, &next)
		if err != nil {
			return err
		}
		sent.Go(func() { g.report(ctx, s, due) })
	}
	return nil
}

// observations is how many are due.
func observations(rate float64, during time.Duration) int { return int(rate * during.Seconds()) }

// idle answers the next subscriber of the round that is not busy, and makes it so.
func idle(ctx context.Context, members []*subscriber, next *int) (*subscriber, error) {
	for {
		for range members {
			s := members[*next%len(members)]
			*next++
			if s.reporting.CompareAndSwap(false, true) {
				return s, nil
			}
		}
		if err := sleepUntil(ctx, time.Now().Add(reportersIdle)); err != nil {
			return nil, err
		}
	}
}

// once reports each vehicle once, as fast as the server answers.
func (g *gates) once(ctx context.Context, members []*subscriber) error {
	group, ctx := limited(ctx, burstAtOnce)
	for _, s := range members {
		group.Go(func() error {
			s.reporting.Store(true)
			g.report(ctx, s, time.Now())
			return ctx.Err()
		})
	}
	return group.Wait()
}

// verify asks a sample of the subscribers, over HTTP, which notices they were told, and compares these with what
// arrived.
func (g *gates) verify(ctx context.Context, members []*subscriber) error {
	every := max(1, len(members)/sampled)
	for n := 0; n < len(members); n += every {
		s := members[n]
		listed, err := g.list(ctx, s.token)
		if err != nil {
			return fmt.Errorf("list the notices of subscriber %d: %w", s.number, err)
		}
		if !slices.Equal(listed, s.ids()) {
			return fmt.Errorf("subscriber %d received %d notices, and its list has %d, not the same or in another order: %w",
				s.number, len(s.ids()), len(listed), errNotAsListed)
		}
	}
	return nil
}

var errNotAsListed = errors.New("what arrived is not what is listed")

const (
	sampled = 100
	listing = `query($after: String) { viewer { notices(first: 100, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } } }`
)

// list answers the ids of a client's notices, the oldest first.
func list(ctx context.Context, client rig.Client) (ids []string, err error) {
	for variables := map[string]any{}; ; {
		var data struct {
			Viewer struct {
				Notices struct {
					Edges    []struct{ Node struct{ ID string } }
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
				}
			}
		}
		answer, err := client.Ask(ctx, listing, variables)
		if err == nil {
			err = answer.Into(&data)
		}
		if err != nil {
			return nil, err
		}
		page := data.Viewer.Notices
		for _, edge := range page.Edges {
			ids = append(ids, edge.Node.ID)
		}
		if !page.PageInfo.HasNextPage {
			slices.Reverse(ids)
			return ids, nil
		}
		variables["after"] = page.PageInfo.EndCursor
	}
}
