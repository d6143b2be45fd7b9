package dispute

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/chargedispute"
	"parkbff/ent/predicate"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Dispute is a complaint about a charge, for its person and for the lot. Instants are UTC, money is fen.
type Dispute struct {
	Row           int64
	Stay          *parking.Stay // nil for whoever may no longer see it
	Reason        chargedispute.Reason
	Words         string
	PaidFen       int64 // what the person had paid for the stay when it was made
	OwedFen       int64 // what the stay owed then
	State         chargedispute.State
	Instant       bool // decided by the program as it was made
	ReturnedFen   int64
	WrittenOffFen int64
	OpenedAt      time.Time
	DueAt         *time.Time // nil once it is decided
	DecidedAt     *time.Time
	Answer        *string // of the lot
}

// Format prints "dispute" under every verb: its values are personal.
func (Dispute) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, disputeWord) }

// LogValue keeps its values out of structured logs.
func (Dispute) LogValue() slog.Value { return slog.StringValue(disputeWord) }

const disputeWord = "dispute"

// Dispute answers one to its person and to the staff of its lot. Errors: NOT_FOUND, for everybody else too;
// CONSENT_REQUIRED.
func (s *Service) Dispute(ctx context.Context, row int64) (*Dispute, error) {
	if v := viewer.Of(ctx); v.Kind == viewer.Driver {
		if err := entitlement.Require(v, entitlement.DisputeCharge, 0); err != nil {
			return nil, err
		}
	}
	found, err := s.seen(ctx, row)
	if err != nil {
		return nil, err
	}
	all, err := s.opened(ctx, []*ent.ChargeDispute{found})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// seen reads a dispute that the viewer may see.
func (s *Service) seen(ctx context.Context, row int64) (*ent.ChargeDispute, error) {
	found, err := s.Store.Fresh(ctx).ChargeDispute.Query().Where(chargedispute.ID(row)).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the dispute: %w", err)
	}
	return found, nil
}

// Disputes lists the asking driver's, newest first; others have none. Errors: CONSENT_REQUIRED.
func (s *Service) Disputes(ctx context.Context, p page.Request) (page.Of[*Dispute], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Dispute]{}, nil
	}
	if err := entitlement.Require(v, entitlement.DisputeCharge, 0); err != nil {
		return page.Of[*Dispute]{}, err
	}
	return s.list(ctx, p)
}

// LotDisputes lists those about stays in a lot, for its staff, newest first, in one state when asked.
// Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) LotDisputes(ctx context.Context, lotID int64, state *chargedispute.State, p page.Request) (page.Of[*Dispute], error) {
	switch v := viewer.Of(ctx); {
	case v.Kind == viewer.Anonymous:
		return page.Of[*Dispute]{}, fault.Unauthenticated
	case v.Kind != viewer.Staff || !v.WorksAt(lotID):
		return page.Of[*Dispute]{}, fault.Forbidden
	}
	where := []predicate.ChargeDispute{chargedispute.LotID(lotID)}
	if state != nil {
		where = append(where, chargedispute.StateEQ(*state))
	}
	return s.list(ctx, p, where...)
}

func (s *Service) list(ctx context.Context, p page.Request, where ...predicate.ChargeDispute) (page.Of[*Dispute], error) {
	query := s.Store.Fresh(ctx).ChargeDispute.Query().Where(where...).Order(ent.Desc(chargedispute.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(chargedispute.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Dispute]{}, fmt.Errorf("read disputes: %w", err)
	}
	cut := page.Cut(rows, p.First)
	disputes, err := s.opened(ctx, cut.Items)
	if err != nil {
		return page.Of[*Dispute]{}, err
	}
	return page.Of[*Dispute]{Items: disputes, More: cut.More}, nil
}

// opened opens disputes with their stays, in one statement.
func (s *Service) opened(ctx context.Context, rows []*ent.ChargeDispute) ([]*Dispute, error) {
	about := make([]int64, len(rows))
	for i, row := range rows {
		about[i] = row.SessionID
	}
	stays, err := s.Stays.StaysByRow(ctx, about)
	if err != nil {
		return nil, err
	}
	all := make([]*Dispute, len(rows))
	for i, row := range rows {
		words, err := s.Vault.OpenString(ctx, vault.AccountKey(row.AccountID), fieldWords, row.Words)
		if err != nil {
			return nil, fmt.Errorf("open the words: %w", err)
		}
		all[i] = &Dispute{
			Row: row.ID, Stay: stays[row.SessionID], Reason: row.Reason, Words: words, PaidFen: row.PaidFen, OwedFen: row.OwedFen,
			State: row.State, Instant: row.Instant, ReturnedFen: row.ReturnedFen, WrittenOffFen: row.WrittenOffFen,
			OpenedAt: row.CreatedAt, DecidedAt: row.DecidedAt,
		}
		if row.State == chargedispute.StateOPEN {
			all[i].DueAt = &row.DueAt
		}
		if row.Answer != "" {
			all[i].Answer = &row.Answer
		}
	}
	return all, nil
}
