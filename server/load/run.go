package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"parkbff/server/wholetest/rig"
)

// Run measures subscribers of notices. The report is there when the error is nil or that of a limit or a check
// that did not hold; see Report.Verdict.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(ownGarbage))
	s, err := openStage(ctx, o, o.Subscribers+warmers)
	defer func() { err = errors.Join(err, s.close()) }()
	if err != nil {
		return nil, err
	}
	r := &run{stage: s, Options: o, report: &Report{Subscribers: o.Subscribers, asked: o}}
	if err := r.ours(ctx); err != nil {
		s.keepLog(o.Progress)
		return nil, err
	}
	if o.Compare {
		if err := s.stop(); err != nil { // memory and processors are for one at a time
			return nil, err
		}
		if r.report.stock, err = r.theirs(ctx); err != nil {
			return nil, fmt.Errorf("stock gqlgen: %w", err)
		}
	}
	if r.report.Verdict() != nil {
		s.keepLog(o.Progress)
	}
	return r.report, nil
}

type run struct {
	*stage
	Options
	report *Report
}

const (
	// ownGarbage is by how many percent the heap of the clients may grow: their memory is not measured, and they run on
	// the processors of the server that is.
	ownGarbage = 400

	warmers   = 20 // people who warm the server up
	firstWarm = 2  // times, before the server is weighed
	// ratedWarm is how often each of them is told before latencies count: often enough for every connection to the
	// database to have met every statement as often as PostgreSQL plans it anew (plan_cache_mode: five times).
	ratedWarm = 40
	// reconciled is how long the server may take to find what its bus has lost: a pass every 30 s.
	reconciled = 45 * time.Second
)

// ours measures this program.
func (r *run) ours(ctx context.Context) error {
	if err := r.warmUp(ctx, "cold", firstWarm); err != nil {
		return err
	}
	scale, err := weigh(ctx, r.house, r.Subscribers)
	if err != nil {
		return err
	}
	if r.Rate > 0 {
		if err := r.warmUp(ctx, "warm", ratedWarm); err != nil {
			return err
		}
	}
	crowd := newCrowd(ctx, r.house.URL(), r.people[:r.Subscribers])
	defer crowd.leave()
	sleepers := crowd.sleepers(r.stalled())
	if err := r.gather(ctx, crowd, r.house); err != nil {
		return err
	}
	if err := scale.idle(ctx); err != nil {
		return err
	}
	gates := newGates(r.house, "load")
	if err := gates.once(ctx, sleepers); err != nil {
		return err
	}
	if err := r.tell(ctx, crowd, gates); err != nil {
		return err
	}
	if err := r.await(ctx, crowd, len(sleepers)); err != nil {
		return err
	}
	r.Note("waiting %s before the last look at the memory", r.Settle)
	if err := scale.settled(ctx, r.Settle); err != nil {
		return err
	}
	r.report.memory = scale.Memory
	r.report.take(crowd, gates, len(sleepers))
	r.report.listed = gates.verify(ctx, crowd.members)
	return nil
}

// warmUp has some people connect, be told some times and leave, so that what the server builds once does not count as
// the subscribers'. A series names the gates' events.
func (r *run) warmUp(ctx context.Context, series string, times int) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("warm up: %w", err)
		}
	}()
	few := newCrowd(ctx, r.house.URL(), r.people[r.Subscribers:])
	defer few.leave()
	if err := r.gather(ctx, few, r.house); err != nil {
		return err
	}
	gates := newGates(r.house, series)
	for range times {
		if err := gates.once(ctx, few.members); err != nil {
			return err
		}
	}
	if err := r.await(ctx, few, 0); err != nil {
		return err
	}
	few.leave()
	return quiet(ctx)
}

// gather connects a crowd and waits until the server runs all its subscriptions.
func (r *run) gather(ctx context.Context, c *crowd, house *rig.House) error {
	r.Begin("subscribers connected", len(c.members))
	if err := c.connect(r.Add); err != nil {
		return err
	}
	r.End()
	if err := awaitRunning(ctx, house, len(c.members)); err != nil {
		return err
	}
	return quiet(ctx)
}

// tell has the gates report.
func (r *run) tell(ctx context.Context, c *crowd, g *gates) error {
	g.answered = r.Add
	defer r.End()
	if r.Rate == 0 {
		r.Begin("observations recorded", len(c.members))
		return g.once(ctx, c.members)
	}
	r.Begin("observations recorded", observations(r.Rate, r.Duration))
	profiled := r.profile(ctx)
	before := g.inTime.Load()
	err := g.atRate(ctx, c.members, r.Rate, r.Duration)
	r.report.rate = r.Rate * float64(g.inTime.Load()-before) / float64(observations(r.Rate, r.Duration))
	return errors.Join(err, <-profiled)
}

// await waits until everything owed has arrived and every sleeper has been closed, or until neither will.
func (r *run) await(ctx context.Context, c *crowd, sleepers int) error {
	if _, err := until(ctx, stallWithin, func() (bool, error) { return c.stalledOff() >= sleepers, nil }); err != nil {
		return err
	}
	_, err := until(ctx, reconciled, func() (bool, error) { return c.owing() == 0, nil })
	return err
}

// profile takes a CPU profile of the server in the middle of the reporting.
func (r *run) profile(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	if r.Profile == "" {
		done <- nil
		return done
	}
	go func() { done <- r.takeProfile(ctx) }()
	return done
}

const mostProfile = 60 * time.Second

func (r *run) takeProfile(ctx context.Context) error {
	margin := r.Duration / 10
	if err := sleepUntil(ctx, time.Now().Add(margin)); err != nil {
		return err
	}
	length := min(r.Duration-2*margin, mostProfile-time.Second)
	seconds := strconv.Itoa(max(1, int(length.Seconds())))
	answer, err := rig.Client{House: r.house}.Get(ctx, "/dev/profile?seconds="+seconds)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("take a profile: status %d", answer.Status)
	}
	return os.WriteFile(r.Profile, []byte(answer.Body), 0o600)
}

// theirs measures stock gqlgen with the same clients: all connect, and each is told one notice.
func (r *run) theirs(ctx context.Context) (*Memory, error) {
	if _, err := r.start(ctx, r.stock); err != nil {
		return nil, err
	}
	few := newCrowd(ctx, r.stock.URL(), r.people[r.Subscribers:])
	defer few.leave()
	if err := r.hearOnce(ctx, few); err != nil {
		return nil, err
	}
	few.leave()
	if err := quiet(ctx); err != nil {
		return nil, err
	}
	scale, err := weigh(ctx, r.stock, r.Subscribers)
	if err != nil {
		return nil, err
	}
	all := newCrowd(ctx, r.stock.URL(), r.people[:r.Subscribers])
	defer all.leave()
	if err := r.gather(ctx, all, r.stock); err != nil {
		return nil, err
	}
	if err := scale.idle(ctx); err != nil {
		return nil, err
	}
	if err := r.everybodyTold(ctx, all); err != nil {
		return nil, err
	}
	return &scale.Memory, scale.settled(ctx, r.Settle)
}

func (r *run) hearOnce(ctx context.Context, c *crowd) error {
	if err := r.gather(ctx, c, r.stock); err != nil {
		return err
	}
	return r.everybodyTold(ctx, c)
}

// everybodyTold has stock gqlgen tell everybody one notice and waits for it.
func (r *run) everybodyTold(ctx context.Context, c *crowd) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.stock.URL()+"/tell", http.NoBody)
	if err != nil {
		return err
	}
	if _, err := (rig.Client{House: r.stock}).Send(request); err != nil {
		return err
	}
	held, err := until(ctx, reconciled, func() (bool, error) { return c.arrived.Load() >= int64(len(c.members)), nil })
	if err == nil && !held {
		err = fmt.Errorf("%d of %d subscribers were told", c.arrived.Load(), len(c.members))
	}
	return err
}
