//go:build linux || darwin

package storm

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"parkbff/server/wholetest/rig"
)

// Options of a Storm.
type Options struct {
	Crowd   Crowd
	Notices int     // how many are told in all, at least
	Rate    float64 // notices a second; 0 is as fast as they are taken
	Batch   int     // most observations in one report
	Seed    uint64  // of everything that is left to chance
	Log     io.Writer
}

// Storm is drivers who listen and gates that report at the replicas of a site.
type Storm struct {
	site    *rig.Site
	crowd   Crowd
	options Options

	gates    []*gate
	drivers  []*driver
	audience *audience

	chance   chance
	toTell   int // observations
	taken    atomic.Int64
	resent   atomic.Int64
	struck   [len(sorts)]atomic.Int64
	signedIn time.Time

	houses, nodes sync.Mutex // held while one of them is away
}

// chance is a random source for many goroutines.
type chance struct {
	mu     sync.Mutex
	source *rand.Rand
}

func (c *chance) below(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.source.IntN(n)
}

// Gather settles drivers and gates at a site that knows the lots of the crowd.
func Gather(ctx context.Context, site *rig.Site, o Options) (*Storm, error) {
	o.Batch = cmp.Or(o.Batch, 1)
	s := &Storm{
		site: site, crowd: o.Crowd, options: o,
		chance: chance{source: rand.New(rand.NewPCG(o.Seed, 0))},
		toTell: (o.Notices + listenersOfCar - 1) / listenersOfCar, signedIn: time.Now(),
	}
	if err := s.gather(ctx); err != nil {
		return nil, fmt.Errorf("gather: %w", err)
	}
	for i, g := range s.gates {
		g.quota = s.toTell / len(s.gates)
		if i < s.toTell%len(s.gates) {
			g.quota++
		}
	}
	return s, nil
}

// Run lets the drivers listen, the gates report, and during happen, and answers what came of it. An error
// means that it could not be found out.
func (s *Storm) Run(ctx context.Context, during func(ctx context.Context) error) (Report, error) {
	begun := time.Now()
	s.audience = newAudience(s)
	defer s.audience.end()
	if err := s.audience.begin(ctx); err != nil {
		return Report{}, err
	}
	group, within := errgroup.WithContext(ctx)
	for _, g := range s.gates {
		group.Go(func() error { return s.report(within, g) })
	}
	group.Go(func() error { return during(within) })
	watching, stop := context.WithCancel(within)
	var watched sync.WaitGroup
	watched.Go(func() { s.watch(watching) })
	watched.Go(func() { s.keepSignedIn(watching) })
	err := group.Wait()
	stop()
	watched.Wait()
	if err != nil {
		return Report{}, err
	}
	s.await(ctx, s.caughtUp)
	s.audience.end()
	report, err := s.judge(ctx)
	report.Seconds = int(time.Since(begun).Seconds())
	return report, err
}

// report sends what a gate sees until it has seen its share.
func (s *Storm) report(ctx context.Context, g *gate) error {
	begun := time.Now()
	for g.sent < g.quota {
		n := min(1+s.chance.below(s.options.Batch), g.quota-g.sent)
		if err := s.insist(ctx, g, g.sees(n)); err != nil {
			return err
		}
		g.note(n)
		g.sent += n
		s.taken.Add(int64(n))
		if s.options.Rate == 0 {
			continue
		}
		pace := float64(len(s.gates)*listenersOfCar) / s.options.Rate
		if err := sleep(ctx, time.Until(begun.Add(time.Duration(float64(g.sent)*pace*float64(time.Second))))); err != nil {
			return err
		}
	}
	return nil
}

// unavailable is the one refusal after which a gate sends the same again.
const unavailable = "UNAVAILABLE"

// insist sends a batch to one replica after the other until it is taken. A refusal that the gate could do
// nothing about is an error.
func (s *Storm) insist(ctx context.Context, g *gate, batch []rig.Observation) error {
	for {
		at := s.site.Replicas[s.chance.below(len(s.site.Replicas))]
		answer, err := rig.Client{House: at, Token: g.token}.ReportAll(ctx, batch)
		if err == nil {
			codes := answer.Codes()
			if answer.Status == 200 && len(codes) == 0 {
				return nil
			}
			if slices.ContainsFunc(codes, func(code string) bool { return code != unavailable }) {
				return fmt.Errorf("a gate was refused: status %d, %v", answer.Status, codes)
			}
		}
		s.resent.Add(1)
		if err := sleep(ctx, time.Duration(20+s.chance.below(180))*time.Millisecond); err != nil {
			return err
		}
	}
}

// Reach waits until the gates have had a share of everything taken.
func (s *Storm) Reach(ctx context.Context, share float64) error {
	for float64(s.taken.Load()) < share*float64(s.toTell) {
		if err := sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
	return nil
}

const (
	pollEvery = 10 * time.Millisecond
	// noNews is how long nothing may be heard before what is missing is taken for lost: replicas compare
	// with the store every 30 s what the bus may have dropped.
	noNews = 45 * time.Second
)

// await waits until done, as long as there is news now and then.
func (s *Storm) await(ctx context.Context, done func() bool) {
	heard, since := s.audience.heard(), time.Now()
	for !done() && time.Since(since) < noNews && sleep(ctx, pollEvery) == nil {
		if now := s.audience.heard(); now != heard {
			heard, since = now, time.Now()
		}
	}
}

func (s *Storm) caughtUp() bool { return s.audience.heard() >= int(s.taken.Load())*listenersOfCar }

// watch writes how far it is.
func (s *Storm) watch(ctx context.Context) {
	if s.options.Log == nil {
		return
	}
	for sleep(ctx, 2*time.Second) == nil {
		fmt.Fprintf(s.options.Log, "\r%d of %d observations taken, %d notices heard, %d replicas %d bus nodes %d clients killed ",
			s.taken.Load(), s.toTell, s.audience.heard(), s.struck[replica].Load(), s.struck[busNode].Load(), s.struck[client].Load())
	}
	fmt.Fprintln(s.options.Log)
}

// tokenLasts is less than the quarter of an hour for which an access token is good.
const tokenLasts = 9 * time.Minute

// keepSignedIn gives the clients new tokens in time.
func (s *Storm) keepSignedIn(ctx context.Context) {
	for sleep(ctx, time.Until(s.signedIn.Add(tokenLasts))) == nil {
		if s.renew(ctx) == nil {
			for i := range s.audience.clients {
				_ = s.audience.restart(ctx, i) // one that does not start is found by what it does not hear
			}
		}
	}
}

// renew signs everybody in anew when it is time.
func (s *Storm) renew(ctx context.Context) error {
	if time.Since(s.signedIn) < tokenLasts {
		return nil
	}
	for i, d := range s.drivers {
		if err := s.signIn(ctx, d, i); err != nil {
			return err
		}
	}
	s.signedIn = time.Now()
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
