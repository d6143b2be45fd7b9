// Package outbox does slow work outside: it writes a task in the transaction that causes it, hands tasks to a
// work stream once that has committed, and lets whichever replica takes one do it, with backoff, until it is
// done or dead (design §7).
package outbox

import (
	"context"
	"time"

	"parkbff/ent/task"
)

// Job is a task as who does it is given it.
type Job struct {
	Row     int64
	AboutID int64 // the row that the kind is about
	Attempt int   // from 1
}

// DeadLetter is work that has failed too often or for good. It tells nothing of whom it is for.
type DeadLetter struct {
	Row       int64
	Kind      task.Kind
	Failure   string
	Attempts  int
	CreatedAt time.Time
	DiedAt    time.Time
}

// Handler does one job. It may be called again for a job it has done, when the program died before that was
// noted, so it must be idempotent. It is called under viewer.AsSystem, outside transactions, and is given
// deadline enough for a few calls of a partner.
//
// Answers: nil, it is done; an error of Postpone, not yet, which counts as no attempt; an error of Hopeless,
// never; any other error, try again with backoff, and dead after too many attempts. The code of a fault is what
// operators see of an error.
type Handler func(ctx context.Context, job Job) error

// Postpone answers an error by which a handler says that the job must wait until an instant.
func Postpone(until time.Time) error { return &postponed{until} }

// Hopeless answers an error by which a handler says that no further attempt can help.
func Hopeless(why error) error { return &hopeless{why} }

type postponed struct{ until time.Time }

func (p *postponed) Error() string { return "postponed until " + p.until.UTC().Format(time.RFC3339) }

type hopeless struct{ why error }

func (h *hopeless) Error() string { return "hopeless: " + h.why.Error() }

func (h *hopeless) Unwrap() error { return h.why }
