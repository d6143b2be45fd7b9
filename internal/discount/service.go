// Package discount owns vouchers: who gives them out, what they take off a stay, and that each does so once. Those that
// merchants give come out of contingents, and are for one stay alone.
//
// A voucher is FREE until an order reserves it. It is used when the order is settled, and free again when the order
// closes unpaid. What is done to vouchers for an order is done in the order's transaction; package billing asks for
// it.
package discount

import (
	"context"

	"parkbff/ent"
	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Lots knows lots by their codes, and which stays in them may be given a discount; see parking.Service.
type Lots interface {
	Lot(code string) (*parking.Lot, bool)
	LotByRow(row int64) (*parking.Lot, bool)
	OwedBy(ctx context.Context, plate string, color cnid.Color, lotID int64) (session int64, err error)
	Takes(ctx context.Context, session, lotID int64) (bool, error)
}

// Config is what a Service is made of. All of it is required.
type Config struct {
	Store *store.Store
	Vault *vault.Vault
	Clock clock.Clock
	Lots  Lots
}

// Service is safe for concurrent use.
type Service struct {
	store *store.Store
	vault *vault.Vault
	clock clock.Clock
	lots  Lots
}

// New answers a service.
func New(c Config) *Service { return &Service{c.Store, c.Vault, c.Clock, c.Lots} }

// Faults of this package.
var (
	Unusable       = fault.New("VOUCHER_UNUSABLE", "There is no such voucher for this stay: it is unknown, used, in use, expired or for another lot.").At("voucherIds")
	TooMany        = fault.New("TOO_MANY_VOUCHERS", "A stay takes two vouchers at most.").At("voucherIds")
	AfterPayment   = fault.New("VOUCHER_AFTER_PAYMENT", "What is owed for staying on after a payment takes no vouchers.").At("voucherIds")
	NotRefundable  = fault.New("VOUCHER_NOT_REFUNDABLE", "The voucher has been used: it cannot be taken back.")
	InvalidVoucher = fault.New("INVALID_VOUCHER", "A voucher takes off an amount, or minutes, or all; and it holds for 1 to 366 days.")
	InvalidOffer   = fault.New("INVALID_VOUCHER_OFFER", "An offer has the terms of a voucher, a price, 1 to 1000000 pieces, and is sold for a year at most.")
	SoldOut        = fault.New("VOUCHERS_SOLD_OUT", "None is left, or they are on sale no more.").At("offerId")
	UnknownLot     = fault.New("UNKNOWN_LOT", "There is no lot of that code.").At("lotCode")
)

// The jobs that this package does as the system.
const (
	jobGrant = "give vouchers out"
	jobSell  = "sell vouchers"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.store.WithTx(viewer.AsSystem(ctx, job), fn)
}
