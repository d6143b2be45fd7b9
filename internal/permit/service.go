// Package permit owns permits: monthly cards and rented bays that lots sell, the plates of each, and the lists of a
// lot: who parks there for nothing, and who should not come in.
//
// A permit holds one of its plan's stock from the order that is to pay its first period until it is over. What is
// done to permits for an order is done in the order's transaction; package billing asks for it. What a right does to
// a stay is package parking's.
package permit

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Lots knows lots, and says anew when stays in them are free.
type Lots interface {
	Lot(code string) (*parking.Lot, bool)
	LotByRow(row int64) (*parking.Lot, bool)
	Regrant(ctx context.Context, tx *ent.Tx, lotID int64, indexes ...[]byte) error
}

// Garage knows the plates that the asking account has bound. Error: NOT_FOUND.
type Garage interface {
	BoundPlate(ctx context.Context, bindingRow int64) (cnid.Plate, error)
}

// Config is what a Service is made of. All of it is required.
type Config struct {
	Store  *store.Store
	Vault  *vault.Vault
	Clock  clock.Clock
	Lots   Lots
	Garage Garage
}

// Service is safe for concurrent use.
type Service struct {
	store  *store.Store
	vault  *vault.Vault
	clock  clock.Clock
	lots   Lots
	garage Garage
}

// New answers a service.
func New(c Config) *Service { return &Service{c.Store, c.Vault, c.Clock, c.Lots, c.Garage} }

// Faults of this package.
var (
	InvalidPlan    = fault.New("INVALID_PERMIT_PLAN", "A plan has a title, a price, a renewal rule with its value alone, 1 to 100 bays and no fewer plates, pieces, and an end of its sale.")
	SoldOut        = fault.New("PERMITS_SOLD_OUT", "None is left, or they are on sale no more.").At("planId")
	InvalidPeriods = fault.New("INVALID_PERIODS", "One orders 1 to 12 periods, up to two years from now.").At("periods")
	AlreadyHeld    = fault.New("PERMIT_HELD", "The vehicle has this permit: renew it.").At("vehicleId")
	NotRefundable  = fault.New("PERMIT_NOT_REFUNDABLE", "Only the last period is refunded, and only while it is not over.")
	UnknownLot     = fault.New("UNKNOWN_LOT", "There is no lot of that code.").At("lotCode")
)

// The jobs that this package does as the system.
const (
	jobSell   = "sell permits"
	jobEnd    = "end permits"
	jobPlates = "set the plates of a permit"
	jobList   = "list plates"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.store.WithTx(viewer.AsSystem(ctx, job), fn)
}

// driver answers the viewer, if they have an account that may have permits.
func driver(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver && v.Kind != viewer.Anonymous {
		return nil, fault.Forbidden
	}
	return v, entitlement.Require(v, entitlement.Permits, 0)
}

// sealedPlate is the field of a sealed column.
const sealedPlate = "plate_right.plate"

func (s *Service) indexOf(p cnid.Plate) []byte { return s.vault.Index(parking.PlateIndex, p.Key()) }

// addPlate gives a plate a right that is sealed for its lot; more is the caller's to set.
func (s *Service) addPlate(ctx context.Context, tx *ent.Tx, lotID int64, p cnid.Plate) (*ent.PlateRightCreate, error) {
	sealed, err := s.vault.SealString(ctx, vault.LotKey(lotID), sealedPlate, p.Text())
	if err != nil {
		return nil, fmt.Errorf("seal the plate: %w", err)
	}
	return tx.PlateRight.Create().SetLotID(lotID).SetPlate(sealed).SetPlateIndex(s.indexOf(p)).SetPlateColor(string(p.Color())).
		SetCreatedAt(s.clock.Now()), nil
}
