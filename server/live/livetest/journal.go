package livetest

import (
	"context"
	"io"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/fault"
	"parkbff/server/live"
)

// journal is an endless list that wakes its readers when it grows.
type journal struct {
	mu      sync.Mutex
	entries []string
	grown   chan struct{} // closed and replaced at each change
	ended   error
}

func (j *journal) change(with func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	with()
	close(j.grown)
	j.grown = make(chan struct{})
}

// at answers the entry at index, or what to wait for.
func (j *journal) at(index int) (entry string, wait <-chan struct{}, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if index < len(j.entries) {
		return j.entries[index], nil, nil
	}
	return "", j.grown, j.ended
}

// Notify appends to the notices of subject.
func (h *House) Notify(subject, text string) {
	j := h.journal(subject)
	j.change(func() { j.entries = append(j.entries, text) })
}

// Publish tells everybody.
func (h *House) Publish(body string) { h.Notify("", body) }

// Finish ends what everybody hears: with io.EOF it completes.
func (h *House) Finish(why error) {
	j := h.journal("")
	j.change(func() { j.ended = why })
}

// Open tells how many subscriptions are being read.
func (h *House) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open
}

func (h *House) journal(subject string) *journal {
	h.mu.Lock()
	defer h.mu.Unlock()
	j := h.logs[subject]
	if j == nil {
		j = &journal{grown: make(chan struct{})}
		h.logs[subject] = j
	}
	return j
}

// reading is a place in a journal.
type reading struct {
	house   *House
	journal *journal
	next    int
	event   func(number int, text string) any
}

func (r *reading) Next(ctx context.Context) (any, error) {
	for {
		text, wait, err := r.journal.at(r.next)
		if err != nil {
			return nil, err
		}
		if wait == nil {
			r.next++
			return r.event(r.next, text), nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *reading) Close() { r.house.count(-1) }

func (h *House) count(by int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open += by
}

func (h *House) source(ctx context.Context, op *graphql.OperationContext) (live.Events, error) {
	field, args := live.Root(op)
	switch field {
	case "published":
		h.count(1)
		return &reading{house: h, journal: h.journal(""), event: publication}, nil
	case "noticeReceived":
		next, err := place(args["after"])
		if err != nil {
			return nil, err
		}
		h.count(1)
		return &reading{house: h, journal: h.journal(subjectOf(ctx)), next: next, event: received}, nil
	default:
		return nil, io.ErrUnexpectedEOF
	}
}

func place(after any) (int, error) {
	cursor, _ := after.(string)
	if cursor == "" {
		return 0, nil
	}
	next, err := strconv.Atoi(cursor)
	if err != nil {
		return 0, fault.New("RESYNC_REQUIRED", "The cursor is not known.")
	}
	return next, nil
}

func publication(number int, body string) any { return &Publication{Number: number, Body: body} }

func received(number int, text string) any {
	cursor := strconv.Itoa(number)
	return &NoticeReceived{Cursor: cursor, Notice: &Notice{ID: "n" + cursor, Text: text}}
}
