package bus

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// startEmbedded runs a server that is reached from inside the process only. It handles no signal and
// writes no log: both belong to the program around it.
func startEmbedded(wait time.Duration) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName:      "embedded",
		DontListen:      true,
		NoSigs:          true,
		NoLog:           true,
		NoSystemAccount: true,
	})
	if err != nil {
		return nil, fmt.Errorf("embedded bus: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(wait) {
		s.Shutdown()
		return nil, errors.New("embedded bus: not ready in time")
	}
	return s, nil
}

func (b *Bus) stopEmbedded() {
	if b.embedded == nil {
		return
	}
	b.embedded.Shutdown()
	b.embedded.WaitForShutdown()
	if err := b.work.discard(); err != nil {
		b.log.Warn("the embedded bus left a folder behind", "error", err)
	}
}
