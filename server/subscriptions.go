package server

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
func (s sources) open(ctx context.Context, op *graphql.OperationContext, bell func()) (live.Events, error) {
	events, err := s.find(ctx, op, bell)
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

func (s sources) find(ctx context.Context, op *graphql.OperationContext, bell func()) (live.Events, error) {
	field, args := live.Root(op)
	switch field {
	case "noticeReceived":
		return s.notices(ctx, args, bell)
	case "gateCommanded":
		return s.commands(ctx, bell)
	case "lotOccupancyChanged":
		return s.occupancy(args, bell)
	}
	return nil, fmt.Errorf("server: the subscription %q has no source", field)
}

func (s sources) notices(ctx context.Context, args map[string]any, bell func()) (live.Events, error) {
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
	reading, err := s.house.Notices.Open(ctx, asking.AccountID, from.After, bell)
	if err != nil {
		return nil, err
	}
	return &noticeEvents{
		reading: reading, sealing: relay.Sealing(ctx), again: later{bell: bell},
		account: asking.AccountID, signIn: asking.SignInID,
	}, nil
}

// noticeEvents seals each notice's cursor for the viewer that subscribed.
type noticeEvents struct {
	reading *notice.Reading
	sealing context.Context //nolint:containedctx // holds what seals cursors, for as long as the subscription
	again   later

	// Who is asking. A viewer is large beside all else that waits here, and its facts are read anew for every notice.
	account, signIn int64
}

func (e *noticeEvents) Next(ctx context.Context) (any, bool, error) {
	asking := &viewer.Viewer{Kind: viewer.Driver, AccountID: e.account, SignInID: e.signIn}
	n, ok, err := e.reading.Next(viewer.With(ctx, asking))
	switch {
	case isAway(err):
		e.again.ring(outageRest())
		return nil, false, nil
	case err != nil || !ok:
		return nil, false, err
	}
	return model.NewNoticeEvent(e.sealing, n), true, nil
}

func (e *noticeEvents) Close() {
	e.again.stop()
	e.reading.Close()
}

func (s sources) commands(ctx context.Context, bell func()) (live.Events, error) {
	asking := viewer.Of(ctx)
	switch asking.Kind {
	case viewer.Gate:
	case viewer.Anonymous:
		return nil, fault.Unauthenticated
	default:
		return nil, fault.Forbidden
	}
	leave, err := s.house.Bus.Attend(parking.CommandSubject(asking.GateID), func(string, []byte) { bell() })
	if err != nil {
		return nil, fault.Unavailable.Because(err)
	}
	return &commandEvents{parking: s.house.Parking, asking: asking, leave: leave, again: later{bell: bell}}, nil
}

// lookAgain is how often a gate's orders are looked for although nobody has rung.
const lookAgain = 10 * time.Second

// commandEvents gives a gate its orders in their order.
type commandEvents struct {
	parking *parking.Service
	asking  *viewer.Viewer
	leave   func()
	again   later
	waiting []*parking.GateCommand
	last    int64
}

func (e *commandEvents) Next(ctx context.Context) (any, bool, error) {
	if len(e.waiting) == 0 {
		waiting, last, err := e.parking.CommandsAfter(viewer.With(ctx, e.asking), e.last)
		switch {
		case isAway(err):
			e.again.ring(outageRest())
			return nil, false, nil
		case err != nil:
			return nil, false, err
		case len(waiting) == 0:
			e.again.ring(lookAgain)
			return nil, false, nil
		}
		e.waiting, e.last = waiting, last
	}
	next := e.waiting[0]
	e.waiting = e.waiting[1:]
	return next, true, nil
}

func (e *commandEvents) Close() {
	e.again.stop()
	e.leave()
}

func (s sources) occupancy(args map[string]any, bell func()) (live.Events, error) {
	code, _ := args["lotCode"].(string)
	if _, ok := s.house.Parking.Lot(code); !ok {
		return nil, parking.UnknownLot.At("lotCode")
	}
	leave, err := s.house.Bus.Attend(parking.SubjectVacancies, func(string, []byte) { bell() })
	if err != nil {
		return nil, fault.Unavailable.Because(err)
	}
	return &occupancyEvents{parking: s.house.Parking, code: code, leave: leave}, nil
}

// occupancyEvents gives a lot as it stands now, and then anew whenever its public vacancy was counted and has
// changed.
type occupancyEvents struct {
	parking *parking.Service
	code    string
	leave   func()
	shown   vacancy
}

// vacancy is what a watcher was shown last. The zero value is nothing.
type vacancy struct {
	band    parking.Band
	counted bool
	bays    int
}

// lotState is the same for everybody who is told of it: a lot as it is held in memory, and one count of its bays.
type lotState struct {
	lot *parking.Lot
	vacancy
	at time.Time
}

func (e *occupancyEvents) Next(context.Context) (any, bool, error) {
	lot, ok := e.parking.Lot(e.code)
	if !ok {
		return nil, false, parking.UnknownLot.At("lotCode")
	}
	public := lot.Vacancy()
	state := lotState{lot: lot, vacancy: vacancy{band: public.Band, counted: public.Bays != nil}}
	if public.Bays != nil {
		state.bays = *public.Bays
	}
	if public.AsOf != nil {
		state.at = *public.AsOf
	}
	if state.vacancy == e.shown {
		return nil, false, nil
	}
	e.shown = state.vacancy
	return live.Shared{Event: lot, Key: state}, true, nil
}

func (e *occupancyEvents) Close() { e.leave() }

// isAway holds for a store that may be back soon. A subscriber waits for it: a client takes an error for the
// end of the subscription and would not come back.
func isAway(err error) bool { return errors.Is(store.Unavailable(err), fault.Unavailable) }

// outageRest is how long a subscriber waits before it asks a store again that was away: half a second, and up to
// twice as long, so that not all ask at once.
func outageRest() time.Duration {
	const least = 500 * time.Millisecond
	return least + rand.N(least)
}
