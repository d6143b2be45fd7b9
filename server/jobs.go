package server

import (
	"context"
	"sync"
	"time"

	"parkbff/internal/parking"
)

const (
	foreignWritesEvery = 200 * time.Millisecond
	catalogueEvery     = 5 * time.Second // what the bus lost, or a command beside an embedded bus did, is found then
	tidyEvery          = time.Hour
	signInsEvery       = time.Second // while the bus is away: so soon a revoked sign-in closes its sockets
	ordersEvery        = time.Minute
	policyEvery        = time.Minute // when a version of the privacy policy comes into force
)

// Work does what nobody asks for, until ctx ends: it keeps what is in memory true, counts vacancies,
// and deletes what is old. It answers a function that waits for the work in hand.
func (h *House) Work(ctx context.Context) (wait func(), err error) {
	if err := h.Parking.Reload(ctx); err != nil {
		return nil, err
	}
	stopWatching, err := h.Identity.Watch(ctx)
	if err != nil {
		return nil, err
	}
	stopHearing, err := h.Bus.Subscribe(parking.SubjectLots, func(string, []byte) { h.reload(ctx) })
	if err != nil {
		stopWatching()
		return nil, err
	}
	var jobs sync.WaitGroup
	jobs.Go(func() { h.Notices.Run(ctx) })
	jobs.Go(func() { h.Outbox.Run(ctx) })
	jobs.Go(func() { h.Store.WatchForeignWrites(ctx, foreignWritesEvery, func() { h.doubt(ctx) }) })
	jobs.Go(func() { h.every(ctx, parking.VacancyInterval, "count vacancies", h.Parking.RefreshVacancies) })
	jobs.Go(func() { h.every(ctx, catalogueEvery, "read lots", h.Parking.Reload) })
	jobs.Go(func() { h.every(ctx, signInsEvery, "doubt sign-ins", h.doubtSignIns) })
	jobs.Go(func() { h.every(ctx, policyEvery, "end outdated tracking", h.Identity.UntrackOutdated) })
	jobs.Go(func() { h.every(ctx, tidyEvery, "reconcile with channels", h.Billing.ReconcileDue) })
	jobs.Go(func() { h.every(ctx, ordersEvery, "close expired orders", h.Billing.CloseExpired) })
	jobs.Go(func() { h.every(ctx, ordersEvery, "return merchants' discounts", h.Discounts.ReturnLapsed) })
	jobs.Go(func() { h.every(ctx, ordersEvery, "go on with reservations", h.Billing.EndReservations) })
	jobs.Go(func() { h.every(ctx, tidyEvery, "settle with owners of shared bays", h.Payouts.SettleDue) })
	jobs.Go(func() { h.every(ctx, ordersEvery, "end orders of the mall", h.Billing.EndMallOrders) })
	jobs.Go(func() { h.every(ctx, tidyEvery, "let points lapse", h.Loyalty.Lapse) })
	jobs.Go(func() { h.every(ctx, ordersEvery, "end permits that are over", h.Permits.EndOver) })
	jobs.Go(func() { h.every(ctx, tidyEvery, "forget attempts", h.Parking.ForgetAttempts) })
	jobs.Go(func() { h.every(ctx, tidyEvery, "forget codes", h.Identity.ForgetCodes) })
	jobs.Go(func() { h.every(ctx, tidyEvery, "prune notices", h.pruneNotices) })
	jobs.Go(func() { h.every(ctx, tidyEvery, "prune deliveries", h.Delivery.Prune) })
	jobs.Go(func() { h.every(ctx, tidyEvery, "forget dead letters", h.Outbox.ForgetDead) })
	jobs.Go(func() { h.every(ctx, tidyEvery, "erase what is overdue", h.Identity.EraseOverdue) })
	return func() {
		stopHearing()
		stopWatching()
		jobs.Wait()
	}, nil
}

// every does a job now and then; what fails is tried again at its next turn.
func (h *House) every(ctx context.Context, pause time.Duration, name string, job func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := job(ctx); err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "a job failed and will be tried again", "job", name, "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// doubt forgets whatever another process may have changed in the store.
func (h *House) doubt(ctx context.Context) {
	h.vault.ForgetAll()
	h.Identity.Forget()
	h.reload(ctx)
}

// doubtSignIns has open sockets checked while other replicas cannot say whose sign-in they have ended.
func (h *House) doubtSignIns(context.Context) error {
	if h.Bus.Healthy() != nil {
		h.Identity.Doubt()
	}
	return nil
}

func (h *House) reload(ctx context.Context) {
	if err := h.Parking.Reload(ctx); err != nil && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "the lots could not be read anew", "error", err)
	}
}

func (h *House) pruneNotices(ctx context.Context) error {
	_, err := h.Notices.Prune(ctx)
	return err
}
