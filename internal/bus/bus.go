// Package bus carries short hints between replicas over NATS: "this account has a notice with that
// sequence", "this owner's key is gone".
//
// Request asks the one replica that answers to a subject, such as the one that holds a client's stream.
//
// Delivery is at most once. Whoever listens must be able to read the truth elsewhere, does so after
// OnReconnect, and loses only time when a message is lost.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"parkbff/internal/round"
)

// subscribeWait bounds the round trip that Subscribe makes, and the one after a reconnection.
const subscribeWait = 2 * time.Second

// ErrDisconnected is what Healthy answers while there is no server to talk to.
var ErrDisconnected = errors.New("bus: not connected")

// Options of a bus.
type Options struct {
	// URL of a NATS cluster, servers separated by commas. Empty: a server of our own inside the
	// process, which listens on no port.
	URL string
	// Name of this replica in the cluster's monitoring.
	Name string
	// Log hears of lost connections and late errors, never of a payload. Nil: nobody does.
	Log *slog.Logger
}

// Bus is one replica's connection. It is safe for concurrent use.
type Bus struct {
	conn     *nats.Conn
	embedded *server.Server // nil when the bus is a cluster
	gone     chan struct{}  // closed when the connection is closed for good
	log      *slog.Logger
	again    hooks
	work     Work
	copies   int // of the stream of work, on a cluster

	audience audience
	heard    chan *nats.Msg // for those who attend
	settling *round.Group   // flushes
}

// Open connects, within the deadline of ctx or 5 s. Errors name PARKBFF_NATS_URL and never repeat the
// URL, which may hold a password.
func Open(ctx context.Context, o Options) (*Bus, error) {
	wait, err := patience(ctx)
	if err != nil {
		return nil, err
	}
	b := &Bus{gone: make(chan struct{}), log: o.Log, copies: copiesOn(o.URL), heard: make(chan *nats.Msg, heardAtOnce)}
	b.work.bus = b
	b.audience = audience{seats: map[string]*seats{}, families: map[string]bool{}}
	b.settling = round.New(b.flush)
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if o.URL == "" {
		if b.embedded, err = startEmbedded(wait); err != nil {
			return nil, err
		}
	}
	if b.conn, err = nats.Connect(o.URL, b.connectOptions(o.Name, wait)...); err != nil {
		b.stopEmbedded()
		return nil, fmt.Errorf("PARKBFF_NATS_URL: connect: %w", withoutURL(err))
	}
	go b.listen()
	return b, nil
}

// Publish sends a payload to everyone who listens to a subject, on this replica and on others.
//
// Neither subject nor payload may hold a personal value: no plate, mobile or name, only row ids and
// sequences (design §4). It answers before anyone has received. While the cluster is away up to 1 MiB
// is held and sent on reconnection, since a late hint does no harm; beyond that it fails at once.
func (b *Bus) Publish(subject string, payload []byte) error {
	if err := b.conn.Publish(subject, payload); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// Subscribe calls handle for each message to a subject; in it `*` stands for one token and a final
// `>` for the rest.
//
// The server knows of the subscription when Subscribe returns, so what is read afterwards and what
// arrives leave no gap between them. Other servers of a cluster learn of it moments later. Handle is
// called for one message at a time; a slow one delays its own subscription only, until 65,536 messages
// or 16 MiB wait, and then messages are dropped and the OnReconnect hooks run. After cancel returns no
// call begins, though one may still be at work. Fails while the bus is disconnected.
func (b *Bus) Subscribe(subject string, handle func(subject string, payload []byte)) (cancel func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) { handle(m.Subject, m.Data) })
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	cancel = sync.OnceFunc(func() { _ = sub.Unsubscribe() }) // fails only when the bus is closed
	if err := b.establish(sub); err != nil {
		cancel()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return cancel, nil
}

// OnReconnect registers what to do when messages may have been missed: the connection was lost and is
// back, every subscription with it, or a handler was too slow. Hooks run one after another, apart from
// the handlers, and must be quick.
func (b *Bus) OnReconnect(hook func()) { b.again.add(hook) }

// Healthy answers nil while messages flow, else ErrDisconnected.
func (b *Bus) Healthy() error {
	if !b.conn.IsConnected() {
		return ErrDisconnected
	}
	return nil
}

// Close lets handlers finish what has arrived and sends what was published, for as long as ctx allows
// and at most 30 s, and then disconnects. It may be called again. Error: that of ctx when it ended first.
func (b *Bus) Close(ctx context.Context) error {
	defer b.stopEmbedded()
	b.audience.dismiss()
	// A connection that cannot drain, being lost or closed, is closed by Drain.
	_ = b.conn.Drain()
	select {
	case <-b.gone:
		return nil
	case <-ctx.Done():
		b.conn.Close()
		return fmt.Errorf("close bus: %w", ctx.Err())
	}
}

func (b *Bus) establish(sub *nats.Subscription) error {
	if err := sub.SetPendingLimits(pendingMessages, pendingBytes); err != nil {
		return err
	}
	if err := b.Healthy(); err != nil {
		return err
	}
	return b.conn.FlushTimeout(subscribeWait)
}
