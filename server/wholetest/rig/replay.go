package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"parkbff/internal/replay"
)

// Replay is a run of `parkbff replay` against the server of a house.
type Replay struct {
	Lots     string   // the lot file
	Sessions []string // CSV files
	Accounts int
	Kills    int    // how often the server is killed and started again on the way
	Every    int    // after so many batches; 0 is 1
	Seed     uint64 // of the moments of the kills
}

// Replay runs it to its end and answers its report. It is an error when fewer kills than asked for found a
// batch to fall upon.
func (h *House) Replay(ctx context.Context, r Replay) (replay.Report, error) {
	deadly := newKiller(h, r.Kills, max(r.Every, 1), r.Seed)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return replay.Report{}, fmt.Errorf("listen before the server: %w", err)
	}
	between := &http.Server{Handler: deadly, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = between.Serve(listener) }() // ends with Close
	defer func() { _ = between.Close() }()

	args := []string{"replay", "--url", "http://" + listener.Addr().String(), "--lots", r.Lots, "--accounts", strconv.Itoa(r.Accounts)}
	for _, path := range r.Sessions {
		args = append(args, "--sessions", path)
	}
	said, err := h.Run(ctx, args...)
	if err != nil {
		return replay.Report{}, err
	}
	left, err := deadly.finish()
	switch {
	case err != nil:
		return replay.Report{}, fmt.Errorf("kill and start again: %w", err)
	case left > 0:
		return replay.Report{}, fmt.Errorf("%d of %d kills found no batch to fall upon", left, r.Kills)
	}
	var report replay.Report
	if err := json.Unmarshal([]byte(said), &report); err != nil {
		return replay.Report{}, fmt.Errorf("read the report: %w", err)
	}
	return report, nil
}
