package discount

import (
	"context"
	"fmt"
	"slices"

	"parkbff/ent"
	"parkbff/ent/orderdiscount"
	"parkbff/ent/voucher"
	"parkbff/internal/fault"
	"parkbff/internal/store"
)

// Wish is what somebody who orders wants to give for a stay.
type Wish struct {
	Account  int64    // whose vouchers; 0: nobody's
	Vouchers []int64  // rows
	Codes    []string // of vouchers that belong to whoever holds them
}

// Empty tells whether nothing is wished for.
func (w Wish) Empty() bool { return len(w.Vouchers)+len(w.Codes) == 0 }

// At is the stay for which it is wished.
type At struct {
	SessionID int64
	LotID     int64
	Fee       int64 // what is owed
	Before    bool  // something was paid before
	Worth     Worth
}

// Weigh answers what the vouchers of a wish take off a stay, and those that merchants have given to it, in the
// transaction of whoever is about to order it. Each that is wished for must be usable, also one that takes nothing off.
// Errors: TooMany, AfterPayment, Unusable, and what Worth answers.
func (s *Service) Weigh(ctx context.Context, tx *ent.Tx, w Wish, at At) ([]Part, error) {
	switch {
	case len(w.Vouchers)+len(w.Codes) > MostVouchers:
		return nil, TooMany
	case at.Before && !w.Empty():
		return nil, AfterPayment
	case at.Before:
		return nil, nil
	}
	held, err := s.held(ctx, tx, w, at)
	if err != nil {
		return nil, err
	}
	if held, err = s.withGiven(ctx, tx, held, at.SessionID); err != nil {
		return nil, err
	}
	return Stack(at.Fee, held, at.Worth)
}

// withGiven adds what merchants gave to the stay, first given first, as far as a stay takes vouchers.
func (s *Service) withGiven(ctx context.Context, tx *ent.Tx, held []Held, session int64) ([]Held, error) {
	given, err := tx.Voucher.Query().
		Where(voucher.SessionID(session), voucher.StateEQ(voucher.StateFREE), voucher.ExpiresAtGT(s.clock.Now())).
		Order(voucher.ByID()).Limit(2 * MostVouchers).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what merchants gave: %w", err)
	}
	for _, row := range given {
		wished := slices.ContainsFunc(held, func(h Held) bool { return h.Row == row.ID })
		if len(held) < MostVouchers && !wished {
			held = append(held, Held{row.ID, termsOf(row)})
		}
	}
	return held, nil
}

func (s *Service) held(ctx context.Context, tx *ent.Tx, w Wish, at At) ([]Held, error) {
	var held []Held
	seen := map[int64]bool{}
	take := func(row *ent.Voucher, err error) error {
		switch {
		case ent.IsNotFound(err):
			return Unusable
		case err != nil:
			return fmt.Errorf("read the voucher: %w", err)
		case seen[row.ID] || !s.fits(row, at):
			return Unusable
		}
		seen[row.ID] = true
		held = append(held, Held{row.ID, termsOf(row)})
		return nil
	}
	for _, id := range w.Vouchers {
		if w.Account == 0 {
			return nil, Unusable
		}
		if err := take(tx.Voucher.Query().Where(voucher.ID(id), voucher.AccountID(w.Account)).Only(ctx)); err != nil {
			return nil, err
		}
	}
	for _, code := range w.Codes {
		err := take(tx.Voucher.Query().Where(voucher.CodeHash(s.codeHash(code)), voucher.AccountIDIsNil()).Only(ctx))
		if err != nil {
			return nil, atCodes(err)
		}
	}
	return held, nil
}

// fits tells whether a voucher may be used on a stay now.
func (s *Service) fits(row *ent.Voucher, at At) bool {
	its := row.SessionID == nil && row.ContingentID == nil || row.SessionID != nil && *row.SessionID == at.SessionID
	return its && row.LotID == at.LotID && row.State == voucher.StateFREE && s.clock.Now().Before(row.ExpiresAt)
}

func atCodes(err error) error {
	if f := fault.As(err); f != nil {
		return f.At("voucherCodes")
	}
	return err
}

// Reserve keeps the vouchers of parts for an order. Of two orders that want one voucher the second is tried again,
// and then finds it in use.
func (s *Service) Reserve(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, parts []Part) error {
	for _, p := range parts {
		if err := hold(ctx, tx, order.ID, p.Voucher); err != nil {
			return err
		}
		err := tx.OrderDiscount.Create().SetOrderID(order.ID).SetLotID(order.LotID).SetVoucherID(p.Voucher).SetFen(p.Fen).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write what a voucher takes off: %w", err)
		}
	}
	return nil
}

func hold(ctx context.Context, tx *ent.Tx, orderID, row int64) error {
	n, err := tx.Voucher.Update().Where(voucher.ID(row), voucher.StateEQ(voucher.StateFREE)).
		SetState(voucher.StateRESERVED).SetOrderID(orderID).Save(ctx)
	return store.ChangedOne(n, err, "reserve the voucher")
}

// Release frees what orders have reserved that are closed unpaid: vouchers, and those of an offer that they would have
// bought.
func (s *Service) Release(ctx context.Context, tx *ent.Tx, orders []*ent.PaymentOrder) error {
	rows := make([]int64, len(orders))
	for i, order := range orders {
		rows[i] = order.ID
	}
	if err := free(ctx, tx, rows...); err != nil {
		return err
	}
	return s.returnStock(ctx, tx, orders)
}

func free(ctx context.Context, tx *ent.Tx, orders ...int64) error {
	err := tx.Voucher.Update().Where(voucher.OrderIDIn(orders...), voucher.StateEQ(voucher.StateRESERVED)).
		SetState(voucher.StateFREE).ClearOrderID().Exec(ctx)
	if err != nil {
		return fmt.Errorf("free the vouchers: %w", err)
	}
	return nil
}

// Usable answers what the vouchers of an order may take off now that its money has come: those that it has reserved,
// and, should it have been closed meanwhile, those that are free still, whatever their date: they held when it was made.
func (s *Service) Usable(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) ([]Part, error) {
	rows, err := tx.OrderDiscount.Query().Where(orderdiscount.OrderID(order.ID), orderdiscount.TakenFen(0)).
		Order(orderdiscount.ByID()).WithVoucher().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what vouchers take off: %w", err)
	}
	var parts []Part
	for _, row := range rows {
		own := row.Edges.Voucher
		reserved := own.State == voucher.StateRESERVED && own.OrderID != nil && *own.OrderID == order.ID
		if reserved || own.State == voucher.StateFREE {
			parts = append(parts, Part{own.ID, row.Fen})
		}
	}
	return parts, nil
}

// Redeemed is what vouchers have taken off, what those of them had brought that were sold, and what merchants bear.
type Redeemed struct {
	Fen, SoldFen int64
	Borne        []Borne
}

// Borne is what a merchant bears of it, by one voucher.
type Borne struct{ StoreID, Fen int64 }

// Redeem uses parts, in their order, up to an amount that they were found to take off, and frees the others.
func (s *Service) Redeem(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, parts []Part, fen int64) (Redeemed, error) {
	var redeemed Redeemed
	for _, p := range upTo(parts, fen) {
		row, err := tx.Voucher.Query().Where(voucher.ID(p.Voucher)).WithContingent().Only(ctx)
		if err != nil {
			return Redeemed{}, fmt.Errorf("read the voucher: %w", err)
		}
		n, err := tx.Voucher.Update().Where(voucher.ID(row.ID), voucher.StateEQ(row.State), voucher.StateIn(voucher.StateFREE, voucher.StateRESERVED)).
			SetState(voucher.StateUSED).SetOrderID(order.ID).Save(ctx)
		if err := store.ChangedOne(n, err, "use the voucher"); err != nil {
			return Redeemed{}, err
		}
		n, err = tx.OrderDiscount.Update().Where(orderdiscount.OrderID(order.ID), orderdiscount.VoucherID(row.ID), orderdiscount.TakenFen(0)).
			SetTakenFen(p.Fen).Save(ctx)
		if err := store.ChangedOne(n, err, "note what the voucher took off"); err != nil {
			return Redeemed{}, err
		}
		redeemed.Fen += p.Fen
		redeemed.SoldFen += row.PriceFen
		if by := row.Edges.Contingent; by != nil {
			redeemed.Borne = append(redeemed.Borne, Borne{by.StoreID, p.Fen})
		}
	}
	return redeemed, free(ctx, tx, order.ID)
}
