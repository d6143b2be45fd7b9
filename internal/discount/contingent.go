package discount

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/merchantcontingent"
	places "parkbff/ent/store"
	"parkbff/ent/voucher"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Faults of contingents.
var (
	InvalidContingent = fault.New("INVALID_MERCHANT_CONTINGENT", "A contingent has the terms of a voucher, 1 to 1000000 pieces, 1 or 2 for each stay, at least 1 a day, and lasts a year at most.")
	UnknownStore      = fault.New("UNKNOWN_STORE", "There is no store of that code.").At("storeCode")
)

// Merchant is a store that gives discounts to customers who park.
type Merchant struct {
	Row  int64
	Code string
	Name string
}

// Contingent is how many discounts of one kind a merchant may give in a lot.
type Contingent struct {
	Row         int64
	Lot         *parking.Lot // nil for one that was taken away
	Kind        voucher.Kind
	AmountFen   *int64
	Minutes     *int
	Left        int // how many may still be given
	MostPerStay int
	MostPerDay  int
	StartsAt    time.Time
	EndsAt      time.Time
}

// NewContingent is what a manager lets a store give.
type NewContingent struct {
	IdempotencyKey string
	LotCode        string
	StoreCode      string
	Terms          Terms
	Pieces         int
	MostPerStay    int
	MostPerDay     int
	StartsAt       time.Time // zero: at once
	EndsAt         time.Time
}

func (n NewContingent) valid(now time.Time) bool {
	return n.Terms.valid() && n.Pieces >= 1 && n.Pieces <= mostStock && n.MostPerStay >= 1 && n.MostPerStay <= MostVouchers &&
		n.MostPerDay >= 1 && n.MostPerDay <= mostStock && n.EndsAt.After(n.StartsAt) && n.EndsAt.After(now) && n.EndsAt.Before(now.Add(soldWithin))
}

// AddContingent lets a store give discounts of a lot, which the store bears. It is for managers of the lot. The same key
// does so once.
//
// Errors: UnknownLot, UnknownStore; UNAUTHENTICATED, FORBIDDEN; idempotent.InvalidKey, KeyReused, InvalidContingent.
func (s *Service) AddContingent(ctx context.Context, n NewContingent) (*Contingent, error) {
	lot, ok := s.lots.Lot(n.LotCode)
	if !ok {
		return nil, UnknownLot
	}
	v, err := viewer.ManagerOf(ctx, lot.Row)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "contingent", n.IdempotencyKey)
	now := s.clock.Now()
	switch {
	case err != nil:
		return nil, err
	case !n.valid(now):
		return nil, InvalidContingent
	}
	merchant, err := s.storeOf(ctx, n.StoreCode)
	switch {
	case err != nil:
		return nil, err
	case merchant == nil:
		return nil, UnknownStore
	}
	var row *ent.MerchantContingent
	err = s.write(ctx, jobGrant, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.MerchantContingent.Query().Where(merchantcontingent.KeyHash(key)).Only(ctx)
		switch {
		case err == nil && !n.isThatOf(row, lot.Row, merchant.Row):
			return idempotent.KeyReused
		case err == nil:
			return nil
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the contingent: %w", err)
		}
		if n.StartsAt.IsZero() {
			n.StartsAt = now
		}
		row, err = tx.MerchantContingent.Create().SetLotID(lot.Row).SetStoreID(merchant.Row).SetKind(merchantcontingent.Kind(n.Terms.Kind)).
			SetFen(n.Terms.Fen).SetMinutes(n.Terms.Minutes).SetPieces(n.Pieces).SetMostPerStay(n.MostPerStay).SetMostPerDay(n.MostPerDay).
			SetStartsAt(n.StartsAt).SetEndsAt(n.EndsAt).SetStaffID(v.StaffID).SetKeyHash(key).SetCreatedAt(now).Save(ctx)
		switch {
		case store.IsDuplicate(err):
			return store.Retry(fmt.Errorf("the contingent has just been added: %w", err))
		case err != nil:
			return fmt.Errorf("write the contingent: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.contingent(row), nil
}

// isThatOf tells whether a contingent was added by these words; its pieces have changed since.
func (n NewContingent) isThatOf(row *ent.MerchantContingent, lotID, storeID int64) bool {
	return row.LotID == lotID && row.StoreID == storeID && given(row) == n.Terms && row.MostPerStay == n.MostPerStay &&
		row.MostPerDay == n.MostPerDay && (n.StartsAt.IsZero() || row.StartsAt.Equal(n.StartsAt)) && row.EndsAt.Equal(n.EndsAt)
}

func given(row *ent.MerchantContingent) Terms {
	return Terms{voucher.Kind(row.Kind), row.Fen, row.Minutes}
}

func (s *Service) contingent(row *ent.MerchantContingent) *Contingent {
	c := &Contingent{
		Row: row.ID, Kind: voucher.Kind(row.Kind), Left: row.Pieces, MostPerStay: row.MostPerStay, MostPerDay: row.MostPerDay,
		StartsAt: row.StartsAt, EndsAt: row.EndsAt,
	}
	c.Lot, _ = s.lots.LotByRow(row.LotID)
	c.AmountFen, c.Minutes = given(row).shown()
	return c
}

// storeOf answers the store of a code, or nil.
func (s *Service) storeOf(ctx context.Context, code string) (*Merchant, error) {
	if strings.ContainsRune(code, 0) { // which no text column takes
		return nil, nil
	}
	row, err := s.store.Client(ctx).Store.Query().Where(places.Code(code)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the store: %w", err)
	}
	return &Merchant{row.ID, row.Code, row.Name}, nil
}

// MerchantOf answers a merchant to its staff and to managers of lots that let it give discounts; nil to others, and for
// a store that is none.
func (s *Service) MerchantOf(ctx context.Context, storeCode string) (*Merchant, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Staff {
		return nil, nil
	}
	found, err := s.storeOf(ctx, storeCode)
	if err != nil || found == nil || v.WorksIn(found.Row) {
		return found, err
	}
	lots := v.ManagedLotIDs()
	if len(lots) == 0 {
		return nil, nil
	}
	lets, err := s.store.Client(ctx).MerchantContingent.Query().
		Where(merchantcontingent.StoreID(found.Row), merchantcontingent.LotIDIn(lots...)).Exist(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for the merchant's contingents: %w", err)
	case !lets:
		return nil, nil
	}
	return found, nil
}

// Contingents lists a merchant's, newest first: to its staff all, to staff of lots those of their lots.
func (s *Service) Contingents(ctx context.Context, of *Merchant, p page.Request) (page.Of[*Contingent], error) {
	query := s.store.Fresh(ctx).MerchantContingent.Query().Where(merchantcontingent.StoreID(of.Row)).
		Order(ent.Desc(merchantcontingent.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(merchantcontingent.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Contingent]{}, fmt.Errorf("read contingents: %w", err)
	}
	cut := page.Cut(rows, p.First)
	contingents := make([]*Contingent, len(cut.Items))
	for i, row := range cut.Items {
		contingents[i] = s.contingent(row)
	}
	return page.Of[*Contingent]{Items: contingents, More: cut.More}, nil
}

// ContingentByRow answers a contingent that the viewer may see: that of a store or lot where they work. Error: NOT_FOUND.
func (s *Service) ContingentByRow(ctx context.Context, row int64) (*Contingent, error) {
	found, err := s.store.Fresh(ctx).MerchantContingent.Query().Where(merchantcontingent.ID(row)).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the contingent: %w", err)
	}
	return s.contingent(found), nil
}
