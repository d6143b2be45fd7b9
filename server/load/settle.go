package load

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"parkbff/ent"
	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/identity"
	"parkbff/internal/identity/token"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/tariff"
	"parkbff/internal/viewer"
	"parkbff/server"
	"parkbff/server/config"
)

// person is an account that follows, with one vehicle that it has bound. No such person exists.
type person struct {
	plate string
	token string // good for the whole run
	lane  *lane
}

// lane is a gate of a lot.
type lane struct {
	lot   string
	token string
}

const (
	lanes        = 20
	capacity     = 5000
	tokenLife    = 24 * time.Hour
	job          = "load test"
	gateCode     = "G1"
	peopleAtOnce = 200 // settled in one transaction
	settlers     = 4   // of PostgreSQL; SQLite has one writer
)

// settle makes the lots and a number of people in the data of a server that is not running.
func settle(ctx context.Context, data, database string, count int, settled func(n int)) (_ []person, _ []lane, err error) {
	h, err := server.Open(ctx, config.Config{
		Addr: "127.0.0.1:0", Data: data, DatabaseURL: database, Keys: keyFile(data), Mode: config.Development,
	}, server.Parts{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	if err := h.Store.Migrate(ctx); err != nil {
		return nil, nil, err
	}
	at, err := openLanes(ctx, h)
	if err != nil {
		return nil, nil, fmt.Errorf("open lots: %w", err)
	}
	people, err := settlePeople(ctx, h, at, count, settled)
	if err != nil {
		return nil, nil, fmt.Errorf("settle accounts: %w", err)
	}
	return people, at, nil
}

// keyFile is where the server of a data folder finds its keys.
func keyFile(data string) string { return filepath.Join(data, "keys") }

func openLanes(ctx context.Context, h *server.House) ([]lane, error) {
	hourly := tariff.Always(tariff.RateTable{
		Free:        tariff.Free{Minutes: 15},
		Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: 500}),
	})
	var lots []lotfile.Lot
	all := make([]lane, lanes)
	for i := range all {
		all[i].lot = fmt.Sprintf("LOAD-%02d", i)
		lots = append(lots, lotfile.Lot{
			Code: all[i].lot, Name: fmt.Sprintf("云山%02d号停车场", i), Region: lotfile.Mainland, City: "深圳",
			Capacity: capacity, Barrier: true,
			Gates: []lotfile.Gate{{Code: gateCode, Direction: lotfile.Both}}, Tariff: &hourly,
		})
	}
	if err := h.Parking.Import(ctx, lots); err != nil {
		return nil, err
	}
	for i := range all {
		var err error
		if all[i].token, err = h.Identity.GateToken(viewer.AsSystem(ctx, job), all[i].lot, gateCode); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func settlePeople(ctx context.Context, h *server.House, at []lane, count int, settled func(n int)) ([]person, error) {
	people := make([]person, count)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(1)
	if h.Config.DatabaseURL != "" {
		group.SetLimit(settlers)
	}
	first := 0
	for batch := range slices.Chunk(people, peopleAtOnce) {
		from := first
		first += len(batch)
		group.Go(func() error {
			// Services join the transaction around them, so that a whole batch costs one commit.
			err := h.Store.WithTx(ctx, func(ctx context.Context, _ *ent.Tx) error {
				for i := range batch {
					batch[i].lane = &at[(from+i)%len(at)]
					if err := batch[i].settle(ctx, h, from+i); err != nil {
						return err
					}
				}
				return nil
			})
			settled(len(batch))
			return err
		})
	}
	return people, group.Wait()
}

// settle signs the n-th person in and binds a plate, through the services that do so for everybody.
func (p *person) settle(ctx context.Context, h *server.House, n int) error {
	mobile := fmt.Sprintf("139%08d", n)
	number, err := cnid.ParseMobile(mobile)
	if err != nil {
		return err
	}
	ctx = viewer.With(ctx, viewer.Nobody())
	if _, err := h.Identity.SendCode(ctx, mobile, identity.CodeForLogin); err != nil {
		return err
	}
	code, _ := h.Partners.Sandbox.Code(number)
	if _, err := h.Identity.SignIn(ctx, identity.Login{Mobile: mobile, Code: code, Channel: signin.ChannelAPP}); err != nil {
		return err
	}
	p.plate = plateOf(n)
	if _, err := h.Identity.BindPlate(ctx, p.plate, cnid.Blue, true); err != nil {
		return err
	}
	who := viewer.Of(ctx)
	p.token, err = h.Tokens.Issue(token.Claims{
		Use: token.Access, Subject: who.AccountID, SignIn: who.SignInID, ExpiresAt: h.Clock.Now().Add(tokenLife),
	})
	return err
}

func plateOf(n int) string { return fmt.Sprintf("粤B%05d", n) }
