// Command parkbff is the program: the server, and the commands that work beside it.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"parkbff/server"
	"parkbff/server/config"
)

// commands of the program. Settings come from the environment; see README.md.
type commands struct {
	Serve       serveCommand       `cmd:"" help:"Serve GraphQL over HTTP, WebSocket and server-sent events."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the database's schema up to date."`
	ImportLots  importLotsCommand  `cmd:"" help:"Add lots with their gates and tariffs from a file, or change them."`
	GateToken   gateTokenCommand   `cmd:"" help:"Print a token for a gate on the last line."`
	StaffToken  staffTokenCommand  `cmd:"" help:"Print a token for staff of a lot on the last line."`
	StaffInvite staffInviteCommand `cmd:"" help:"Give somebody a role and print the code to enrol by on the last line."`
	StoreAdd    storeAddCommand    `cmd:"" help:"Add a store, or name it anew."`
	Replay      replayCommand      `cmd:"" help:"Report recorded stays to a running server and compare the fees."`
	Loadtest    loadtestCommand    `cmd:"" help:"Put a server of its own under load and count what comes back."`
	Keys        keysCommand        `cmd:"" help:"Change the key file."`
	Doctor      doctorCommand      `cmd:"" help:"Check settings, keys, store, bus and clock."`
}

// surroundings are what every command is given.
type surroundings struct {
	ctx    context.Context //nolint:containedctx // the program's own, ended by a signal
	config config.Config
	log    *slog.Logger
	level  *slog.LevelVar // of log
}

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	asked := kong.Parse(&c, kong.Name("parkbff"), kong.UsageOnError(),
		kong.Description("GraphQL backend-for-frontends of a smart-parking platform."))
	settings, err := config.Read(os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, "parkbff:", err)
		return 2
	}
	var level slog.LevelVar
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: &level}))
	if err := asked.Run(&surroundings{ctx: ctx, config: settings, log: log, level: &level}); err != nil {
		fmt.Fprintln(os.Stderr, "parkbff:", err)
		return 1
	}
	return 0
}

// inHouse opens the house for one command and closes it again.
func (s *surroundings) inHouse(do func(ctx context.Context, h *server.House) error) (err error) {
	h, err := server.Open(s.ctx, s.config, server.Parts{Log: s.log})
	if err != nil {
		return err
	}
	defer func() {
		if closing := h.Close(context.WithoutCancel(s.ctx)); err == nil {
			err = closing
		}
	}()
	return do(s.ctx, h)
}
