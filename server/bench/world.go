//go:build linux

// Package bench measures the server against a handler written by hand for one query, in one run and on
// one PostgreSQL, and prints ratios: absolute times say more about the machine than about the program.
package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"parkbff/internal/cnid"
	"parkbff/internal/identity"
	"parkbff/internal/identity/token"
	"parkbff/internal/parking"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/tariff"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
	"parkbff/server"
	"parkbff/server/config"
)

// World is a database with people, lots and stays in it, and what its clients hold.
type World struct {
	URL  string // of the database
	Data string // folder of the processes that serve it
	Keys string // key file of the house

	Stays      int
	Verified   string // token of a driver whose vehicle is verified
	Unverified string // token of a driver whose vehicle is not
	Lanes      []Lane
}

// Lane is a gate that reports.
type Lane struct {
	LotRow  int64
	LotCode string
	Token   string
}

const (
	city           = "深圳"
	lotsOfWorld    = 40
	tokenLife      = 12 * time.Hour
	historyDays    = 80 // inside the three months that a person may browse
	mostOwnStays   = 5000
	verifiedMobile = "13900001001"
	otherMobile    = "13900001002"
)

// NewWorld migrates the database at url and fills it with a number of stays. Each of the two drivers has
// one in ten of them, 5,000 at most, spread evenly between those of strangers; every plate opens. dir
// keeps the keys.
func NewWorld(ctx context.Context, url, dir string, stays int) (_ *World, err error) {
	w := &World{URL: url, Data: filepath.Join(dir, "server"), Keys: filepath.Join(dir, "keys"), Stays: stays}
	h, err := server.Open(ctx, config.Config{
		Addr: "127.0.0.1:0", Data: filepath.Join(dir, "seed"), DatabaseURL: url, Keys: w.Keys, Mode: config.Development,
	}, server.Parts{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	if err := h.Store.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := h.Parking.Import(ctx, lots()); err != nil {
		return nil, fmt.Errorf("import lots: %w", err)
	}
	if err := w.issueLanes(ctx, h); err != nil {
		return nil, err
	}
	return w, w.settle(ctx, h)
}

// lots are named so that some share a half-masked name and some show nothing.
func lots() []lotfile.Lot {
	hourly := tariff.Always(tariff.RateTable{
		Free:        tariff.Free{Minutes: 15},
		Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: 500}),
	})
	places := []string{"万象城", "海岸城", "中山公园", "深圳湾口岸", "市民中心"}
	parts := []string{"东区", "西区", "南区", "北区", "地下一层", "地下二层", "一期", "二期"}
	all := make([]lotfile.Lot, lotsOfWorld)
	for i := range all {
		all[i] = lotfile.Lot{
			Code: lotCode(i), Name: places[i%len(places)] + parts[i/len(places)] + "停车场", Region: lotfile.Mainland,
			City: city, Capacity: 800, Barrier: true,
			Gates: []lotfile.Gate{{Code: gateCode, Direction: lotfile.Both}}, Tariff: &hourly,
		}
	}
	return all
}

const gateCode = "G1"

func lotCode(n int) string { return fmt.Sprintf("SZ-%03d", n) }

// issueLanes makes two gates ready: one for each side of the comparison, so that neither finds what the
// other wrote.
func (w *World) issueLanes(ctx context.Context, h *server.House) error {
	for n := range 2 {
		code := lotCode(n)
		issued, err := h.Identity.GateToken(viewer.AsSystem(ctx, "benchmark"), code, gateCode)
		if err != nil {
			return fmt.Errorf("token of a gate: %w", err)
		}
		lot, _ := h.Parking.Lot(code)
		w.Lanes = append(w.Lanes, Lane{LotRow: lot.Row, LotCode: code, Token: issued})
	}
	return nil
}

func (w *World) settle(ctx context.Context, h *server.House) error {
	one, err := settleDriver(ctx, h, verifiedMobile, "粤BV0001", true)
	if err != nil {
		return fmt.Errorf("settle the verified driver: %w", err)
	}
	other, err := settleDriver(ctx, h, otherMobile, "粤BU0002", false)
	if err != nil {
		return fmt.Errorf("settle the other driver: %w", err)
	}
	w.Verified, w.Unverified = one.token, other.token
	db, err := sql.Open("postgres", w.URL)
	if err != nil {
		return err
	}
	defer db.Close()
	v := vault.New(h.Keys, h.Store.DataKeys())
	return seedStays(ctx, db, v, h.Parking, w.Stays, one, other)
}

// driver is an account with one vehicle.
type driver struct {
	account, vehicle int64
	plate            cnid.Plate
	token            string
}

// settleDriver signs somebody in and binds a plate, through the services that do so for everybody.
func settleDriver(ctx context.Context, h *server.House, mobile, plate string, verify bool) (driver, error) {
	ctx = viewer.With(ctx, viewer.Nobody())
	number, err := cnid.ParseMobile(mobile)
	if err != nil {
		return driver{}, err
	}
	if _, err := h.Identity.SendCode(ctx, mobile, identity.CodeForLogin); err != nil {
		return driver{}, err
	}
	code, _ := h.Partners.Sandbox.Code(number)
	if _, err := h.Identity.SignIn(ctx, identity.Login{Mobile: mobile, Code: code, Channel: "APP"}); err != nil {
		return driver{}, err
	}
	bound, err := h.Identity.BindPlate(ctx, plate, cnid.Blue, true)
	if err != nil {
		return driver{}, err
	}
	if verify {
		if _, err := h.Identity.VerifyVehicle(ctx, bound.Row, drivingLicence(plate), identityCard()); err != nil {
			return driver{}, err
		}
	}
	parsed, err := cnid.ParsePlate(plate, cnid.Blue)
	if err != nil {
		return driver{}, err
	}
	who := viewer.Of(ctx)
	issued, err := h.Tokens.Issue(token.Claims{
		Use: token.Access, Subject: who.AccountID, SignIn: who.SignInID, ExpiresAt: time.Now().Add(tokenLife),
	})
	return driver{who.AccountID, bound.VehicleID, parsed, issued}, err
}

// seedStays writes all stays with the newest last, then lets PostgreSQL count them.
func seedStays(ctx context.Context, db *sql.DB, v *vault.Vault, p *parking.Service, stays int, one, other driver) error {
	s := &seeder{vault: v, parking: p, stays: stays, drivers: [2]driver{one, other}, crowd: map[sealedFor]vault.Sealed{}}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing to do after the commit
	if err := s.copyStays(ctx, tx); err != nil {
		return fmt.Errorf("copy stays: %w", err)
	}
	if err := s.copyAccess(ctx, tx); err != nil {
		return fmt.Errorf("copy access: %w", err)
	}
	if err := s.copyObservations(ctx, tx); err != nil {
		return fmt.Errorf("copy observations: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM ANALYZE")
	return err
}
