package discount

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/voucher"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

// State of a voucher as its holder sees it.
type State string

// States.
const (
	Free     State = "FREE"
	Reserved State = "RESERVED"
	Used     State = "USED"
	Expired  State = "EXPIRED"
	Revoked  State = "REVOKED"
)

// Voucher is a voucher for its holder.
type Voucher struct {
	Row       int64
	Lot       *parking.Lot // where it holds; nil for one that was taken away
	Kind      voucher.Kind
	AmountFen *int64
	Minutes   *int
	State     State
	ExpiresAt time.Time
}

// Format prints "voucher" under every verb.
func (Voucher) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, voucherWord) }

// LogValue keeps its values out of structured logs.
func (Voucher) LogValue() slog.Value { return slog.StringValue(voucherWord) }

const voucherWord = "voucher"

func (s *Service) opened(row *ent.Voucher) *Voucher {
	v := &Voucher{Row: row.ID, Kind: row.Kind, State: State(row.State), ExpiresAt: row.ExpiresAt}
	v.Lot, _ = s.lots.LotByRow(row.LotID)
	v.AmountFen, v.Minutes = termsOf(row).shown()
	if v.State == Free && !s.clock.Now().Before(row.ExpiresAt) {
		v.State = Expired
	}
	return v
}

// shown is what a kind has a value of.
func (t Terms) shown() (fen *int64, minutes *int) {
	switch t.Kind {
	case voucher.KindAMOUNT:
		return &t.Fen, nil
	case voucher.KindTIME:
		return nil, &t.Minutes
	}
	return nil, nil
}

// Vouchers lists the asking driver's vouchers, newest first; others have none. Errors: CONSENT_REQUIRED.
func (s *Service) Vouchers(ctx context.Context, p page.Request) (page.Of[*Voucher], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Voucher]{}, nil
	}
	if err := entitlement.Require(v, entitlement.Vouchers, 0); err != nil {
		return page.Of[*Voucher]{}, err
	}
	query := s.store.Fresh(ctx).Voucher.Query().Order(ent.Desc(voucher.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(voucher.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Voucher]{}, fmt.Errorf("read vouchers: %w", err)
	}
	cut := page.Cut(rows, p.First)
	vouchers := make([]*Voucher, len(cut.Items))
	for i, row := range cut.Items {
		vouchers[i] = s.opened(row)
	}
	return page.Of[*Voucher]{Items: vouchers, More: cut.More}, nil
}

// One answers a voucher that the viewer may see: the account's own. Error: NOT_FOUND.
func (s *Service) One(ctx context.Context, row int64) (*Voucher, error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return nil, fault.NotFound
	}
	found, err := s.store.Fresh(ctx).Voucher.Query().Where(voucher.ID(row)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the voucher: %w", err)
	}
	return s.opened(found), nil
}
