// Package reservation owns the bays that lots let be reserved: how each lot offers them, who has one for which window,
// and what becomes of it.
//
// Never are more bays promised for an instant than the lot has set aside. Whoever is about to promise one holds the
// lot's offer and counts the reservations that keep a bay, by their states alone: what has run out is closed before it
// is counted, so that no two clocks need agree. What is done to reservations for an order is done in the order's
// transaction; package billing asks for it. What a reservation does to a stay is package parking's.
package reservation

import (
	"context"

	"parkbff/ent"
	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/notice"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Lots knows lots, says anew when stays in them are free, and which cars stand in them.
type Lots interface {
	Lot(code string) (*parking.Lot, bool)
	LotByRow(row int64) (*parking.Lot, bool)
	Regrant(ctx context.Context, tx *ent.Tx, lotID int64, indexes ...[]byte) error
	Shelters(ctx context.Context, tx *ent.Tx, r *ent.Reservation) (bool, error)
}

// Garage knows the plates that the asking account has bound. Error: NOT_FOUND.
type Garage interface {
	BoundPlate(ctx context.Context, bindingRow int64) (cnid.Plate, error)
}

// Teller writes notices inside the transaction that causes them.
type Teller interface {
	Tell(ctx context.Context, tx *ent.Tx, t notice.Telling) error
}

// Config is what a Service is made of. All of it is required.
type Config struct {
	Store  *store.Store
	Vault  *vault.Vault
	Clock  clock.Clock
	Lots   Lots
	Garage Garage
	Teller Teller
}

// Service is safe for concurrent use.
type Service struct {
	store  *store.Store
	vault  *vault.Vault
	clock  clock.Clock
	lots   Lots
	garage Garage
	teller Teller
}

// New answers a service.
func New(c Config) *Service {
	return &Service{c.Store, c.Vault, c.Clock, c.Lots, c.Garage, c.Teller}
}

// Faults of this package.
var (
	InvalidOffer  = fault.New("INVALID_RESERVATION_OFFER", "An offer has no more bays than its lot, a price, and minutes and a percentage within their limits.")
	StillReserved = fault.New("BAYS_STILL_RESERVED", "More bays than that are reserved already: close the offer until they are over.").At("bays")
	InvalidWindow = fault.New("INVALID_RESERVATION_WINDOW", "A window lasts a quarter of an hour at least, and begins and ends as the lot's offer says.").At("until")
	NoBayLeft     = fault.New("NO_BAY_TO_RESERVE", "The lot has no bay to reserve for that car in that window.")
	Overlaps      = fault.New("RESERVATION_OVERLAPS", "The vehicle has a reservation in that time already.").At("vehicleId")
	TooMany       = fault.New("TOO_MANY_RESERVATIONS", "An account has five reservations to come at most.")
	TooLate       = fault.New("RESERVATION_BEGUN", "A reservation is cancelled before its car may come.").At("reservationId")
	UnknownLot    = fault.New("UNKNOWN_LOT", "There is no lot of that code.").At("lotCode")
)

// The jobs that this package does as the system.
const (
	jobOffer = "offer reservations"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.store.WithTx(viewer.AsSystem(ctx, job), fn)
}

// driver answers the viewer, if they have an account that may have reservations.
func driver(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver && v.Kind != viewer.Anonymous {
		return nil, fault.Forbidden
	}
	return v, entitlement.Require(v, entitlement.Reservations, 0)
}

// Holder answers the viewer, if they have an account that may have reservations.
func (s *Service) Holder(ctx context.Context) (*viewer.Viewer, error) { return driver(ctx) }

// sealedPlate is the field of a sealed column.
const sealedPlate = "reservation.plate"

func (s *Service) indexOf(p cnid.Plate) []byte { return s.vault.Index(parking.PlateIndex, p.Key()) }
