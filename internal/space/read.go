package space

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/sharedspace"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/privacy"
	"parkbff/internal/span"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
	"parkbff/internal/weekly"
)

var errOwner = errors.New("the owner of a space cannot be written or read")

// Space is a bay that somebody offers, for that person and for officers. Of the owner nobody sees more than the masks
// of privacy show. Instants are UTC.
type Space struct {
	Row       int64
	LotCode   *string // nil for a lot that was taken away
	Bay       string
	Owner     *Owner // nil once the offer is rejected or withdrawn
	State     sharedspace.State
	OfferedAt time.Time
	DecidedAt *time.Time
	Answer    *string
	Hours     []weekly.Hours // when it is shared, once it is APPROVED
	Reserved  []span.Span    // when it is reserved, from now on, first to last; nobody is told by whom
}

// Owner of a bay, as documents of one person show: the card's number adds up (GB 11643), and its name is the
// certificate's (R077).
type Owner struct {
	Name     string // masked
	Mobile   string // masked
	IDNumber string // masked
	Location string // as the certificate writes it
}

// Format prints "space" under every verb: its values are personal.
func (Space) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, spaceWord) }

// LogValue keeps its values out of structured logs.
func (Space) LogValue() slog.Value { return slog.StringValue(spaceWord) }

// Format prints "space" under every verb.
func (Owner) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, spaceWord) }

const spaceWord = "space"

// Space answers an offer to who made it and to officers. Errors: NOT_FOUND, for everybody else too; CONSENT_REQUIRED.
func (s *Service) Space(ctx context.Context, row int64) (*Space, error) {
	if v := viewer.Of(ctx); v.Kind == viewer.Driver {
		if err := entitlement.Require(v, entitlement.ShareSpace, 0); err != nil {
			return nil, err
		}
	}
	found, err := s.seen(ctx, row)
	if err != nil {
		return nil, err
	}
	shown, err := s.opened(ctx, found)
	if err != nil {
		return nil, err
	}
	return shown, s.tellReserved(ctx, shown)
}

// seen reads an offer that the viewer may see.
func (s *Service) seen(ctx context.Context, row int64) (*ent.SharedSpace, error) {
	found, err := s.Store.Fresh(ctx).SharedSpace.Query().Where(sharedspace.ID(row)).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the offer: %w", err)
	}
	return found, nil
}

// Spaces lists what the asking driver offers, newest first; others offer none. Errors: CONSENT_REQUIRED.
func (s *Service) Spaces(ctx context.Context, p page.Request) (page.Of[*Space], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Space]{}, nil
	}
	if err := entitlement.Require(v, entitlement.ShareSpace, 0); err != nil {
		return page.Of[*Space]{}, err
	}
	query := s.Store.Fresh(ctx).SharedSpace.Query().Order(ent.Desc(sharedspace.FieldID))
	if p.After > 0 {
		query.Where(sharedspace.IDLT(p.After))
	}
	return s.list(ctx, query, p)
}

// Submitted lists the offers that wait to be decided, oldest first, to officers. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Submitted(ctx context.Context, p page.Request) (page.Of[*Space], error) {
	if _, err := s.Office.Office(ctx, viewer.Officer); err != nil {
		return page.Of[*Space]{}, err
	}
	query := s.Store.Fresh(ctx).SharedSpace.Query().Where(sharedspace.StateEQ(sharedspace.StateSUBMITTED)).Order(ent.Asc(sharedspace.FieldID))
	if p.After > 0 {
		query.Where(sharedspace.IDGT(p.After))
	}
	return s.list(ctx, query, p)
}

func (s *Service) list(ctx context.Context, query *ent.SharedSpaceQuery, p page.Request) (page.Of[*Space], error) {
	rows, err := query.Limit(p.Limit()).All(ctx)
	if err != nil {
		return page.Of[*Space]{}, fmt.Errorf("read offers: %w", err)
	}
	cut := page.Cut(rows, p.First)
	spaces := make([]*Space, len(cut.Items))
	for i, row := range cut.Items {
		if spaces[i], err = s.opened(ctx, row); err != nil {
			return page.Of[*Space]{}, err
		}
	}
	return page.Of[*Space]{Items: spaces, More: cut.More}, s.tellReserved(ctx, spaces...)
}

func (s *Service) opened(ctx context.Context, row *ent.SharedSpace) (*Space, error) {
	shown := &Space{Row: row.ID, Bay: row.Bay, State: row.State, OfferedAt: row.CreatedAt, DecidedAt: row.DecidedAt, Hours: row.Hours}
	if lot, ok := s.Lots.LotByRow(row.LotID); ok {
		shown.LotCode = &lot.Code
	}
	if row.Answer != "" {
		shown.Answer = &row.Answer
	}
	if row.Owner == nil {
		return shown, nil
	}
	o, err := s.ownerOf(ctx, row)
	if err != nil {
		return nil, err
	}
	shown.Owner = &Owner{
		Name: privacy.PersonName(o.Name), Mobile: privacy.Mobile(o.Mobile), IDNumber: privacy.IDNumber(o.IDNumber), Location: o.Location,
	}
	return shown, nil
}

// OwnerName answers by what name an account owns the bays that it shares, as its documents say, or "" when no officer has
// agreed to one yet. It is whole, and for who pays the owner: the caller is the system.
func (s *Service) OwnerName(ctx context.Context, accountID int64) (string, error) {
	row, err := s.Store.Fresh(ctx).SharedSpace.Query().
		Where(sharedspace.AccountID(accountID), sharedspace.StateEQ(sharedspace.StateAPPROVED)).Order(ent.Desc(sharedspace.FieldID)).First(ctx)
	switch {
	case ent.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read the account's spaces: %w", err)
	}
	o, err := s.ownerOf(ctx, row)
	return o.Name, err
}

func (s *Service) ownerOf(ctx context.Context, row *ent.SharedSpace) (owner, error) {
	plain, err := s.Vault.OpenString(ctx, vault.AccountKey(row.AccountID), fieldOwner, row.Owner)
	if err != nil {
		return owner{}, fmt.Errorf("open the owner: %w", err)
	}
	var o owner
	if json.Unmarshal([]byte(plain), &o) != nil {
		return owner{}, errOwner
	}
	return o, nil
}
