package ws

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"parkbff/internal/clock"
	"parkbff/server/live"
)

// Options of a Transport. Runner and Authenticate are required; every zero value has a default.
type Options struct {
	Runner       *live.Runner
	Authenticate live.Authenticate
	// Clock decides when a token has ended. Deadlines of the line are real time.
	Clock clock.Clock
	Log   *slog.Logger

	// Origins are the further values of the Origin header that may connect, such as
	// "https://h5.example.com". The same host may always, and so may a request without one: native
	// apps and mini-programs send none, and no browser can omit it.
	Origins []string
	// Foreign is told the path of a request that was refused for its origin; nil: nobody is.
	Foreign func(path string)
	// Address names the client for PerAddress; by default the host of RemoteAddr. Behind a proxy it
	// must read the header that this proxy sets.
	Address func(*http.Request) string

	PerViewer  *live.Quota // connections of one signed-in viewer; nil: not capped
	PerAddress *live.Quota // connections of one address; nil: not capped

	MaxOperations int   // running at once on one connection; default 32
	MaxMessage    int64 // bytes of one incoming message; default 64 KB, beyond it the close code is 1009
	MaxRate       int   // messages a second, control frames among them, that are read from one connection after four seconds' worth at once; default 50
	MaxQueue      int   // outgoing messages waiting on one connection; default 64
	MaxQueueBytes int   // bytes of them; default 256 KB

	Timing Timing
}

// Timing of a connection.
type Timing struct {
	Init    time.Duration // to wait for connection_init, then 4408; default 10 s
	SignIn  time.Duration // to wait for Authenticate; default 10 s
	Ping    time.Duration // between pings, which are WebSocket pings (and legacy `ka`); default 25 s
	Silence time.Duration // without anything from the client, pongs included, until it counts as gone; default 60 s
	Write   time.Duration // for one message to leave; default 10 s
	Slow    time.Duration // for the queue to have room again, then 1013; default 5 s
	Close   time.Duration // to wait for the client's close frame; default 5 s
	Renewal time.Duration // before a token ends, to say so; default 60 s
	Drain   time.Duration // over which Drain spreads its closings; default 5 s
	Tick    time.Duration // between two looks of the warden at a connection: the delay of all limits above and of a revocation; default 500 ms
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Address == nil {
		o.Address = live.RemoteHost
	}
	o.MaxOperations = cmp.Or(o.MaxOperations, 32)
	o.MaxMessage = cmp.Or(o.MaxMessage, 64<<10)
	o.MaxRate = cmp.Or(o.MaxRate, 50)
	o.MaxQueue = cmp.Or(o.MaxQueue, 64)
	o.MaxQueueBytes = cmp.Or(o.MaxQueueBytes, 256<<10)
	o.Timing = o.Timing.withDefaults()
	return o
}

func (t Timing) withDefaults() Timing {
	return Timing{
		Init:    cmp.Or(t.Init, 10*time.Second),
		SignIn:  cmp.Or(t.SignIn, 10*time.Second),
		Ping:    cmp.Or(t.Ping, 25*time.Second),
		Silence: cmp.Or(t.Silence, 60*time.Second),
		Write:   cmp.Or(t.Write, 10*time.Second),
		Slow:    cmp.Or(t.Slow, 5*time.Second),
		Close:   cmp.Or(t.Close, 5*time.Second),
		Renewal: cmp.Or(t.Renewal, 60*time.Second),
		Drain:   cmp.Or(t.Drain, 5*time.Second),
		Tick:    cmp.Or(t.Tick, 500*time.Millisecond),
	}
}
