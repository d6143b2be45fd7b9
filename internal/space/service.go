// Package space owns what people offer to share: bays of their own in lots (车位共享). Whose a bay is, documents say and an
// officer decides.
package space

import (
	"context"

	"parkbff/ent"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Lots knows lots.
type Lots interface {
	Lot(code string) (*parking.Lot, bool)
	LotByRow(row int64) (*parking.Lot, bool)
}

// Owners tells from documents who owns something.
type Owners interface {
	ExamineDeed(ctx context.Context, certificate, idCard identity.Picture) (*identity.Deed, error)
	RecordDeed(ctx context.Context, tx *ent.Tx, accountID int64, d *identity.Deed) error
}

// Office tells whether the viewer is staff of the platform, and whether the second factor was passed.
type Office interface {
	Office(ctx context.Context, role viewer.Role) (*viewer.Viewer, error)
	SteppedUp(ctx context.Context) error
}

// Config is what a Service is made of. All of it is required.
type Config struct {
	Store  *store.Store
	Vault  *vault.Vault
	Clock  clock.Clock
	Lots   Lots
	Owners Owners
	Office Office
}

// Service is safe for concurrent use.
type Service struct{ Config }

// New answers a service.
func New(c Config) *Service { return &Service{c} }

// mostOffered bounds what an account offers at a time.
const mostOffered = 10

// Faults of this package.
var (
	UnknownLot     = fault.New("UNKNOWN_LOT", "There is no lot of that code.").At("lotCode")
	InvalidBay     = fault.New("INVALID_BAY", "A bay's number has 1 to 20 letters, digits and dashes.").At("bay")
	TooMany        = fault.New("TOO_MANY_SPACES", "An account offers 10 spaces at most.")
	AlreadyOffered = fault.New("SPACE_OFFERED", "The account offers this bay already.").At("bay")
	AlreadyDecided = fault.New("ALREADY_DECIDED", "The offer has been decided or withdrawn.").At("spaceId")
	NotShared      = fault.New("SPACE_NOT_SHARED", "Hours are set for a bay once an officer has agreed.").At("spaceId")
	InvalidHours   = fault.New("INVALID_SPACE_HOURS", "Hours have days of the week, and begin and end at minutes such as 08:00; 14 at most.").At("hours")
	StillReserved  = fault.New("SPACE_RESERVED", "The bay is reserved still: take its hours away, and end the offer when that is over.").At("spaceId")
	BayTaken       = fault.New("BAY_TAKEN", "Somebody else shares this bay.").At("spaceId")
	InvalidText    = fault.New("INVALID_WORDS", "Between 1 and 500 printable characters.")
)

// The jobs that this package does as the system.
const (
	jobOffer  = "offer a space"
	jobDecide = "decide on a space"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.Store.WithTx(viewer.AsSystem(ctx, job), fn)
}
