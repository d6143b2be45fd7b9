package payout

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/settlement"
	"parkbff/ent/settlementitem"
	"parkbff/ent/sharedspace"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Earnings are what an account has earned by bays that it shares, and not been paid yet, in fen.
type Earnings struct {
	OwedFen    int64 // all of it
	PendingFen int64 // what of it is being paid
}

// Settlement is what was paid, or is being paid, to an account, for that account. Instants are UTC.
type Settlement struct {
	Row        int64
	Number     string // by what the bank knows it
	State      settlement.State
	Fen        int64
	Reason     *settlement.Reason // of one that has failed
	CardNumber string             // masked
	CreatedAt  time.Time
	DecidedAt  *time.Time
	Items      []*Item
}

// Format prints "settlement" under every verb: its values are personal.
func (Settlement) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, settlementWord) }

// LogValue keeps its values out of structured logs.
func (Settlement) LogValue() slog.Value { return slog.StringValue(settlementWord) }

const settlementWord = "settlement"

// Item is what a settlement pays for one bay.
type Item struct {
	LotCode *string // nil for a lot that was taken away
	Bay     string
	Fen     int64
}

// Earnings answers what the asking driver's account is owed, or nil for others. Errors: CONSENT_REQUIRED.
func (s *Service) Earnings(ctx context.Context) (*Earnings, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return nil, nil
	}
	if err := entitlement.Require(v, entitlement.ShareSpace, 0); err != nil {
		return nil, err
	}
	spaces, err := s.Store.Fresh(ctx).SharedSpace.Query().Where(sharedspace.AccountID(v.AccountID)).IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the account's spaces: %w", err)
	}
	ctx = viewer.AsSystem(ctx, jobRead)
	owed, held, err := standing(ctx, s.Store.Fresh(ctx), spaces)
	if err != nil {
		return nil, err
	}
	found := &Earnings{}
	for _, space := range spaces {
		found.OwedFen += owed[space]
		found.PendingFen += held[space]
	}
	return found, nil
}

// Settlements lists those of the asking driver's account, newest first; others have none. Errors: CONSENT_REQUIRED.
func (s *Service) Settlements(ctx context.Context, p page.Request) (page.Of[*Settlement], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Settlement]{}, nil
	}
	if err := entitlement.Require(v, entitlement.ShareSpace, 0); err != nil {
		return page.Of[*Settlement]{}, err
	}
	query := s.Store.Fresh(ctx).Settlement.Query().Order(ent.Desc(settlement.FieldID))
	if p.After > 0 {
		query.Where(settlement.IDLT(p.After))
	}
	rows, err := withItems(query).Limit(p.Limit()).All(ctx)
	if err != nil {
		return page.Of[*Settlement]{}, fmt.Errorf("read settlements: %w", err)
	}
	cut := page.Cut(rows, p.First)
	shown := make([]*Settlement, len(cut.Items))
	for i, row := range cut.Items {
		shown[i] = s.shown(row)
	}
	return page.Of[*Settlement]{Items: shown, More: cut.More}, nil
}

// Settlement answers one to the account that it pays. Errors: NOT_FOUND, for everybody else too; CONSENT_REQUIRED.
func (s *Service) Settlement(ctx context.Context, row int64) (*Settlement, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return nil, fault.NotFound
	}
	if err := entitlement.Require(v, entitlement.ShareSpace, 0); err != nil {
		return nil, err
	}
	found, err := withItems(s.Store.Fresh(ctx).Settlement.Query().Where(settlement.ID(row))).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the settlement: %w", err)
	}
	return s.shown(found), nil
}

func withItems(query *ent.SettlementQuery) *ent.SettlementQuery {
	return query.WithItems(func(q *ent.SettlementItemQuery) { q.Order(ent.Asc(settlementitem.FieldID)) })
}

func (s *Service) shown(row *ent.Settlement) *Settlement {
	shown := &Settlement{
		Row: row.ID, Number: row.Number, State: row.State, Fen: row.Fen, Reason: row.Reason, CardNumber: row.MaskedCard,
		CreatedAt: row.CreatedAt, DecidedAt: row.DecidedAt,
	}
	for _, i := range row.Edges.Items {
		item := &Item{Bay: i.Bay, Fen: i.Fen}
		if lot, ok := s.Lots.LotByRow(i.LotID); ok {
			item.LotCode = &lot.Code
		}
		shown.Items = append(shown.Items, item)
	}
	return shown
}
