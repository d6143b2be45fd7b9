package store

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parkbff/ent"
)

const (
	lookAfter  = 2 * time.Second
	lookWithin = time.Second
)

// replicas hands out reading clients in turn, and leaves out servers that do not answer. A nil value is a
// store without replicas.
type replicas struct {
	all  []*replica
	turn atomic.Uint64
	log  *slog.Logger
	end  context.CancelFunc
	done sync.WaitGroup
}

type replica struct {
	pool
	answers atomic.Bool
}

func newReplicas(pools []pool, log *slog.Logger) *replicas {
	if len(pools) == 0 {
		return nil
	}
	ctx, end := context.WithCancel(context.Background())
	r := &replicas{log: log, end: end}
	for i, p := range pools {
		one := &replica{pool: p}
		r.all = append(r.all, one)
		r.done.Go(func() { r.lookAfter(ctx, i+1, one) })
	}
	return r
}

// next answers nil when none is there to answer.
func (r *replicas) next() *ent.Client {
	if r == nil {
		return nil
	}
	start := r.turn.Add(1)
	for i := range uint64(len(r.all)) {
		if one := r.all[(start+i)%uint64(len(r.all))]; one.answers.Load() {
			return one.client
		}
	}
	return nil
}

func (r *replicas) lookAfter(ctx context.Context, number int, one *replica) {
	every := time.NewTicker(lookAfter)
	defer every.Stop()
	for {
		r.look(ctx, number, one)
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

func (r *replicas) look(ctx context.Context, number int, one *replica) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	err := one.db.PingContext(ctx)
	if was := one.answers.Swap(err == nil); was != (err == nil) {
		r.log.Info("a replica of the database changed its state", "replica", number, "answers", err == nil)
	}
}

func (r *replicas) close() {
	if r == nil {
		return
	}
	r.end()
	r.done.Wait()
	for _, one := range r.all {
		_ = one.db.Close()
	}
}
