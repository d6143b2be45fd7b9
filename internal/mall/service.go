// Package mall owns what lots offer for money or for points: the items, and what accounts have had of them. What a store
// hands over is collected there against a code; a parking voucher is its account's at once.
//
// What is done to orders of the mall for a payment is done in the payment's transaction; package billing asks for it.
package mall

import (
	"context"

	"parkbff/ent"
	"parkbff/internal/clock"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Lots knows lots by their codes.
type Lots interface {
	Lot(code string) (*parking.Lot, bool)
	LotByRow(row int64) (*parking.Lot, bool)
}

// Points are what some items cost. They move in the transaction of the order; see loyalty.Service.
type Points interface {
	// Member answers the viewer, if they have an account that has points.
	Member(ctx context.Context) (*viewer.Viewer, error)
	// Spend takes points of an account for an order. Error: NOT_ENOUGH_POINTS.
	Spend(ctx context.Context, tx *ent.Tx, accountID, points, mallOrder int64) error
	Return(ctx context.Context, tx *ent.Tx, mallOrder int64) error
}

// Vouchers makes vouchers that were had for points; see discount.Service.
type Vouchers interface {
	Exchange(ctx context.Context, tx *ent.Tx, offer *ent.VoucherOffer, accountID int64, cause []byte) (voucher int64, err error)
}

// Config is what a Service is made of. All of it is required.
type Config struct {
	Store    *store.Store
	Vault    *vault.Vault
	Clock    clock.Clock
	Lots     Lots
	Points   Points
	Vouchers Vouchers
}

// Service is safe for concurrent use.
type Service struct {
	store    *store.Store
	vault    *vault.Vault
	clock    clock.Clock
	lots     Lots
	points   Points
	vouchers Vouchers
}

// New answers a service.
func New(c Config) *Service {
	return &Service{c.Store, c.Vault, c.Clock, c.Lots, c.Points, c.Vouchers}
}

// Faults of this package.
var (
	UnknownLot    = fault.New("UNKNOWN_LOT", "There is no lot of that code.").At("lotCode")
	UnknownStore  = fault.New("UNKNOWN_STORE", "There is no store of that code.").At("storeCode")
	InvalidItem   = fault.New("INVALID_MALL_ITEM", "An item has a code and a name; it is what a store hands over for money or points, or a voucher for points; it is on sale for a year at most, and stays what it is.")
	SoldOut       = fault.New("MALL_ITEM_SOLD_OUT", "None is left, or it is on sale no more, or not in this way.").At("itemId")
	CodeUnusable  = fault.New("MALL_CODE_UNUSABLE", "There is no such code for this store, or it holds no more.").At("code")
	AlreadyHanded = fault.New("MALL_ORDER_HANDED_OVER", "It has been handed over.")
)

// The jobs that this package does as the system.
const (
	jobItems  = "set items of the mall"
	jobRedeem = "exchange points"
	jobHand   = "hand items over"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.store.WithTx(viewer.AsSystem(ctx, job), fn)
}

// Buyer answers the viewer, if they have an account that may buy (J(一)2(5)). Errors: UNAUTHENTICATED, FORBIDDEN,
// CONSENT_REQUIRED.
func (s *Service) Buyer(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver && v.Kind != viewer.Anonymous {
		return nil, fault.Forbidden
	}
	return v, entitlement.Require(v, entitlement.Vouchers, 0)
}
