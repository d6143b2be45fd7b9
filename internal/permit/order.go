package permit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/internal/store"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/paymentorder"
	"parkbff/ent/permit"
	"parkbff/ent/permitperiod"
	"parkbff/ent/permitplan"
	"parkbff/ent/plateright"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// Holder answers the viewer, if they have an account that may have permits.
func (s *Service) Holder(ctx context.Context) (*viewer.Viewer, error) { return driver(ctx) }

// PlateFor answers the plate of a vehicle that the asking account has bound. Error: NOT_FOUND.
func (s *Service) PlateFor(ctx context.Context, bindingRow int64) (cnid.Plate, error) {
	return s.garage.BoundPlate(ctx, bindingRow)
}

// For answers the permit of a plan that an account has for a plate, in the transaction that is about to order its
// first period; it is made when there is none. It holds no stock and no time yet: see Hold. Errors: SoldOut, for
// what was never on sale as that kind too; AlreadyHeld.
func (s *Service) For(ctx context.Context, tx *ent.Tx, account, plan int64, kind permitplan.Kind, p cnid.Plate) (*ent.Permit, error) {
	of, err := tx.PermitPlan.Query().Where(permitplan.ID(plan), permitplan.KindEQ(kind)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, SoldOut
	case err != nil:
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	known, err := tx.Permit.Query().Where(permit.PlanID(of.ID), permit.AccountID(account),
		permit.HasRightsWith(plateright.PlateIndex(s.indexOf(p)), plateright.EndsAtIsNil())).Order(ent.Desc(permit.FieldID)).First(ctx)
	now := s.clock.Now()
	switch {
	case err == nil && known.EndsAt.After(now):
		return nil, AlreadyHeld
	case err == nil:
		return known, nil
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for the permit: %w", err)
	}
	made, err := tx.Permit.Create().SetLotID(of.LotID).SetPlanID(of.ID).SetAccountID(account).SetBays(of.Bays).SetPlates(of.Plates).
		SetEndsAt(now).SetCreatedAt(now).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("write the permit: %w", err)
	}
	right, err := s.addPlate(ctx, tx, of.LotID, p)
	if err != nil {
		return nil, err
	}
	// A period begins with its day, and so does the right of the first plate.
	err = right.SetKind(plateright.KindPERMIT).SetPermitID(made.ID).SetAccountID(account).SetStartsAt(dayOf(now)).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("write the permit's plate: %w", err)
	}
	return made, nil
}

// Own answers a permit of an account, in the transaction that is about to order a period. Error: NOT_FOUND.
func (s *Service) Own(ctx context.Context, tx *ent.Tx, account, row int64) (*ent.Permit, error) {
	found, err := tx.Permit.Query().Where(permit.ID(row), permit.AccountID(account), permit.HasPeriods()).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the permit: %w", err)
	}
	return found, nil
}

// Hold keeps one of the plan's stock for a permit that holds none, and answers what its next periods are for somebody
// who orders them at a moment. Errors: SoldOut, InvalidPeriods.
func (s *Service) Hold(ctx context.Context, tx *ent.Tx, row int64, periods int, at time.Time) (Term, error) {
	of, err := tx.Permit.Get(ctx, row)
	if err != nil {
		return Term{}, fmt.Errorf("read the permit: %w", err)
	}
	term, err := s.onSale(ctx, tx, of, periods, at)
	if err != nil {
		return Term{}, err
	}
	return term, s.keep(ctx, tx, of.ID)
}

// onSale answers the next periods of a permit, if they may be ordered.
func (s *Service) onSale(ctx context.Context, tx *ent.Tx, of *ent.Permit, periods int, at time.Time) (Term, error) {
	plan, err := tx.PermitPlan.Get(ctx, of.PlanID)
	switch {
	case err != nil:
		return Term{}, fmt.Errorf("read the plan: %w", err)
	case !at.Before(plan.SoldUntil) || of.State == permit.StateENDED && plan.Stock == 0:
		return Term{}, SoldOut
	case periods < 1 || periods > mostPeriods:
		return Term{}, InvalidPeriods
	}
	term, err := next(ctx, tx, of, plan, periods, at)
	switch {
	case err != nil:
		return Term{}, err
	case term.EndsAt.After(at.Add(boughtWithin)):
		return Term{}, InvalidPeriods
	}
	return term, nil
}

// next answers the next periods of a permit.
func next(ctx context.Context, tx *ent.Tx, of *ent.Permit, plan *ent.PermitPlan, periods int, at time.Time) (Term, error) {
	last, err := lastPeriod(ctx, tx, of.ID)
	if err != nil {
		return Term{}, err
	}
	var before *Term
	if last != nil {
		before = &Term{EndsAt: last.EndsAt, runFrom: last.RunFrom, runMonths: last.RunMonths}
	}
	return ruleOf(plan).After(before, at, plan.PriceFen, periods), nil
}

// lastPeriod is the last that a permit has and that was not taken back, or nil.
func lastPeriod(ctx context.Context, tx *ent.Tx, row int64) (*ent.PermitPeriod, error) {
	last, err := tx.PermitPeriod.Query().Where(permitperiod.PermitID(row), permitperiod.RevokedAtIsNil()).
		Order(ent.Desc(permitperiod.FieldEndsAt), ent.Desc(permitperiod.FieldID)).First(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("read the last period: %w", err)
	}
	return last, nil
}

// keep has a permit hold one of its plan's stock. Of two that want the last, one is tried again and finds none.
func (s *Service) keep(ctx context.Context, tx *ent.Tx, row int64) error {
	of, err := tx.Permit.Query().Where(permit.ID(row)).WithPlan().Only(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the permit: %w", err)
	case of.State == permit.StateACTIVE:
		return nil
	case of.Edges.Plan.Stock == 0:
		return SoldOut
	}
	n, err := tx.PermitPlan.Update().Where(permitplan.ID(of.PlanID), permitplan.StockGT(0)).AddStock(-1).Save(ctx)
	if err := store.ChangedOne(n, err, "take one of the plan"); err != nil {
		return err
	}
	n, err = tx.Permit.Update().Where(permit.ID(row), permit.StateEQ(permit.StateENDED)).SetState(permit.StateACTIVE).Save(ctx)
	return store.ChangedOne(n, err, "have the permit hold it")
}

// Release ends the permits that orders were to pay which are closed unpaid, if nothing else has paid them.
func (s *Service) Release(ctx context.Context, tx *ent.Tx, orders []*ent.PaymentOrder) error {
	for _, order := range orders {
		if order.PermitID == nil {
			continue
		}
		if err := s.end(ctx, tx, *order.PermitID); err != nil {
			return err
		}
	}
	return nil
}

// end gives back what a permit holds of the stock, if its time is over.
func (s *Service) end(ctx context.Context, tx *ent.Tx, row int64) error {
	of, err := tx.Permit.Get(ctx, row)
	switch {
	case err != nil:
		return fmt.Errorf("read the permit: %w", err)
	case of.State == permit.StateENDED || of.EndsAt.After(s.clock.Now()):
		return nil
	}
	n, err := tx.Permit.Update().Where(permit.ID(row), permit.StateEQ(permit.StateACTIVE), permit.EndsAt(of.EndsAt)).
		SetState(permit.StateENDED).Save(ctx)
	if err := store.ChangedOne(n, err, "end the permit"); err != nil {
		return err
	}
	if err := tx.PermitPlan.UpdateOneID(of.PlanID).AddStock(1).Exec(ctx); err != nil {
		return fmt.Errorf("give one of the plan back: %w", err)
	}
	return nil
}

// mostAtOnce bounds how many permits one transaction ends.
const mostAtOnce = 100

// EndOver ends the permits whose time is over and that nobody is about to renew.
func (s *Service) EndOver(ctx context.Context) error {
	for {
		ended := 0
		err := s.write(ctx, jobEnd, func(ctx context.Context, tx *ent.Tx) error {
			over, err := tx.Permit.Query().Where(permit.StateEQ(permit.StateACTIVE), permit.EndsAtLTE(s.clock.Now()),
				unordered).Limit(mostAtOnce).IDs(ctx)
			if err != nil {
				return fmt.Errorf("look for permits that are over: %w", err)
			}
			ended = len(over)
			for _, row := range over {
				if err := s.end(ctx, tx, row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || ended < mostAtOnce {
			return err
		}
	}
}

// unordered holds for the permits that no open order is to pay.
func unordered(s *sql.Selector) {
	o := sql.Table(paymentorder.Table)
	s.Where(sql.NotExists(sql.Select(o.C(paymentorder.FieldID)).From(o).Where(sql.And(
		sql.ColumnsEQ(o.C(paymentorder.FieldPermitID), s.C(permit.FieldID)), sql.EQ(o.C(paymentorder.FieldState), paymentorder.StateOPEN)))))
}

// Extend adds the periods that an order has paid, and answers what they cost: no more than was received, or nothing
// when they cost more now or none is left, and then the money goes back. An order that was open has its periods as
// they were when it was made; one that was closed meanwhile, as they are at the payment.
func (s *Service) Extend(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64, at time.Time) (int64, error) {
	of, err := tx.Permit.Get(ctx, *order.PermitID)
	if err != nil {
		return 0, fmt.Errorf("read the permit: %w", err)
	}
	if of.AccountID == nil {
		return 0, nil
	}
	if order.State == paymentorder.StateOPEN {
		at = order.CreatedAt
	}
	plan, err := tx.PermitPlan.Get(ctx, of.PlanID)
	if err != nil {
		return 0, fmt.Errorf("read the plan: %w", err)
	}
	term, err := next(ctx, tx, of, plan, order.Periods, at)
	if err != nil || term.AmountFen > fen {
		return 0, err
	}
	switch err := s.keep(ctx, tx, of.ID); {
	case errors.Is(err, SoldOut):
		return 0, nil
	case err != nil:
		return 0, err
	}
	err = tx.PermitPeriod.Create().SetPermitID(of.ID).SetLotID(of.LotID).SetOrderID(order.ID).SetStartsAt(term.StartsAt).SetEndsAt(term.EndsAt).
		SetRunFrom(term.runFrom).SetRunMonths(term.runMonths).SetPriceFen(term.AmountFen).SetCreatedAt(s.clock.Now()).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("write the period: %w", err)
	}
	n, err := tx.Permit.Update().Where(permit.ID(of.ID), permit.EndsAt(of.EndsAt)).SetEndsAt(term.EndsAt).Save(ctx)
	if err := store.ChangedOne(n, err, "extend the permit"); err != nil {
		return 0, err
	}
	return term.AmountFen, s.regrant(ctx, tx, of)
}

// Revoke takes back the period that an order has paid, at once. Error: NotRefundable for one that is over, or that
// others follow.
func (s *Service) Revoke(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) error {
	of, err := tx.Permit.Get(ctx, *order.PermitID)
	if err != nil {
		return fmt.Errorf("read the permit: %w", err)
	}
	last, err := lastPeriod(ctx, tx, of.ID)
	now := s.clock.Now()
	switch {
	case err != nil:
		return err
	case last == nil || last.OrderID != order.ID || !last.EndsAt.After(now):
		return NotRefundable
	}
	ends := now
	if last.StartsAt.After(now) {
		ends = last.StartsAt
	}
	n, err := tx.PermitPeriod.Update().Where(permitperiod.ID(last.ID), permitperiod.RevokedAtIsNil()).SetRevokedAt(now).Save(ctx)
	if err := store.ChangedOne(n, err, "take the period back"); err != nil {
		return err
	}
	n, err = tx.Permit.Update().Where(permit.ID(of.ID), permit.EndsAt(of.EndsAt)).SetEndsAt(ends).Save(ctx)
	if err := store.ChangedOne(n, err, "shorten the permit"); err != nil {
		return err
	}
	if err := s.end(ctx, tx, of.ID); err != nil {
		return err
	}
	return s.regrant(ctx, tx, of)
}

// regrant has the cars of a permit that stand in its lot feel what was changed.
func (s *Service) regrant(ctx context.Context, tx *ent.Tx, of *ent.Permit) error {
	rights, err := tx.PlateRight.Query().Where(plateright.PermitID(of.ID)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the permit's plates: %w", err)
	}
	indexes := make([][]byte, len(rights))
	for i, r := range rights {
		indexes[i] = r.PlateIndex
	}
	return s.lots.Regrant(ctx, tx, of.LotID, indexes...)
}
