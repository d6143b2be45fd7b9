package server

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"

	"parkbff/graph/model"
	"parkbff/graph/relay"
	"parkbff/internal/fault"
	"parkbff/internal/notice"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
	"parkbff/server/live"
)

// sources opens the events of every field of the contract's Subscription type.
type sources struct {
	house   *House
	running prometheus.Gauge
}

func newSources(h *House, registry prometheus.Registerer) sources {
	running := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "parkbff_subscriptions_running", Help: "Subscriptions whose events are being waited for.",
	})
	registry.MustRegister(running)
	return sources{house: h, running: running}
}

// open opens the events of a subscription and counts it until it is closed.
func (s sources) open(ctx context.Context, op *graphql.OperationContext) (live.Events, error) {
	events, err := s.find(ctx, op)
	if err != nil {
		return nil, store.Unavailable(err)
	}
	s.running.Inc()
	return counted{events, s.running}, nil
}

type counted struct {
	live.Events
	running prometheus.Gauge
}

func (c counted) Close() {
	c.Events.Close()
	c.running.Dec()
}

func (s sources) find(ctx context.Context, op *graphql.OperationContext) (live.Events, error) {
	field, args := live.Root(op)
	switch field {
	case "noticeReceived":
		return s.notices(ctx, args)
	case "gateCommanded":
		return s.commands(ctx)
	case "lotOccupancyChanged":
		return s.occupancy(args)
	}
	return nil, fmt.Errorf("server: the subscription %q has no source", field)
}

func (s sources) notices(ctx context.Context, args map[string]any) (live.Events, error) {
	asking := viewer.Of(ctx)
	if !asking.Registered() {
		return nil, viewer.LacksAccount(asking)
	}
	var after *relay.Cursor
	if text, given := args["after"].(string); given {
		after = new(relay.Cursor(text))
	}
	from, err := relay.Page(ctx, model.ListNotices, nil, after, 0)
	if err != nil {
		return nil, err
	}
	rung := make(chan struct{}, 1)
	reading, err := s.house.Notices.Open(ctx, asking.AccountID, from.After, func() { ring(rung) })
	if err != nil {
		return nil, err
	}
	return &noticeEvents{reading: reading, rung: rung, opened: ctx, asking: asking}, nil
}

// noticeEvents seals each notice's cursor for the viewer that subscribed.
type noticeEvents struct {
	reading *notice.Reading
	rung    chan struct{}
	opened  context.Context //nolint:containedctx // holds what seals cursors, for as long as the subscription
	asking  *viewer.Viewer
}

func (e *noticeEvents) Next(ctx context.Context) (any, error) {
	for {
		n, ok, err := e.reading.Next(viewer.With(ctx, e.asking))
		switch {
		case ok:
			return model.NewNoticeEvent(e.opened, n), nil
		case isAway(err):
			if err := rest(ctx); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		select {
		case <-e.rung:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (e *noticeEvents) Close() { e.reading.Close() }

func (s sources) commands(ctx context.Context) (live.Events, error) {
	asking := viewer.Of(ctx)
	switch asking.Kind {
	case viewer.Gate:
	case viewer.Anonymous:
		return nil, fault.Unauthenticated
	default:
		return nil, fault.Forbidden
	}
	rung := make(chan struct{}, 1)
	cancel, err := s.house.Bus.Attend(parking.CommandSubject(asking.GateID), func(string, []byte) { ring(rung) })
	if err != nil {
		return nil, fault.Unavailable.Because(err)
	}
	return &commandEvents{parking: s.house.Parking, asking: asking, rung: rung, cancel: cancel}, nil
}

// lookAgain is how often a gate's orders are looked for although nobody has rung.
const lookAgain = 10 * time.Second

// commandEvents gives a gate its orders in their order.
type commandEvents struct {
	parking *parking.Service
	asking  *viewer.Viewer
	rung    chan struct{}
	cancel  func()
	waiting []*parking.GateCommand
	last    int64
}

func (e *commandEvents) Next(ctx context.Context) (any, error) {
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		if len(e.waiting) > 0 {
			next := e.waiting[0]
			e.waiting = e.waiting[1:]
			return next, nil
		}
		waiting, last, err := e.parking.CommandsAfter(viewer.With(ctx, e.asking), e.last)
		switch {
		case isAway(err):
			if err := rest(ctx); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		if e.waiting, e.last = waiting, last; len(waiting) > 0 {
			continue
		}
		select {
		case <-e.rung:
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (e *commandEvents) Close() { e.cancel() }

func (s sources) occupancy(args map[string]any) (live.Events, error) {
	code, _ := args["lotCode"].(string)
	if _, ok := s.house.Parking.Lot(code); !ok {
		return nil, parking.UnknownLot.At("lotCode")
	}
	rung := make(chan struct{}, 1)
	ring(rung) // the first answer is what stands now
	cancel, err := s.house.Bus.Attend(parking.SubjectVacancies, func(string, []byte) { ring(rung) })
	if err != nil {
		return nil, fault.Unavailable.Because(err)
	}
	return &occupancyEvents{parking: s.house.Parking, code: code, rung: rung, cancel: cancel}, nil
}

// occupancyEvents gives a lot anew whenever its public vacancy was counted and has changed.
type occupancyEvents struct {
	parking *parking.Service
	code    string
	rung    chan struct{}
	cancel  func()
	shown   string
}

func (e *occupancyEvents) Next(ctx context.Context) (any, error) {
	for {
		select {
		case <-e.rung:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		lot, ok := e.parking.Lot(e.code)
		if !ok {
			return nil, parking.UnknownLot.At("lotCode")
		}
		v := lot.Vacancy()
		now := string(v.Band)
		if v.Bays != nil {
			now += strconv.Itoa(*v.Bays)
		}
		if now != e.shown {
			e.shown = now
			return lot, nil
		}
	}
}

func (e *occupancyEvents) Close() { e.cancel() }

// isAway holds for a store that may be back soon. A subscriber waits for it: a client takes an error for the
// end of the subscription and would not come back.
func isAway(err error) bool { return errors.Is(store.Unavailable(err), fault.Unavailable) }

// outageRest is how long a subscriber waits before it asks a store again that was away; it is up to twice
// as long, so that not all ask at once.
const outageRest = 500 * time.Millisecond

func rest(ctx context.Context) error {
	select {
	case <-time.After(outageRest + rand.N(outageRest)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ring wakes whoever waits; rung twice before that is rung once.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}
