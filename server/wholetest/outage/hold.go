//go:build linux || darwin

package outage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"parkbff/server/wholetest/rig"
	"parkbff/server/wholetest/storm"
)

// Outage is something that the program stands on, and how it is taken away and given back.
type Outage struct {
	Name       string
	Begin, End func(ctx context.Context) error
}

// Of answers the outages of the table for a site whose bus keeps its streams in a room.
func Of(site *rig.Site, room *rig.Room) []Outage {
	return []Outage{
		{
			Name:  "PostgreSQL away",
			Begin: func(context.Context) error { return site.Database.Stop() },
			End:   func(context.Context) error { return site.Database.Start() },
		},
		{
			Name:  "bus away",
			Begin: func(context.Context) error { return site.Bus.KillAll() },
			End:   site.Bus.StartAll,
		},
		{
			Name:  "disk of the streams full",
			Begin: func(ctx context.Context) error { return room.Fill(ctx, site.Bus) },
			End:   func(ctx context.Context) error { return room.Free(ctx, site.Bus) },
		},
	}
}

// Trial is one table held against one site under load.
type Trial struct {
	Site    *rig.Site
	Table   Table
	Outages []Outage
	Storm   *storm.Storm
	Log     io.Writer // what was seen

	mu     sync.Mutex
	faults []string
}

// Run has each outage come to pass in its share of the storm, and answers what came of the storm and where
// the program is not as the table says.
func (t *Trial) Run(ctx context.Context) (storm.Report, []string, error) {
	if names := namesOf(t.Outages); !slices.Equal(names, t.Table.Outages) {
		return storm.Report{}, nil, fmt.Errorf("the table is of %q, there are %q", t.Table.Outages, names)
	}
	var benches []*bench
	defer func() {
		for _, b := range benches {
			b.close()
		}
	}()
	for i := range t.Outages {
		b, err := newBench(ctx, t.Site, i)
		if err != nil {
			return storm.Report{}, nil, fmt.Errorf("prepare to ask: %w", err)
		}
		benches = append(benches, b)
	}
	report, err := t.Storm.Run(ctx, func(ctx context.Context) error {
		for i, outage := range t.Outages {
			if err := t.Storm.Reach(ctx, (float64(i)+0.3)/float64(len(t.Outages))); err != nil {
				return err
			}
			if err := t.comeToPass(ctx, outage, benches[i]); err != nil {
				return fmt.Errorf("%s: %w", outage.Name, err)
			}
		}
		return nil
	})
	return report, t.faults, err
}

func namesOf(outages []Outage) (names []string) {
	for _, o := range outages {
		names = append(names, o.Name)
	}
	return names
}

// comeToPass asks for everything before, during and after an outage.
func (t *Trial) comeToPass(ctx context.Context, o Outage, b *bench) error {
	probes, err := b.probes(ctx)
	if err != nil {
		return err
	}
	if err := t.matches(probes); err != nil {
		return err
	}
	t.each(probes, func(p *probe) {
		if p.once {
			return
		}
		if seen := p.until(ctx, time.Now().Add(healsWithin)); !undisturbed(seen) {
			t.fault("%s, before %s: %s", p.operation, o.Name, seen)
		}
	})
	if err := o.Begin(ctx); err != nil {
		return err
	}
	t.each(probes, func(p *probe) {
		cell := t.Table.cells[o.Name][p.operation]
		seen := p.ask(ctx, cell.patience())
		t.write("%-24s %-60s %s\n", o.Name, p.operation, seen)
		if !cell.allows(seen) {
			t.fault("%s, %s: %s, where the table says %s", p.operation, o.Name, seen, cell.Verdict)
		}
	})
	if err := o.End(ctx); err != nil {
		return err
	}
	ended := time.Now()
	t.each(probes, func(p *probe) {
		cell := t.Table.cells[o.Name][p.operation]
		if cell.Well == 0 {
			cell.Well = untouched
		}
		seen := p.recover(ctx, ended.Add(cell.Well))
		t.write("%-24s %-60s %s after %.1f s\n", o.Name, p.operation, seen, time.Since(ended).Seconds())
		if !undisturbed(seen) {
			t.fault("%s, %s after %s: still %s", p.operation, cell.Well, o.Name, seen)
		}
	})
	return nil
}

// untouched is how long an operation that an outage does not touch may take to show it.
const untouched = 10 * time.Second

// matches fails when a row has no probe or a probe has no row.
func (t *Trial) matches(probes []*probe) (err error) {
	var known []string
	for _, p := range probes {
		known = append(known, p.operation)
		if !slices.Contains(t.Table.Operations, p.operation) {
			err = errors.Join(err, fmt.Errorf("the table has no row %q", p.operation))
		}
	}
	for _, operation := range t.Table.Operations {
		if !slices.Contains(known, operation) {
			err = errors.Join(err, fmt.Errorf("nothing asks for the row %q", operation))
		}
	}
	return err
}

func (t *Trial) each(probes []*probe, do func(*probe)) {
	var all sync.WaitGroup
	for _, p := range probes {
		all.Go(func() { do(p) })
	}
	all.Wait()
}

func (t *Trial) fault(format string, values ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, fmt.Sprintf(format, values...))
}

func (t *Trial) write(format string, values ...any) {
	if t.Log == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.Log, format, values...)
}
