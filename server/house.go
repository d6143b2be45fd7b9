// Package server is the process: it opens what the program stands on, makes the domain services of it
// and serves them.
package server

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/alexedwards/argon2id"

	"parkbff/internal/agreement"
	"parkbff/internal/appconfig"
	"parkbff/internal/billing"
	"parkbff/internal/bus"
	"parkbff/internal/clock"
	"parkbff/internal/delivery"
	"parkbff/internal/discount"
	"parkbff/internal/dispute"
	"parkbff/internal/identity"
	"parkbff/internal/identity/staffing"
	"parkbff/internal/identity/token"
	"parkbff/internal/invoice"
	"parkbff/internal/loyalty"
	"parkbff/internal/mall"
	"parkbff/internal/notice"
	"parkbff/internal/outbox"
	"parkbff/internal/parking"
	"parkbff/internal/payout"
	"parkbff/internal/permit"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/reservation"
	"parkbff/internal/risk"
	"parkbff/internal/shift"
	"parkbff/internal/space"
	"parkbff/internal/store"
	"parkbff/internal/tariff"
	"parkbff/internal/vault"
	"parkbff/server/config"
)

// House is the domain services and what they stand on. The server runs in one, and so does every
// command that works beside it.
type House struct {
	Config     config.Config
	Clock      clock.Clock
	Log        *slog.Logger
	Keys       *vault.Keys
	Store      *store.Store
	Bus        *bus.Bus
	Tokens     *token.Issuer
	Identity   *identity.Service
	Parking    *parking.Service
	Billing    *billing.Service
	Discounts  *discount.Service
	Notices    *notice.Service
	Outbox     *outbox.Service
	Delivery   *delivery.Service
	Staff      *staffing.Service
	Consents   *consents.Service
	Risk       *risk.Service
	Apps       *appconfig.Service
	Partners   *Partners
	Agreements *agreement.Service
	Invoices   *invoice.Service
	Permits    *permit.Service
	Shifts     *shift.Service
	Disputes   *dispute.Service
	Bays       *reservation.Service
	Spaces     *space.Service
	Payouts    *payout.Service
	Loyalty    *loyalty.Service
	Mall       *mall.Service

	vault  *vault.Vault
	people identity.Config
}

// Parts that a House may be given; zero values mean the real ones.
type Parts struct {
	Clock  clock.Clock
	Random io.Reader
	Log    *slog.Logger
	// Catalogue of the privacy policy, for tests of another.
	Catalogue *consents.Catalogue
	// Hashing is what a password costs, for tests that sign many people in.
	Hashing *argon2id.Params
	// Notices, for tests that cannot wait.
	ReconcileEvery time.Duration
	// SweepEvery of the outbox, likewise.
	SweepEvery time.Duration
	// Workers of the outbox, for tests that want tasks done one after another.
	Workers int
	// Overhear stands before every stand-in for a partner, for tests of what partners are told.
	Overhear func(partner string, h http.Handler) http.Handler
}

const (
	tokenIssuer   = "parkbff"
	tokenAudience = "parkbff"
)

// Open opens the house. What it opened is closed by Close, and at once when it fails half-way.
func Open(ctx context.Context, c config.Config, p Parts) (_ *House, err error) {
	h := &House{Config: c, Clock: p.Clock, Log: p.Log}
	if h.Clock == nil {
		h.Clock = clock.System{}
	}
	if h.Log == nil {
		h.Log = slog.Default()
	}
	if p.Random == nil {
		p.Random = rand.Reader
	}
	if p.Catalogue == nil {
		if p.Catalogue, err = consents.Published(); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close(context.WithoutCancel(ctx)))
		}
	}()
	if h.Keys, err = openKeys(c, p.Random); err != nil {
		return nil, err
	}
	if h.Partners, err = openPartners(c, h.Clock, p.Random, p.Overhear); err != nil {
		return nil, err
	}
	if h.Bus, err = bus.Open(ctx, bus.Options{URL: c.NATSURL, Name: "parkbff", Log: h.Log}); err != nil {
		return nil, err
	}
	h.Store, err = store.Open(ctx, store.Options{URL: c.DatabaseURL, Replicas: c.DatabaseReplicas, Dir: c.Data, Logger: h.Log})
	if err != nil {
		return nil, err
	}
	if h.Tokens, err = NewIssuer(h.Keys, h.Clock); err != nil {
		return nil, err
	}
	return h, h.openServices(p)
}

func (h *House) openServices(p Parts) (err error) {
	v := vault.New(h.Keys, h.Store.DataKeys())
	h.vault = v
	h.Outbox = outbox.New(outbox.Config{
		Store: h.Store, Queue: h.Bus.Work(), Clock: h.Clock, Log: h.Log, SweepEvery: p.SweepEvery, Parallel: p.Workers,
	})
	h.Risk = risk.New(risk.Config{Store: h.Store, Clock: h.Clock, Log: h.Log})
	h.Notices = notice.New(notice.Config{
		Store: h.Store, Vault: v, Bus: h.Bus, Clock: h.Clock, Log: h.Log, Outbox: h.Outbox,
		ReconcileEvery: p.ReconcileEvery,
	})
	h.Parking, err = parking.New(parking.Config{
		Store: h.Store, Vault: v, Clock: h.Clock, Random: p.Random, Calendar: tariff.Calendar{},
		Teller: h.Notices, Bus: h.Bus, Policies: p.Catalogue, Risks: h.Risk, Log: h.Log, QuoteKey: h.Keys.IDKey(),
	})
	if err != nil {
		return err
	}
	h.Notices.SetLots(h.Parking)
	h.people = identity.Config{
		Store: h.Store, Vault: v, Tokens: h.Tokens, Bus: h.Bus, Clock: h.Clock, Random: p.Random,
		SMS: h.Partners.SMS, Reader: h.Partners.OCR, Teller: h.Notices, Risks: h.Risk, Log: h.Log, StepUps: secondFactor{h},
		Platforms: h.Partners.Platforms(), Numbers: h.Partners.Numbers(),
		ProveChannels: h.Config.Mode == config.Production, Catalogue: p.Catalogue, Stirred: h.Notices.Rouse,
	}
	if h.Identity, err = identity.New(h.people); err != nil {
		return err
	}
	h.Notices.SetViewers(h.Identity)
	h.Consents = consents.New(consents.Config{
		Store: h.Store, Clock: h.Clock, Catalogue: p.Catalogue, Accounts: h.Identity, Signer: h.Tokens, Keyed: v,
	})
	h.Staff, err = staffing.New(staffing.Config{
		Store: h.Store, Vault: v, Tokens: h.Tokens, Facts: h.Identity, Clock: h.Clock, Random: p.Random, Risks: h.Risk,
		Hashing: p.Hashing,
	})
	if err != nil {
		return err
	}
	h.Outbox.SetOffice(h.Staff)
	h.Discounts = discount.New(discount.Config{Store: h.Store, Vault: v, Clock: h.Clock, Lots: h.Parking})
	h.Permits = permit.New(permit.Config{Store: h.Store, Vault: v, Clock: h.Clock, Lots: h.Parking, Garage: h.Identity})
	h.Shifts = shift.New(shift.Config{Store: h.Store, Vault: v, Clock: h.Clock, Lots: h.Parking})
	h.Bays = reservation.New(reservation.Config{Store: h.Store, Vault: v, Clock: h.Clock, Lots: h.Parking, Garage: h.Identity, Teller: h.Notices})
	h.Loyalty = loyalty.New(loyalty.Config{Store: h.Store, Clock: h.Clock, Policies: p.Catalogue})
	h.Mall = mall.New(mall.Config{Store: h.Store, Vault: v, Clock: h.Clock, Lots: h.Parking, Points: h.Loyalty, Vouchers: h.Discounts})
	if err := h.openInvoices(v, p.Random); err != nil {
		return err
	}
	h.Agreements = agreement.New(agreement.Config{
		Store: h.Store, Vault: v, Clock: h.Clock, Random: p.Random, Vehicles: h.Identity, Payers: h.Identity, Stays: h.Parking,
		Tasks: h.Outbox, Offers: h.Partners.deductions,
	})
	h.Billing = billing.New(billing.Config{
		Store: h.Store, Vault: v, Clock: h.Clock, Random: p.Random, Stays: h.Parking, Discounts: h.Discounts, Permits: h.Permits, Drawers: h.Shifts, Reservations: h.Bays, Points: h.Loyalty, Mall: h.Mall, Payers: h.Identity, Office: h.Staff,
		Invoices: h.Invoices, Agreements: h.Agreements, Tasks: h.Outbox, Tills: h.Partners.Offers(), Log: h.Log,
	})
	h.Disputes = dispute.New(dispute.Config{
		Store: h.Store, Vault: v, Clock: h.Clock, Stays: h.Parking, Money: h.Billing, Office: h.Staff, Calendar: tariff.Calendar{},
		InstantFen: h.Config.InstantRefundFen,
	})
	h.Spaces = space.New(space.Config{
		Store: h.Store, Vault: v, Clock: h.Clock, Lots: h.Parking, Owners: h.Identity, Office: h.Staff,
	})
	h.Payouts = payout.New(payout.Config{
		Store: h.Store, Vault: v, Clock: h.Clock, Random: p.Random, Bank: h.Partners.Clearing(), Books: h.Billing, Owners: h.Spaces,
		Lots: h.Parking, Tasks: h.Outbox,
	})
	h.Invoices.SetOrders(h.Billing)
	h.Agreements.SetOrders(h.Billing)
	h.Parking.SetCollector(h.Agreements)
	h.Apps = appconfig.New(appconfig.ServiceConfig{Store: h.Store, Clock: h.Clock, Office: h.Staff})
	return h.openDelivery(v)
}

// secondFactor asks the service of staff, which is made after that of identity.
type secondFactor struct{ house *House }

func (f secondFactor) SteppedUp(ctx context.Context) error { return f.house.Staff.SteppedUp(ctx) }

// Close closes what Open opened; the bus first, because what it delivers is handled in the store.
func (h *House) Close(ctx context.Context) error {
	var errs []error
	if h.Bus != nil {
		errs = append(errs, h.Bus.Close(ctx))
	}
	if h.Store != nil {
		errs = append(errs, h.Store.Close())
	}
	if h.Partners != nil {
		errs = append(errs, h.Partners.Close())
	}
	return errors.Join(errs...)
}

// openKeys loads the key file. Where none was named, the data folder's own is made at the first start.
func openKeys(c config.Config, random io.Reader) (*vault.Keys, error) {
	keys, err := vault.LoadKeys(c.Keys)
	if c.KeysGiven || !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := os.MkdirAll(filepath.Dir(c.Keys), 0o700); err != nil {
		return nil, fmt.Errorf("PARKBFF_DATA: make the folder: %w", err)
	}
	keys, err = vault.CreateKeys(c.Keys, random)
	if errors.Is(err, fs.ErrExist) { // another process has just made it
		return vault.LoadKeys(c.Keys)
	}
	return keys, err
}

// NewIssuer answers an issuer of the house's tokens, which every process with the same keys verifies.
func NewIssuer(keys *vault.Keys, c clock.Clock) (*token.Issuer, error) {
	var signing []token.Key
	for _, k := range keys.SigningKeys() {
		public, _ := k.Private.Public().(ed25519.PublicKey)
		signing = append(signing, token.Key{ID: k.ID, Private: k.Private, Public: public})
	}
	return token.NewIssuer(signing, tokenIssuer, tokenAudience, keys.IDKey(), c)
}

// People answers what the service of identity is made of, for the demo, which settles its accounts with
// a service of its own.
func (h *House) People() identity.Config { return h.people }
