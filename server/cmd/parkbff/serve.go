package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"

	"golang.org/x/sync/errgroup"

	"parkbff/internal/parking/lotfile"
	"parkbff/server"
	"parkbff/server/config"
	"parkbff/server/datadir"
	"parkbff/server/demo"
	"parkbff/server/heapfloor"
)

type serveCommand struct {
	Demo bool   `help:"Add demo lots, an account of each tier, and gates that report a believable stream."`
	Lots string `type:"existingfile" help:"A lot file to import at the start."`
}

// leastHeap is how much memory the server takes before garbage is collected; see package heapfloor.
const leastHeap = 32 << 20

// Run serves until the program is told to stop.
func (c *serveCommand) Run(s *surroundings) (err error) {
	defer heapfloor.Keep(leastHeap)()
	if s.config.Embedded() {
		held, err := datadir.Hold(s.config.Data)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, held.Release()) }()
	}
	return s.inHouse(func(ctx context.Context, h *server.House) error { return c.serve(ctx, s, h) })
}

func (c *serveCommand) serve(ctx context.Context, s *surroundings, h *server.House) error {
	if err := ready(ctx, s, h); err != nil {
		return err
	}
	if c.Lots != "" {
		if err := importFile(ctx, h, c.Lots); err != nil {
			return err
		}
	}
	extra, play, err := c.prepareDemo(ctx, s, h)
	if err != nil {
		return err
	}
	served, err := server.New(h, extra)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.config.Addr)
	if err != nil {
		return fmt.Errorf("PARKBFF_ADDR: %w", err)
	}
	working, rest := context.WithCancel(context.WithoutCancel(ctx))
	wait, err := h.Work(working)
	if err != nil {
		rest()
		return errors.Join(err, listener.Close())
	}
	defer wait()
	defer rest()
	announce(s, h, listener, c.Demo)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { h.Partners.Automate(ctx); return nil })
	group.Go(func() error { return served.Serve(ctx, listener) })
	if play != nil {
		group.Go(func() error { return play(ctx, "http://"+listener.Addr().String()) })
	}
	return group.Wait()
}

// ready brings the schema up to date in development; production has `parkbff migrate` for that.
func ready(ctx context.Context, s *surroundings, h *server.House) error {
	if s.config.Mode == config.Development {
		return h.Store.Migrate(ctx)
	}
	return h.Store.CheckSchema(ctx)
}

// prepareDemo answers the demo's routes and the function that plays it; both nil without a demo.
func (c *serveCommand) prepareDemo(ctx context.Context, s *surroundings, h *server.House) (map[string]http.Handler, func(context.Context, string) error, error) {
	if !c.Demo {
		return nil, nil, nil
	}
	if s.config.Mode == config.Production {
		return nil, nil, errors.New("--demo: production has no demo")
	}
	accounts, err := demo.Accounts()
	if err != nil {
		return nil, nil, err
	}
	since, err := demo.Settle(ctx, h.People(), accounts, s.config.Data)
	if err != nil {
		return nil, nil, err
	}
	listed, err := demo.Handler(accounts)
	if err != nil {
		return nil, nil, err
	}
	play := func(ctx context.Context, url string) error {
		return demo.Run(ctx, demo.Options{
			URL: url, House: beside{h}, Accounts: accounts, Since: since, Clock: h.Clock, Log: s.log,
		})
	}
	return map[string]http.Handler{"GET /dev/demo": listed}, play, nil
}

// announce says where the program is, and says it loudly when partners are stood in for.
func announce(s *surroundings, h *server.House, listener net.Listener, demo bool) {
	s.log.Info("serving", "url", "http://"+listener.Addr().String(), "settings", s.config)
	for _, name := range h.Partners.StandIns {
		s.log.Warn("A STAND-IN ANSWERS FOR A PARTNER: nothing leaves this machine", "partner", name)
	}
	if demo {
		s.level.Set(slog.LevelWarn) // the demo's own requests would bury all else
		fmt.Fprintf(os.Stdout, "\n  parkbff is at http://%s\n  Open it, sign in as a tier and watch notices arrive, masked or clear.\n\n", listener.Addr())
	}
}

// importFile adds the lots of a file and says which rows it rejects.
func importFile(ctx context.Context, h *server.House, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read
	lots, rejected, err := lotfile.Read(file)
	if err != nil {
		return err
	}
	for _, r := range rejected {
		fmt.Fprintf(os.Stderr, "rejected row %d (%s): %s %s\n", r.Row, r.Code, r.Field, r.Reason)
	}
	if err := h.Parking.Import(ctx, lots); err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "imported %d lots, rejected %d rows\n", len(lots), len(rejected))
	return nil
}
