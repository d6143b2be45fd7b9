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

// journal is an endless list that rings for its readers when it grows.
type journal struct {
	mu      sync.Mutex
	entries []string
	readers map[*reading]func()
	ended   error
}

func (j *journal) change(with func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	with()
	for _, bell := range j.readers {
		bell()
	}
}

// at answers the entry at index, if there is one yet.
func (j *journal) at(index int) (entry string, ok bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if index < len(j.entries) {
		return j.entries[index], true, nil
	}
	return "", false, j.ended
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

// Shut makes every subscription fail with err where it begins.
func (h *House) Shut(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shut = err
}

func (h *House) isShut() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.shut
}

// Open tells how many subscriptions are being read.
func (h *House) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reading
}

func (h *House) journal(subject string) *journal {
	h.mu.Lock()
	defer h.mu.Unlock()
	j := h.logs[subject]
	if j == nil {
		j = &journal{readers: map[*reading]func(){}}
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

func (r *reading) Next(context.Context) (event any, ok bool, err error) {
	text, ok, err := r.journal.at(r.next)
	if !ok {
		return nil, false, err
	}
	r.next++
	return r.event(r.next, text), true, nil
}

func (r *reading) Close() {
	r.journal.mu.Lock()
	delete(r.journal.readers, r)
	r.journal.mu.Unlock()
	r.house.count(-1)
}

// open begins to read.
func (h *House) open(j *journal, next int, event func(number int, text string) any, bell func()) *reading {
	r := &reading{house: h, journal: j, next: next, event: event}
	j.mu.Lock()
	j.readers[r] = bell
	j.mu.Unlock()
	h.count(1)
	return r
}

func (h *House) count(by int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reading += by
}

func (h *House) source(ctx context.Context, op *graphql.OperationContext, bell func()) (live.Events, error) {
	if err := h.isShut(); err != nil {
		return nil, err
	}
	field, args := live.Root(op)
	switch field {
	case "published":
		return h.open(h.journal(""), 0, publication, bell), nil
	case "noticeReceived":
		next, err := place(args["after"])
		if err != nil {
			return nil, err
		}
		return h.open(h.journal(subjectOf(ctx)), next, received, bell), nil
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

// publication is the same to everybody.
func publication(number int, body string) any {
	return live.Shared{Event: &Publication{Number: number, Body: body}, Key: number}
}

func received(number int, text string) any {
	cursor := strconv.Itoa(number)
	return &NoticeReceived{Cursor: cursor, Notice: &Notice{ID: "n" + cursor, Text: text}}
}
