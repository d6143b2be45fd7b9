// Package notice tells accounts what concerns them: it writes notices inside the transaction that causes
// them, lists them, and keeps live readings that miss none and repeat none.
//
// Every account counts its own notices. The counter is raised in the transaction that writes the notice,
// so the row of the account is held until the commit, and whoever sees a sequence sees all before it
// (design §7). The bus only hints that an account has something new: a reading asks the store how far
// the account has counted, so a hint that is lost costs time and a hint that is wrong costs nothing.
package notice

import (
	"context"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/internal/clock"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/round"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// What a Config means by zero.
const (
	// DefaultRetention is how long a notice is kept after the account was told.
	DefaultRetention = 90 * 24 * time.Hour
	// DefaultReconcileEvery is how often readings are compared with the store (design §7).
	DefaultReconcileEvery = 30 * time.Second
)

// sealedPlate is the column to which a sealed plate is bound.
const sealedPlate = "notice.plate"

// The jobs that this package does as the system.
const (
	jobTell      = "tell"
	jobRead      = "read for live readings"
	jobResume    = "resume reading"
	jobReconcile = "reconcile readings"
	jobPrune     = "prune notices"
)

// ResyncRequired answers a cursor from which a reading cannot go on without a gap: its notice is past
// retention, gone, or not this account's. The client reads the list anew and then watches without one.
var ResyncRequired = fault.New("RESYNC_REQUIRED",
	"The cursor is too old or not known. Read the list again, then watch without a cursor.")

// Lots knows what lots are called. An unknown lot has empty names.
type Lots interface {
	LotName(row int64) (name, half string)
}

// Viewers knows what has become of a viewer since it began to read.
type Viewers interface {
	// Now answers the viewer of this moment. Error: that nobody stands behind it any more.
	Now(ctx context.Context, v *viewer.Viewer) (*viewer.Viewer, error)
}

// Bus carries hints between replicas; see bus.Bus.
type Bus interface {
	Publish(subject string, payload []byte) error
	Attend(subject string, heed func(subject string, payload []byte)) (leave func(), err error)
	OnReconnect(hook func())
}

// Outbox takes work that is done outside once the transaction has committed; see outbox.Service.
type Outbox interface {
	Put(ctx context.Context, tx *ent.Tx, kind task.Kind, aboutID, accountID int64) error
}

// Config is what a Service is made of.
type Config struct {
	Store *store.Store
	Vault *vault.Vault
	Bus   Bus
	Clock clock.Clock
	Log   *slog.Logger
	// Outbox of notices that leave the program; nil: none does.
	Outbox Outbox
	// Lots may be set later; see SetLots.
	Lots Lots
	// Retention of a notice from the moment of telling; zero means DefaultRetention.
	Retention time.Duration
	// ReconcileEvery is the pause between two reconciliations; zero means DefaultReconcileEvery.
	ReconcileEvery time.Duration
}

// Service is the domain of notices. It is safe for concurrent use.
type Service struct {
	store          *store.Store
	vault          *vault.Vault
	bus            Bus
	outbox         Outbox
	clock          clock.Clock
	log            *slog.Logger
	lots           Lots
	viewers        Viewers
	retention      time.Duration
	reconcileEvery time.Duration
	hub            *hub
	reads          *round.Group
	ofSpan         string          // see writeOfSpan
	raiseCounter   store.Statement // of an account, by its row
}

// New answers a service. What the bus loses is found while Run runs.
func New(c Config) *Service {
	s := &Service{
		store: c.Store, vault: c.Vault, bus: c.Bus, outbox: c.Outbox, clock: c.Clock, log: c.Log, lots: c.Lots,
		retention: c.Retention, reconcileEvery: c.ReconcileEvery, hub: newHub(),
	}
	s.reads = round.New(s.readAhead)
	s.ofSpan, s.raiseCounter = writeOfSpan(c.Store.Dialect()), writeRaiseCounter(c.Store.Dialect())
	if s.retention == 0 {
		s.retention = DefaultRetention
	}
	if s.reconcileEvery == 0 {
		s.reconcileEvery = DefaultReconcileEvery
	}
	return s
}

// SetLots says who knows the lots, when that service is itself made with this one. Call it before
// anything is read.
func (s *Service) SetLots(lots Lots) { s.lots = lots }

// SetViewers says who knows the viewers of this moment, when that service is itself made with this one. Call
// it before anything is read; without it a reading goes by the viewer that it began with.
func (s *Service) SetViewers(viewers Viewers) { s.viewers = viewers }

// Rouse lets an account's readings look at once whether they may go on. It is quick.
func (s *Service) Rouse(accountID int64) { s.hub.rouse(accountID) }

// reader answers the viewer when it may read messages at all; which there are for it, the facts have decided
// when they were written. Errors: fault.Unauthenticated, CONSENT_REQUIRED.
func reader(v *viewer.Viewer) (*viewer.Viewer, error) {
	if err := entitlement.RequireConsents(v, entitlement.StayMessages); err != nil {
		return nil, err
	}
	return v, nil
}

// keptSince is the instant before which notices have expired.
func (s *Service) keptSince() time.Time { return s.clock.Now().Add(-s.retention) }
