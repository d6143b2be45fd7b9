package invoice_test

import (
	"context"
	"sync"
	"time"

	"parkbff/ent/task"
	"parkbff/internal/invoice"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/einvoice"
)

// till is a channel in which money is back as soon as it is wanted back; what is paid, the test says.
type till struct{}

func (till) Prepare(context.Context, charge.Charge) (charge.Launch, error) {
	return charge.Launch{}, nil
}

func (till) Find(_ context.Context, of charge.Named) (charge.Receipt, error) {
	return charge.Receipt{Number: of.Number, State: charge.Pending}, nil
}

func (till) Close(context.Context, charge.Named) error { return nil }

func (till) Refund(_ context.Context, r charge.Refund) (charge.RefundReceipt, error) {
	return charge.RefundReceipt{Number: r.Number, State: charge.Done, Fen: r.Fen}, nil
}

func (t till) FindRefund(ctx context.Context, r charge.Refund) (charge.RefundReceipt, error) {
	return t.Refund(ctx, r)
}

// press counts the calls of the service, before they arrive and before they are answered.
type press struct {
	invoice.Press
	step func() error
	last einvoice.Request
}

func around[T any](p *press, call func() (T, error)) (answer T, err error) {
	if p.step != nil {
		if err := p.step(); err != nil {
			return answer, err
		}
	}
	answer, err = call()
	if p.step != nil {
		if lost := p.step(); lost != nil {
			return *new(T), lost
		}
	}
	return answer, err
}

func (p *press) Issue(ctx context.Context, r einvoice.Request) (string, error) {
	p.last = r
	return around(p, func() (string, error) { return p.Press.Issue(ctx, r) })
}

func (p *press) Find(ctx context.Context, number string) (einvoice.Result, error) {
	return around(p, func() (einvoice.Result, error) { return p.Press.Find(ctx, number) })
}

func (p *press) Reverse(ctx context.Context, r einvoice.Reversal) error {
	_, err := around(p, func() (struct{}, error) { return struct{}{}, p.Press.Reverse(ctx, r) })
	return err
}

func (p *press) FindReversal(ctx context.Context, number string) (einvoice.Result, error) {
	return around(p, func() (einvoice.Result, error) { return p.Press.FindReversal(ctx, number) })
}

// queue hands messages out when a test says so. The outbox in front of it is the real one.
type queue struct {
	mu      sync.Mutex
	waiting [][]byte
	do      func(ctx context.Context, payload []byte) time.Duration
}

// Publish keeps a message.
func (q *queue) Publish(_ context.Context, _ string, payload []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, payload)
	return nil
}

// Consume learns how messages are done.
func (q *queue) Consume(ctx context.Context, _ int, do func(ctx context.Context, payload []byte) time.Duration) {
	q.mu.Lock()
	q.do = do
	q.mu.Unlock()
	<-ctx.Done()
}

func (q *queue) take() ([]byte, func(ctx context.Context, payload []byte) time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 || q.do == nil {
		return nil, q.do
	}
	next := q.waiting[0]
	q.waiting = q.waiting[1:]
	return next, q.do
}

// works does the tasks that are due.
func (h *house) works() {
	h.Helper()
	h.must(h.outbox.Sweep(context.Background()))
	for {
		payload, do := h.queue.take()
		if do == nil {
			time.Sleep(time.Millisecond)
			continue
		}
		if payload == nil {
			return
		}
		do(context.Background(), payload)
	}
}

// settles lets time pass until nothing is left to do.
func (h *house) settles() {
	h.Helper()
	for range 300 {
		h.works()
		left, err := h.store.Fresh(h.asSystem()).Task.Query().Where(task.StateEQ(task.StateWAITING)).Count(h.asSystem())
		h.must(err)
		if left == 0 {
			return
		}
		h.clock.Pass(time.Minute)
	}
	h.Fatal("tasks are never done")
}
