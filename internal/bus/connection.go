package bus

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	openWait = 5 * time.Second

	// A lost server is noticed within about 20 s even when its host vanished without a word.
	pingEvery     = 10 * time.Second
	pingsInFlight = 2

	reconnectEvery = 250 * time.Millisecond
	reconnectBytes = 1 << 20

	pendingMessages = 1 << 16
	pendingBytes    = 16 << 20
)

func (b *Bus) connectOptions(name string, wait time.Duration) []nats.Option {
	options := []nats.Option{
		nats.Name(name),
		nats.Timeout(wait),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // credentials may be on their way to all servers
		nats.ReconnectWait(reconnectEvery),
		nats.ReconnectBufSize(reconnectBytes),
		nats.PingInterval(pingEvery),
		nats.MaxPingsOutstanding(pingsInFlight),
		nats.DisconnectErrHandler(b.disconnected),
		nats.ReconnectHandler(b.reconnected),
		nats.ErrorHandler(b.failed),
		nats.ClosedHandler(func(*nats.Conn) { close(b.gone) }),
	}
	if b.embedded != nil {
		options = append(options, nats.InProcessServer(b.embedded))
	}
	return options
}

// disconnected is called for a lost connection, and with no error for one that Close ends.
func (b *Bus) disconnected(_ *nats.Conn, err error) {
	if err != nil {
		b.log.Warn("bus disconnected", "error", err)
	}
}

// reconnected runs the hooks once the server has taken back every subscription, however long that takes it.
// When it is lost again meanwhile, the next reconnection runs them.
func (b *Bus) reconnected(conn *nats.Conn) {
	for conn.FlushTimeout(subscribeWait) != nil {
		if !conn.IsConnected() {
			return
		}
	}
	b.log.Info("bus reconnected")
	b.again.run()
}

// failed hears of errors that no call can answer, such as a subject the server does not permit, or a line
// that broke while it was mended, which will be tried again. Without it the client library prints them to
// stderr.
func (b *Bus) failed(_ *nats.Conn, _ *nats.Subscription, err error) {
	if isBroken(err) {
		b.log.Warn("bus cannot be reached yet", "error", err)
		return
	}
	b.log.Error("bus failed", "error", err)
	if errors.Is(err, nats.ErrSlowConsumer) {
		b.again.run()
	}
}

// isBroken holds for a line that was cut.
func isBroken(err error) bool {
	var line *net.OpError
	return errors.Is(err, io.EOF) || errors.As(err, &line)
}

// patience is how long Open may take.
func patience(ctx context.Context) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		return min(openWait, time.Until(deadline)), nil
	}
	return openWait, nil
}

// withoutURL drops the URL that a parse error repeats.
func withoutURL(err error) error {
	var parse *url.Error
	if errors.As(err, &parse) {
		return errors.New("the URL cannot be parsed")
	}
	return err
}
