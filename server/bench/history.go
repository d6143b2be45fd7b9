//go:build linux

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// historyQuery is the page that is measured: what a client shows of a driver's stays.
const historyQuery = `query History($first: Int, $after: String) { viewer { sessions(first: $first, after: $after) {
  edges { node { id plate lotName enteredAt exitedAt enteredAtPrecision durationMinutes feeFen state } }
  pageInfo { hasNextPage endCursor } } } }`

const staysOfPage = 20

// historyRequest is the body of a request for the page after a cursor, or for the first one.
func historyRequest(after *string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"operationName": "History", "query": historyQuery,
		"variables": map[string]any{"first": staysOfPage, "after": after},
	})
}

// History compares the cost of the history page.
type History struct {
	Server, Other Cost // medians
	Ratios        []float64
	Ratio         float64 // their median
}

// Cost of one request.
type Cost struct {
	CPU     time.Duration // in the process that answers, user and system
	Latency time.Duration // as the client sees it, over a few connections
	Allocs  float64       // objects; 0: the process does not tell
}

// Effort is how long is measured.
type Effort struct {
	Rounds   int
	Requests int // of one kind, in one round, to one process
	AtOnce   int // connections
	Batches  int // of observations, in one round, to one process
}

// Usual effort: about three minutes in all on two idle cores.
func Usual() Effort { return Effort{Rounds: 6, Requests: 2000, AtOnce: 2, Batches: 4} }

var errNotSame = errors.New("the two answers differ")

// CompareHistory asks both processes for the page in turns. It fails when their answers differ in a
// byte, on the first page or on the one after it.
func CompareHistory(ctx context.Context, server, other *Process, token string, e Effort) (h History, err error) {
	a, b := newCaller(server.URL, token), newCaller(other.URL, token)
	body, page, err := samePages(ctx, a, b)
	if err != nil {
		return h, err
	}
	sides := []side{{a, server}, {b, other}}
	for _, s := range sides { // warm up
		if err := s.flood(ctx, body, page, e.Requests/4, e.AtOnce); err != nil {
			return h, err
		}
	}
	var costs [2][]Cost
	for range e.Rounds {
		for i, s := range sides {
			cost, err := s.costOf(ctx, body, page, e)
			if err != nil {
				return h, err
			}
			costs[i] = append(costs[i], cost)
		}
	}
	h.Server, h.Other = medianCost(costs[0]), medianCost(costs[1])
	for i := range costs[0] {
		h.Ratios = append(h.Ratios, float64(costs[0][i].CPU)/float64(costs[1][i].CPU))
	}
	h.Ratio = median(h.Ratios)
	return h, nil
}

// samePages answers the request for the first page and its answer, on which both sides agree.
func samePages(ctx context.Context, a, b *caller) (body, page []byte, err error) {
	if body, err = historyRequest(nil); err != nil {
		return nil, nil, err
	}
	if page, err = sameAnswer(ctx, a, b, body); err != nil {
		return nil, nil, err
	}
	end, err := endOfPage(page)
	if err != nil {
		return nil, nil, err
	}
	next, err := historyRequest(&end)
	if err != nil {
		return nil, nil, err
	}
	_, err = sameAnswer(ctx, a, b, next)
	return body, page, err
}

func sameAnswer(ctx context.Context, a, b *caller, body []byte) ([]byte, error) {
	one, err := a.ask(ctx, body)
	if err != nil {
		return nil, err
	}
	other, err := b.ask(ctx, body)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(one, other) {
		return nil, fmt.Errorf("%w:\n%.600s\n%.600s", errNotSame, one, other)
	}
	return one, nil
}

// endOfPage answers the cursor of a page that is full and not the last.
func endOfPage(page []byte) (string, error) {
	var answer struct {
		Data struct {
			Viewer struct {
				Sessions struct {
					Edges    []json.RawMessage `json:"edges"`
					PageInfo struct {
						HasNextPage bool   `json:"hasNextPage"`
						EndCursor   string `json:"endCursor"`
					} `json:"pageInfo"`
				} `json:"sessions"`
			} `json:"viewer"`
		} `json:"data"`
	}
	if err := json.Unmarshal(page, &answer); err != nil {
		return "", err
	}
	found := answer.Data.Viewer.Sessions
	if len(found.Edges) != staysOfPage || !found.PageInfo.HasNextPage {
		return "", fmt.Errorf("the page has %d stays: %.300s", len(found.Edges), page)
	}
	return found.PageInfo.EndCursor, nil
}

// side is a process and somebody who asks it.
type side struct {
	*caller
	process *Process
}

// costOf measures one round.
func (s side) costOf(ctx context.Context, body, page []byte, e Effort) (Cost, error) {
	allocsBefore, err := s.process.allocs(ctx)
	if err != nil {
		return Cost{}, err
	}
	cpuBefore, err := cpuTime(s.process.PID)
	if err != nil {
		return Cost{}, err
	}
	began := time.Now()
	if err := s.flood(ctx, body, page, e.Requests, e.AtOnce); err != nil {
		return Cost{}, err
	}
	took := time.Since(began)
	cpu, err := cpuTime(s.process.PID)
	if err != nil {
		return Cost{}, err
	}
	allocs, err := s.process.allocs(ctx)
	requests := e.Requests / e.AtOnce * e.AtOnce
	return Cost{
		CPU:     (cpu - cpuBefore) / time.Duration(requests),
		Latency: took * time.Duration(e.AtOnce) / time.Duration(requests),
		Allocs:  (allocs - allocsBefore) / float64(requests),
	}, err
}

// Statements counts the statements that the page takes, once caches are warm. It asks a process of its
// own, whose connections pass a tap.
func Statements(ctx context.Context, w *World, start func(w *World) (*Process, error)) (perRequest float64, err error) {
	const warm, counted = 50, 500
	t, err := newTap(w.URL)
	if err != nil {
		return 0, err
	}
	through := *w
	through.URL = t.URL
	p, err := start(&through)
	if err != nil {
		return 0, errors.Join(err, t.close())
	}
	defer func() { err = errors.Join(err, p.Stop(), t.close()) }()
	c := newCaller(p.URL, w.Unverified)
	body, err := historyRequest(nil)
	if err != nil {
		return 0, err
	}
	page, err := c.ask(ctx, body)
	if err != nil {
		return 0, err
	}
	if err := c.flood(ctx, body, page, warm, 1); err != nil {
		return 0, err
	}
	before := t.statements.Load()
	err = c.flood(ctx, body, page, counted, 1)
	return float64(t.statements.Load()-before) / counted, err
}
