package replay

import (
	"context"
	"fmt"
	"math"
	"time"

	"golang.org/x/sync/errgroup"

	"parkbff/internal/progress"
)

const (
	// workers is how many lots are served at a time: one batch is on its way while another is worked on.
	workers = 2
	// noticed is how long a running server may take to notice lots that were imported beside it.
	noticed = 10 * time.Second
	// settling is waited for after that, because lots that were known already may have new tariffs.
	settling = time.Second
	polling  = 200 * time.Millisecond

	staffLabel = "replay"
	knownLot   = `query($code: String!) { lot(code: $code) { code } }`
)

// Run replays the sessions to the server and reports what became of them. It may be stopped at any moment
// and run again with the same options; it rides out a server that is away for up to two minutes.
//
// What the server refuses of single observations, and stays that it does not have as they were reported,
// are counted in Report.Errors. An error means that the replay could not go on: a file cannot be read, the
// server does not know a lot, an account cannot be set up, or ctx ended.
func Run(ctx context.Context, options Options, house House) (Report, error) {
	options, err := options.withDefaults()
	if err != nil {
		return Report{}, err
	}
	speed, err := parseSpeed(options.Speed)
	if err != nil {
		return Report{}, err
	}
	start := options.Clock.Now()
	shown := progress.New(options.Progress, options.Clock)
	plan, err := makePlan(options, start, shown.Note)
	if err != nil {
		return Report{}, err
	}
	r := &run{
		plan: plan, house: house, options: options, speed: speed, progress: shown,
		client: &client{http: options.HTTP, url: options.URL, clock: options.Clock, note: shown.Note},
	}
	if err := r.prepare(ctx); err != nil {
		return Report{}, err
	}
	report, err := r.perform(ctx)
	if err != nil {
		return Report{}, err
	}
	report.Seconds = math.Round(options.Clock.Now().Sub(start).Seconds()*10) / 10
	return report, nil
}

// run is one replay on its way.
type run struct {
	*plan
	*client
	house    House
	options  Options
	speed    float64
	progress *progress.Progress
}

// prepare makes lots known and accounts ready. Accounts come before any observation, because a binder
// sees only what happens after binding.
func (r *run) prepare(ctx context.Context) error {
	if err := r.house.ImportLots(ctx, r.lots); err != nil {
		return fmt.Errorf("import lots: %w", err)
	}
	for _, s := range r.scenes {
		if err := r.awaitLot(ctx, s.lot.Code); err != nil {
			return err
		}
		if err := r.takeTokens(ctx, s); err != nil {
			return err
		}
	}
	if err := r.options.Clock.Wait(ctx, settling); err != nil {
		return err
	}
	return r.setUpAccounts(ctx)
}

// awaitLot waits until the server knows a lot.
func (r *run) awaitLot(ctx context.Context, code string) error {
	for waited := time.Duration(0); ; waited += polling {
		var answer struct{ Lot *struct{ Code string } }
		err := r.insist(ctx, func(ctx context.Context) error {
			return r.ask(ctx, "", request{knownLot, map[string]any{"code": code}}, &answer)
		})
		switch {
		case err != nil:
			return fmt.Errorf("look for the lot %s: %w", code, err)
		case answer.Lot != nil:
			return nil
		case waited >= noticed:
			return fmt.Errorf("the server does not know the lot %s: does it run on the data that the lots were imported into?", code)
		}
		if err := r.options.Clock.Wait(ctx, polling); err != nil {
			return err
		}
	}
}

func (r *run) takeTokens(ctx context.Context, s *scene) (err error) {
	if s.gate, err = r.house.GateToken(ctx, s.lot.Code, s.in); err != nil {
		return fmt.Errorf("take a gate token: %w", err)
	}
	if s.staff, err = r.house.StaffToken(ctx, staffLabel, s.lot.Code); err != nil {
		return fmt.Errorf("take a staff token: %w", err)
	}
	return nil
}

// setUpAccounts does nothing when an earlier run has: sign-in codes are rationed.
func (r *run) setUpAccounts(ctx context.Context) error {
	for _, s := range r.scenes {
		if begun, err := r.begun(ctx, s); err != nil || begun {
			return err
		}
	}
	r.progress.Begin("accounts", len(r.accounts))
	for _, a := range r.accounts {
		if err := r.setUp(ctx, a); err != nil {
			return fmt.Errorf("set up account %d (%s): %w", a.index+1, a.tier.name, err)
		}
		r.progress.Add(1)
	}
	if len(r.accounts) > 0 {
		r.progress.End()
	}
	return nil
}

// perform reports all stays, then reads them back.
func (r *run) perform(ctx context.Context) (Report, error) {
	tallies, err := r.reportAll(ctx)
	if err != nil {
		return Report{}, err
	}
	audits, err := r.examineAll(ctx)
	if err != nil {
		return Report{}, err
	}
	report := Report{PerLot: make(map[string]LotReport, len(r.scenes))}
	var lines []string
	for i, s := range r.scenes {
		report.add(s.lot.Code, tallies[i], audits[i])
		lines = append(lines, audits[i].lines...)
	}
	report.Digest = digestOf(lines)
	return report, nil
}

func (r *run) reportAll(ctx context.Context) ([]tally, error) {
	pace := r.pace()
	atOnce := workers
	if r.speed != asFastAsPossible {
		atOnce = len(r.scenes) // each waits for its own moments
	}
	r.progress.Begin("observations", 2*r.stays())
	tallies := make([]tally, len(r.scenes))
	err := r.each(ctx, atOnce, func(ctx context.Context, i int) (err error) {
		tallies[i], err = r.report(ctx, r.set, r.scenes[i], pace, r.progress.Add)
		return err
	})
	r.progress.End()
	return tallies, err
}

// pace begins with the first observation; rebased ones that are past by then are all due at once.
func (r *run) pace() pace {
	now := r.options.Clock.Now()
	from := r.firstEntry()
	if r.options.Rebase {
		from = now
	}
	return pace{clock: r.options.Clock, speed: r.speed, start: now, from: from}
}

func (r *run) examineAll(ctx context.Context) ([]audit, error) {
	r.progress.Begin("stays read back", r.stays())
	audits := make([]audit, len(r.scenes))
	err := r.each(ctx, workers, func(ctx context.Context, i int) error {
		found, err := r.readBack(ctx, r.scenes[i], r.progress.Add)
		if err != nil {
			return err
		}
		audits[i], err = r.scenes[i].examine(found, r.options.Calendar)
		if n := audits[i].broken; n > 0 {
			r.progress.Note("%s: %d stays are not there exactly once, closed at the recorded times", r.scenes[i].lot.Code, n)
		}
		return err
	})
	r.progress.End()
	return audits, err
}

// each does something for every lot, for so many at a time. The first error stops the others.
func (r *run) each(ctx context.Context, atOnce int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range r.scenes {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}
