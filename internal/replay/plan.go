package replay

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"parkbff/internal/parking/lotfile"
	"parkbff/internal/tariff"
)

// plan is everything that is known before the server is asked.
type plan struct {
	set      set
	lots     []lotfile.Lot // all of the lots file, tariffs shifted
	accounts []account
	scenes   []*scene // one for each file of sessions
}

// makePlan reads the files and decides who parks where and when. Notes say which lots were left out.
func makePlan(o Options, now time.Time, note func(format string, args ...any)) (*plan, error) {
	lots, err := readLots(o.Lots, note)
	if err != nil {
		return nil, err
	}
	records, err := readSessions(o.Sessions)
	if err != nil {
		return nil, err
	}
	set := newSet(0)
	if o.Rebase {
		set = newSet(weeksUntil(now, lastExit(records)))
	}
	p := &plan{set: set, lots: rebased(lots, set), accounts: accountsOf(set, o.Accounts)}
	for _, path := range o.Sessions {
		scene, err := p.scene(lotCodeOf(path), records[lotCodeOf(path)])
		if err != nil {
			return nil, err
		}
		p.scenes = append(p.scenes, scene)
	}
	return p, nil
}

func readLots(path string, note func(format string, args ...any)) ([]lotfile.Lot, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open lots file: %w", err)
	}
	defer file.Close()
	lots, rejected, err := lotfile.Read(file)
	if err != nil {
		return nil, fmt.Errorf("read lots file: %w", err)
	}
	for _, r := range rejected {
		note("lots file, row %d (%s): %s %s", r.Row, r.Code, r.Field, r.Reason)
	}
	return lots, nil
}

// readSessions answers the records of each file by lot code.
func readSessions(paths []string) (map[string][]record, error) {
	files := make(map[string][]record, len(paths))
	for _, path := range paths {
		code := lotCodeOf(path)
		if _, twice := files[code]; twice {
			return nil, fmt.Errorf("two files hold sessions of the lot %s", code)
		}
		records, err := readRecordsFile(path)
		if err != nil {
			return nil, err
		}
		files[code] = records
	}
	return files, nil
}

func lastExit(files map[string][]record) time.Time {
	var last time.Time
	for _, records := range files {
		for _, r := range records {
			if r.exit.After(last) {
				last = r.exit
			}
		}
	}
	return last
}

// rebased shifts the dates of the tariffs.
func rebased(lots []lotfile.Lot, set set) []lotfile.Lot {
	shifted := slices.Clone(lots)
	for i, lot := range lots {
		if lot.Tariff == nil {
			continue
		}
		schedule := tariff.Schedule{Span: lot.Tariff.Span, Versions: slices.Clone(lot.Tariff.Versions)}
		for v := range schedule.Versions {
			version := &schedule.Versions[v]
			version.From, version.To = set.shiftDate(version.From), set.shiftDate(version.To)
		}
		shifted[i].Tariff = &schedule
	}
	return shifted
}

func (p *plan) scene(lotCode string, records []record) (*scene, error) {
	place := slices.IndexFunc(p.lots, func(l lotfile.Lot) bool { return l.Code == lotCode })
	if place < 0 {
		return nil, fmt.Errorf("the lots file has no lot %s", lotCode)
	}
	if len(p.set.eventID(lotCode, len(records), leaving)) > longestEventID {
		return nil, errors.New("a lot's code is too long for event ids")
	}
	lot := p.lots[place]
	in, err := gateFor(lot, lotfile.Entry)
	if err != nil {
		return nil, err
	}
	out, err := gateFor(lot, lotfile.Exit)
	if err != nil {
		return nil, err
	}
	plates := cast(records, p.accounts, place, len(p.lots))
	return &scene{lot: lot, stays: stage(p.set, lotCode, records, plates), in: in, out: out}, nil
}

func (p *plan) stays() int {
	n := 0
	for _, s := range p.scenes {
		n += len(s.stays)
	}
	return n
}

// firstEntry is when the first stay of all begins.
func (p *plan) firstEntry() time.Time {
	var first time.Time
	for _, s := range p.scenes {
		for _, stay := range s.stays {
			if first.IsZero() || stay.enter.Before(first) {
				first = stay.enter
			}
		}
	}
	return first
}
