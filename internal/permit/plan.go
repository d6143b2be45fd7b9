package permit

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"parkbff/ent"
	"parkbff/ent/permitplan"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Plan is a kind of permit that a lot sells.
type Plan struct {
	Row           int64
	Lot           *parking.Lot // nil for one that was taken away
	Kind          permitplan.Kind
	Title         string
	Bay           *string // the number of the one bay that is let
	PriceFen      int64
	Renewal       permitplan.Renewal
	Months        *int
	SettlementDay *int
	Days          *int
	Bays          int
	Plates        int
	Left          int
	SoldUntil     time.Time
}

// NewPlan is what a manager puts on sale.
type NewPlan struct {
	IdempotencyKey string
	LotCode        string
	Title          string
	Bay            string // of a bay that is let; empty: the permit is for no bay of its own
	PriceFen       int64
	Rule           Rule
	Bays           int
	Plates         int
	Stock          int
	SoldUntil      time.Time
}

// Bounds of plans.
const (
	longestTitle = 40
	longestBay   = 20
	mostFen      = 100_000_00
	mostBays     = 100
	mostStock    = 100_000
	soldWithin   = 10 * 366 * 24 * time.Hour
)

func (n NewPlan) kind() permitplan.Kind {
	if n.Bay != "" {
		return permitplan.KindBAY
	}
	return permitplan.KindMONTHLY
}

func (n NewPlan) valid(now time.Time) bool {
	titled := n.Title != "" && utf8.RuneCountInString(n.Title) <= longestTitle && utf8.RuneCountInString(n.Bay) <= longestBay
	sized := n.Bays >= 1 && n.Bays <= mostBays && n.Plates >= n.Bays && n.Plates <= 2*mostBays && n.Stock >= 1 && n.Stock <= mostStock
	if n.kind() == permitplan.KindBAY && (n.Stock != 1 || n.Bays != 1) {
		return false
	}
	return titled && sized && n.Rule.valid() && n.PriceFen > 0 && n.PriceFen <= mostFen &&
		n.SoldUntil.After(now) && n.SoldUntil.Before(now.Add(soldWithin))
}

// PublishPlan puts permits of a lot on sale, or a bay to let. It is for managers of a lot that offers permits. The
// same key publishes once.
//
// Errors: UnknownLot; UNAUTHENTICATED, FORBIDDEN; parking.NotOffered; idempotent.InvalidKey, KeyReused, InvalidPlan.
func (s *Service) PublishPlan(ctx context.Context, n NewPlan) (*Plan, error) {
	lot, ok := s.lots.Lot(n.LotCode)
	if !ok {
		return nil, UnknownLot
	}
	v, err := viewer.ManagerOf(ctx, lot.Row)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "permit plan", n.IdempotencyKey)
	now := s.clock.Now()
	switch {
	case err != nil:
		return nil, err
	case !lot.Offers(parking.MonthlyPass):
		return nil, parking.NotOffered
	case !n.valid(now):
		return nil, InvalidPlan
	}
	var row *ent.PermitPlan
	err = s.write(ctx, jobSell, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.PermitPlan.Query().Where(permitplan.KeyHash(key)).Only(ctx)
		switch {
		case err == nil && !n.isThatOf(row, lot.Row):
			return idempotent.KeyReused
		case err == nil:
			return nil
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the plan: %w", err)
		}
		row, err = tx.PermitPlan.Create().SetLotID(lot.Row).SetKind(n.kind()).SetTitle(n.Title).SetBay(n.Bay).SetPriceFen(n.PriceFen).
			SetRenewal(n.Rule.Renewal).SetMonths(n.Rule.Months).SetSettlementDay(n.Rule.SettlementDay).SetDays(n.Rule.Days).
			SetBays(n.Bays).SetPlates(n.Plates).SetStock(n.Stock).SetSoldUntil(n.SoldUntil).
			SetStaffID(v.StaffID).SetKeyHash(key).SetCreatedAt(now).Save(ctx)
		switch {
		case store.IsDuplicate(err):
			return store.Retry(fmt.Errorf("the plan has just been published: %w", err))
		case err != nil:
			return fmt.Errorf("write the plan: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.planned(row), nil
}

// isThatOf tells whether a plan was published by these words; its stock has changed since.
func (n NewPlan) isThatOf(row *ent.PermitPlan, lotID int64) bool {
	return row.LotID == lotID && row.Title == n.Title && row.Bay == n.Bay && row.PriceFen == n.PriceFen && ruleOf(row) == n.Rule &&
		row.Bays == n.Bays && row.Plates == n.Plates && row.SoldUntil.Equal(n.SoldUntil)
}

func (s *Service) planned(row *ent.PermitPlan) *Plan {
	p := &Plan{
		Row: row.ID, Kind: row.Kind, Title: row.Title, PriceFen: row.PriceFen, Renewal: row.Renewal, Bays: row.Bays, Plates: row.Plates,
		Left: row.Stock, SoldUntil: row.SoldUntil,
	}
	p.Lot, _ = s.lots.LotByRow(row.LotID)
	if row.Bay != "" {
		p.Bay = &row.Bay
	}
	p.Months, p.SettlementDay, p.Days = positive(row.Months), positive(row.SettlementDay), positive(row.Days)
	return p
}

func positive(n int) *int {
	if n <= 0 {
		return nil
	}
	return &n
}

// Plans lists what a lot sells, for anybody, newest first: what is sold out too.
func (s *Service) Plans(ctx context.Context, lotID int64, p page.Request) (page.Of[*Plan], error) {
	query := s.store.Client(ctx).PermitPlan.Query().
		Where(permitplan.LotID(lotID), permitplan.SoldUntilGT(s.clock.Now())).
		Order(ent.Desc(permitplan.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(permitplan.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Plan]{}, fmt.Errorf("read plans: %w", err)
	}
	cut := page.Cut(rows, p.First)
	plans := make([]*Plan, len(cut.Items))
	for i, row := range cut.Items {
		plans[i] = s.planned(row)
	}
	return page.Of[*Plan]{Items: plans, More: cut.More}, nil
}

// PlanByRow answers a plan, to anybody. Error: NOT_FOUND.
func (s *Service) PlanByRow(ctx context.Context, row int64) (*Plan, error) {
	found, err := s.store.Client(ctx).PermitPlan.Query().Where(permitplan.ID(row)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	return s.planned(found), nil
}
