package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"parkbff/ent/staffrole"
	"parkbff/internal/identity/staffing"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/replay"
	"parkbff/internal/viewer"
	"parkbff/server"
)

// beside does through the domain services, on the data of a server, what has no way over its API.
type beside struct{ house *server.House }

func (b beside) ImportLots(ctx context.Context, lots []lotfile.Lot) error {
	return b.house.Parking.Import(ctx, lots)
}

const jobCommandLine = "command line"

func (b beside) GateToken(ctx context.Context, lotCode, gateCode string) (string, error) {
	return b.house.Identity.GateToken(viewer.AsSystem(ctx, jobCommandLine), lotCode, gateCode)
}

func (b beside) StaffToken(ctx context.Context, label, lotCode string) (string, error) {
	return b.house.Staff.Token(viewer.AsSystem(ctx, jobCommandLine), label, lotCode, viewer.Attendant)
}

type migrateCommand struct{}

// Run brings the schema up to date.
func (migrateCommand) Run(s *surroundings) error {
	return s.inHouse(func(ctx context.Context, h *server.House) error { return h.Store.Migrate(ctx) })
}

type importLotsCommand struct {
	File string `arg:"" type:"existingfile" help:"The house's own JSON, or the open data of Taipei."`
}

// Run imports the file; a running server notices.
func (c *importLotsCommand) Run(s *surroundings) error {
	return s.inHouse(func(ctx context.Context, h *server.House) error { return importFile(ctx, h, c.File) })
}

type gateTokenCommand struct {
	Lot  string `required:"" help:"Code of the lot."`
	Gate string `default:"G1" help:"Code of the gate."`

	Rotate bool `help:"Make it the gate's next token; the one before is good for another day."`
}

// Run prints the token on the last line.
func (c *gateTokenCommand) Run(s *surroundings) error {
	return s.inHouse(func(ctx context.Context, h *server.House) error {
		if c.Rotate {
			return printToken(h.Identity.NextGateToken(viewer.AsSystem(ctx, jobCommandLine), c.Lot, c.Gate))
		}
		return printToken(beside{h}.GateToken(ctx, c.Lot, c.Gate))
	})
}

type staffTokenCommand struct {
	Lot   string `required:"" help:"Code of the lot."`
	Label string `default:"staff" help:"Personnel number."`
	Role  string `default:"ATTENDANT" enum:"ATTENDANT,MANAGER" help:"ATTENDANT or MANAGER."`
}

// Run prints the token on the last line.
func (c *staffTokenCommand) Run(s *surroundings) error {
	return s.inHouse(func(ctx context.Context, h *server.House) error {
		return printToken(h.Staff.Token(viewer.AsSystem(ctx, jobCommandLine), c.Label, c.Lot, viewer.Role(c.Role)))
	})
}

type staffInviteCommand struct {
	Label string `arg:"" help:"Personnel number: letters, digits and hyphens."`
	Role  string `required:"" enum:"ATTENDANT,MANAGER,CLERK,OFFICER,ADMIN" help:"ATTENDANT or MANAGER of a lot, CLERK or MANAGER of a store, OFFICER or ADMIN of the platform."`
	Lot   string `xor:"place" help:"Code of the lot."`
	Store string `xor:"place" help:"Code of the store."`
}

// Run gives the role and prints the code to enrol by on the last line.
func (c *staffInviteCommand) Run(s *surroundings) error {
	return s.inHouse(func(ctx context.Context, h *server.House) error {
		post := staffing.Post{Role: staffrole.Role(c.Role)}
		if c.Lot != "" {
			post.LotCode = &c.Lot
		}
		if c.Store != "" {
			post.StoreCode = &c.Store
		}
		given, err := h.Staff.Invite(viewer.AsSystem(ctx, jobCommandLine), staffing.Appointment{Label: c.Label, Post: post})
		if err != nil {
			return err
		}
		if given.Code == "" {
			fmt.Fprintln(os.Stderr, "enrolled already; the role is given")
			return nil
		}
		_, err = fmt.Fprintln(os.Stdout, given.Code)
		return err
	})
}

type storeAddCommand struct {
	Code string `arg:"" help:"Code of the store."`
	Name string `arg:"" help:"Its name."`
}

// Run adds the store, or names it anew.
func (c *storeAddCommand) Run(s *surroundings) error {
	return s.inHouse(func(ctx context.Context, h *server.House) error {
		return h.Staff.AddStore(viewer.AsSystem(ctx, jobCommandLine), c.Code, c.Name)
	})
}

func printToken(token string, err error) error {
	if err == nil {
		_, err = fmt.Fprintln(os.Stdout, token)
	}
	return err
}

type replayCommand struct {
	URL      string   `name:"url" default:"http://127.0.0.1:8080" help:"Where the server is."`
	Lots     string   `required:"" type:"existingfile" help:"The lot file."`
	Sessions []string `required:"" type:"existingfile" help:"CSV files of recorded stays; the base name is the lot's code."`
	Speed    string   `default:"max" help:"max, or a multiple of real time such as 60x or 1x."`
	Accounts int      `default:"5" help:"How many accounts take over a share of the stays."`
	Rebase   bool     `help:"Shift stays and tariffs by whole weeks so that they end now."`
}

// Run replays and prints one line of JSON.
func (c *replayCommand) Run(s *surroundings) error {
	return s.inHouse(func(ctx context.Context, h *server.House) error {
		report, err := replay.Run(ctx, replay.Options{
			URL: c.URL, Lots: c.Lots, Sessions: c.Sessions, Speed: c.Speed, Accounts: c.Accounts, Rebase: c.Rebase,
			Progress: os.Stderr,
		}, beside{h})
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(report)
	})
}

type doctorCommand struct{}

// Run checks what the program stands on; opening the house has checked settings, keys and bus already.
func (doctorCommand) Run(s *surroundings) error {
	return s.inHouse(func(ctx context.Context, h *server.House) error {
		checks := []struct {
			name string
			ask  func() error
		}{
			{"store answers", func() error { return h.Store.Ping(ctx) }},
			{"schema is current", func() error { return h.Store.CheckSchema(ctx) }},
			{"bus answers", h.Bus.Healthy},
			{"call-backs are signed", h.Partners.CheckCallbacks},
			{"clock is sane", func() error { return saneClock(h.Clock.Now()) }},
		}
		fmt.Fprintln(os.Stdout, "ok    settings, keys")
		var failed error
		for _, c := range checks {
			if err := c.ask(); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: no: %w", c.name, err))
				fmt.Fprintf(os.Stdout, "FAIL  %s\n", c.name)
				continue
			}
			fmt.Fprintf(os.Stdout, "ok    %s\n", c.name)
		}
		return errors.Join(failed, proveLedger(ctx, h))
	})
}

// proveLedger says whether all money is where the ledger says.
func proveLedger(ctx context.Context, h *server.House) error {
	proof, err := h.Billing.Prove(ctx)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	for _, o := range proof.Offences {
		fmt.Fprintf(os.Stdout, "ledger: %s\n", o)
	}
	if len(proof.Offences) > 0 {
		return errors.New("ledger: not balanced")
	}
	fmt.Fprintf(os.Stdout, "ledger: balanced, %d entries\n", proof.Entries)
	return provePoints(ctx, h)
}

// provePoints says whether every membership has the points that its entries say.
func provePoints(ctx context.Context, h *server.House) error {
	offences, err := h.Loyalty.Prove(ctx)
	if err != nil {
		return fmt.Errorf("points: %w", err)
	}
	for _, offence := range offences {
		fmt.Fprintf(os.Stdout, "points: %s\n", offence)
	}
	if len(offences) > 0 {
		return errors.New("points: the books do not agree")
	}
	fmt.Fprintln(os.Stdout, "points: the books agree")
	return nil
}

// saneClock refuses a clock that has plainly never been set: tokens and tariffs depend on it.
func saneClock(now time.Time) error {
	if now.Year() < 2025 {
		return fmt.Errorf("the year is %d", now.Year())
	}
	return nil
}
