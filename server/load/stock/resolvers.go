package stock

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type resolvers struct{ audience *audience }

func (r resolvers) Query() QueryResolver               { return r }
func (r resolvers) Subscription() SubscriptionResolver { return r }

func (r resolvers) Whoami(ctx context.Context) (string, error) {
	return strconv.FormatInt(accountOf(ctx), 10), nil
}

// NoticeReceived answers a channel and fills it, as long as the client stays.
func (r resolvers) NoticeReceived(ctx context.Context, _ *string) (<-chan *NoticeEvent, error) {
	events := make(chan *NoticeEvent, 1)
	go func() {
		defer close(events)
		news := r.audience.join()
		defer r.audience.leave(news)
		for {
			select {
			case <-ctx.Done():
				return
			case at := <-news:
				select {
				case events <- eventOf(accountOf(ctx), at):
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return events, nil
}

func eventOf(account int64, at time.Time) *NoticeEvent {
	lot, id := "万***停车场", strconv.FormatInt(account, 36)
	return &NoticeEvent{Cursor: id, Notice: &Notice{
		ID: id, Kind: NoticeKindEntered, LotName: &lot, Plate: "粤B***00", OccurredAt: at,
		OccurredAtPrecision: PrecisionPartOfDay,
	}}
}

// audience is everybody who listens.
type audience struct {
	running prometheus.Gauge

	mu   sync.Mutex
	news map[chan time.Time]struct{}
}

func newAudience(registry prometheus.Registerer) *audience {
	running := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "parkbff_subscriptions_running", Help: "Subscriptions whose events are being waited for.",
	})
	registry.MustRegister(running)
	return &audience{running: running, news: map[chan time.Time]struct{}{}}
}

func (a *audience) join() chan time.Time {
	news := make(chan time.Time, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.news[news] = struct{}{}
	a.running.Inc()
	return news
}

func (a *audience) leave(news chan time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.news, news)
	a.running.Dec()
}

// tell tells everybody who has read what came before.
func (a *audience) tell(at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for news := range a.news {
		select {
		case news <- at:
		default:
		}
	}
}
