//go:build linux || darwin

package storm

import (
	"context"
	"fmt"
	"slices"

	"parkbff/server/wholetest/rig"
)

// Report is what came of a storm.
type Report struct {
	Accounts     int `json:"accounts"`
	Observations int `json:"observations"` // that gates had taken
	Notices      int `json:"notices"`      // that they told, as listed in the end
	Heard        int `json:"heard"`        // by clients

	Lost       int `json:"lost"`       // listed, not heard
	Duplicated int `json:"duplicated"` // heard again
	Strange    int `json:"strange"`    // heard, not listed
	Displaced  int `json:"displaced"`  // accounts that heard them in another order
	Unlisted   int `json:"unlisted"`   // observations that were taken and told nobody, or twice

	ReplicaKills int            `json:"replicaKills"`
	BusKills     int            `json:"busKills"`
	ClientKills  int            `json:"clientKills"`
	Deploys      int            `json:"deploys"`    // replicas that were asked to leave
	Freezes      int            `json:"freezes"`    // of replicas and bus nodes
	Resent       int            `json:"resent"`     // batches
	Reconnects   int            `json:"reconnects"` // of clients
	Endings      map[string]int `json:"endings"`    // of sockets, by close code; 0 is a line that broke
	Refusals     []string       `json:"refusals"`   // of subscriptions
	Seconds      int            `json:"seconds"`
	Seed         uint64         `json:"seed"`
	Flaws        []string       `json:"flaws"` // the first of them, one by one
}

// mostFlaws is how many a report tells one by one.
const mostFlaws = 20

// Faults says what went wrong; empty is well.
func (r Report) Faults() (faults []string) {
	for what, n := range map[string]int{
		"notices were lost": r.Lost, "notices were doubled": r.Duplicated, "notices were heard that are not listed": r.Strange,
		"accounts heard notices in another order": r.Displaced, "observations were taken and are not listed once": r.Unlisted,
		"subscriptions were refused": len(r.Refusals),
	} {
		if n > 0 {
			faults = append(faults, fmt.Sprintf("%d %s", n, what))
		}
	}
	if r.Notices == 0 {
		faults = append(faults, "nothing was told")
	}
	return faults
}

// judge compares what each driver heard with the list that the program shows in the end.
func (s *Storm) judge(ctx context.Context) (Report, error) {
	r := Report{
		Accounts: len(s.drivers), Observations: int(s.taken.Load()), Heard: s.audience.heard(),
		ReplicaKills: int(s.struck[replica].Load()), BusKills: int(s.struck[busNode].Load()), ClientKills: int(s.struck[client].Load()),
		Deploys: int(s.struck[deploy].Load()), Freezes: int(s.struck[freeze].Load()),
		Resent: int(s.resent.Load()), Endings: s.audience.endings, Refusals: s.audience.refusals, Seed: s.options.Seed,
	}
	if err := s.renew(ctx); err != nil {
		return r, err
	}
	for i, d := range s.drivers {
		listed, err := s.list(ctx, d)
		if err != nil {
			return r, fmt.Errorf("read the list of driver %d: %w", i, err)
		}
		r.Notices += len(listed)
		r.Unlisted += abs(len(listed) - d.car.seen)
		r.Reconnects += s.audience.pages[i].opened - 1
		r.compare(listed, s.audience.pages[i].ids)
		r.explain(i, listed, s.audience.pages[i].ids)
	}
	return r, nil
}

// explain adds where what a driver heard departs from the list, by places that count from 0. What is doubled for long is
// told by its first.
func (r *Report) explain(driver int, listed, heard []string) {
	places, due := placesOf(listed), 0
	for i, id := range heard {
		at, known := places[id]
		switch {
		case !known:
			r.flaw("driver %d: %d of %d heard is %s, which is not listed", driver, i, len(heard), id)
			continue
		case at != due:
			r.flaw("driver %d: %d of %d heard is %s, listed at %d, instead of %d", driver, i, len(heard), id, at, due)
		}
		due = at + 1
	}
	if due != len(listed) {
		r.flaw("driver %d: the last that was heard is before %d of %d", driver, due, len(listed))
	}
}

func (r *Report) flaw(format string, of ...any) {
	if len(r.Flaws) < mostFlaws {
		r.Flaws = append(r.Flaws, fmt.Sprintf(format, of...))
	}
}

// placesOf ids in a list.
func placesOf(listed []string) map[string]int {
	places := map[string]int{}
	for i, id := range listed {
		places[id] = i
	}
	return places
}

// compare counts how what was heard differs from what is listed.
func (r *Report) compare(listed, heard []string) {
	times := map[string]int{}
	for _, id := range heard {
		times[id]++
	}
	for _, n := range times {
		r.Duplicated += n - 1
	}
	for _, id := range listed {
		if times[id] == 0 {
			r.Lost++
		}
		delete(times, id)
	}
	r.Strange += len(times)
	if !ordered(listed, heard) {
		r.Displaced++
	}
}

// ordered holds when what was heard comes in the order of the list, whatever is missing or doubled.
func ordered(listed, heard []string) bool {
	places := placesOf(listed)
	return slices.IsSortedFunc(heard, func(a, b string) int { return places[a] - places[b] })
}

func abs(n int) int { return max(n, -n) }

// edge of a page of notices.
type edge struct {
	Cursor string
	Node   struct{ ID string }
}

// list answers the ids of a driver's notices since the storm began, the oldest first.
func (s *Storm) list(ctx context.Context, d *driver) (ids []string, err error) {
	for after := ""; ; {
		edges, more, err := s.page(ctx, d, after)
		if err != nil {
			return nil, err
		}
		for _, e := range edges {
			if e.Node.ID == d.since {
				slices.Reverse(ids)
				return ids, nil
			}
			ids, after = append(ids, e.Node.ID), e.Cursor
		}
		if !more {
			return nil, fmt.Errorf("the notice before the storm is not in the list of %d", len(ids))
		}
	}
}

// page reads a page, the newest first.
func (s *Storm) page(ctx context.Context, d *driver, after string) (edges []edge, more bool, err error) {
	var data struct {
		Viewer struct {
			Notices struct {
				Edges    []edge
				PageInfo struct{ HasNextPage bool }
			}
		}
	}
	variables := map[string]any{}
	if after != "" {
		variables["after"] = after
	}
	at := rig.Client{House: s.site.Replicas[s.chance.below(len(s.site.Replicas))], Token: d.tokens.AccessToken}
	answer, err := at.Ask(ctx, `query($after: String) { viewer { notices(first: 100, after: $after) {
  edges { cursor node { id } } pageInfo { hasNextPage } } } }`, variables)
	if err == nil {
		err = answer.Into(&data)
	}
	return data.Viewer.Notices.Edges, data.Viewer.Notices.PageInfo.HasNextPage, err
}
