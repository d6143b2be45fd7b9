package space

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/width"

	"parkbff/ent"
	"parkbff/ent/reservation"
	"parkbff/ent/sharedspace"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/identity"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// fieldOwner is the field of a sealed column.
const fieldOwner = "shared_space.owner"

// Application is a bay that somebody offers, with what shows that it is theirs (R076).
type Application struct {
	IdempotencyKey string
	LotCode        string
	Bay            string // its number, as it is painted
	Mobile         string // on which the owner is reached
	Certificate    identity.Picture
	IDCard         identity.Picture
}

// Format prints "application" under every verb.
func (Application) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "application") }

// owner is who owns a bay, as it is sealed.
type owner struct {
	Name, Mobile, IDNumber, Location string
}

var bayNumber = regexp.MustCompile(`^[\p{Han}A-Z0-9][\p{Han}A-Z0-9-]{0,19}$`)

// Offer offers a bay of the asking driver's to be shared. Certificate of ownership and identity card are read and
// compared, and not kept; an officer decides whether it is that bay. The same key offers once.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; UnknownLot, parking.NotOffered; idempotent.InvalidKey, KeyReused;
// InvalidBay, INVALID_MOBILE; TooMany, AlreadyOffered; what identity.Service.ExamineDeed answers.
func (s *Service) Offer(ctx context.Context, a Application) (*Space, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver && v.Kind != viewer.Anonymous {
		return nil, fault.Forbidden
	}
	if err := entitlement.Require(v, entitlement.ShareSpace, 0); err != nil {
		return nil, err
	}
	lot, ok := s.Lots.Lot(a.LotCode)
	switch {
	case !ok:
		return nil, UnknownLot
	case !lot.Offers(parking.SpaceSharing):
		return nil, parking.NotOffered
	}
	key, err := idempotent.Hash(s.Vault, v, "space", a.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	o := offering{account: v.AccountID, lot: lot.Row, key: key, bay: strings.ToUpper(strings.TrimSpace(width.Narrow.String(a.Bay)))}
	if !bayNumber.MatchString(o.bay) {
		return nil, InvalidBay
	}
	mobile, err := cnid.ParseMobile(a.Mobile)
	if err != nil {
		return nil, fault.As(err).At("mobile")
	}
	made, err := s.known(ctx, o)
	if err == nil && made == nil {
		made, err = s.examineAndKeep(ctx, o, mobile, a)
	}
	if err != nil {
		return nil, err
	}
	return s.Space(ctx, made.ID)
}

// offering is a bay that may be offered.
type offering struct {
	account, lot int64
	bay          string
	key          []byte
}

// known answers what was offered under a key, or nil: documents are not read for it again. Error: KeyReused.
func (s *Service) known(ctx context.Context, o offering) (*ent.SharedSpace, error) {
	found, err := s.Store.Fresh(ctx).SharedSpace.Query().Where(sharedspace.KeyHash(o.key)).Only(viewer.AsSystem(ctx, jobOffer))
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look for the offer: %w", err)
	case found.LotID != o.lot || found.Bay != o.bay:
		return nil, idempotent.KeyReused
	}
	return found, nil
}

func (s *Service) examineAndKeep(ctx context.Context, o offering, mobile cnid.Mobile, a Application) (*ent.SharedSpace, error) {
	deed, err := s.Owners.ExamineDeed(ctx, a.Certificate, a.IDCard)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(owner{Name: deed.Owner, Mobile: mobile.E164(), IDNumber: deed.IDNumber, Location: deed.Location})
	if err != nil {
		return nil, errOwner
	}
	sealed, err := s.Vault.SealString(ctx, vault.AccountKey(o.account), fieldOwner, string(plain))
	if err != nil {
		return nil, fmt.Errorf("seal the owner: %w", err)
	}
	var made *ent.SharedSpace
	err = s.write(ctx, jobOffer, func(ctx context.Context, tx *ent.Tx) (err error) {
		// It holds the account, so that what it offers at once is counted.
		if err := s.Owners.RecordDeed(ctx, tx, o.account, deed); err != nil {
			return err
		}
		made, err = s.keep(ctx, tx, o, sealed)
		return err
	})
	return made, err
}

func (s *Service) keep(ctx context.Context, tx *ent.Tx, o offering, sealed vault.Sealed) (*ent.SharedSpace, error) {
	offered, err := tx.SharedSpace.Query().Where(sharedspace.AccountID(o.account),
		sharedspace.StateIn(sharedspace.StateSUBMITTED, sharedspace.StateAPPROVED)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("count the account's spaces: %w", err)
	}
	for _, other := range offered {
		if other.LotID == o.lot && other.Bay == o.bay {
			return nil, AlreadyOffered
		}
	}
	if len(offered) >= mostOffered {
		return nil, TooMany
	}
	row, err := tx.SharedSpace.Create().SetAccountID(o.account).SetLotID(o.lot).SetBay(o.bay).SetOwner(sealed).
		SetKeyHash(o.key).SetCreatedAt(s.Clock.Now()).Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("it has just been offered: %w", err))
	case err != nil:
		return nil, fmt.Errorf("keep the offer: %w", err)
	}
	return row, nil
}

// Withdraw ends an offer of the asking driver's, decided or not. What was kept of the owner goes, and so it stays while that
// is needed: whoever is to be paid for the bay is paid by that name. Errors: UNAUTHENTICATED, NOT_FOUND; AlreadyDecided for
// one that was rejected; StillReserved; identity.EarningsOwed.
func (s *Service) Withdraw(ctx context.Context, row int64) (*Space, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return nil, fault.Unauthenticated
	}
	found, err := s.seen(ctx, row)
	switch {
	case err != nil:
		return nil, err
	case found.State == sharedspace.StateREJECTED:
		return nil, AlreadyDecided
	}
	err = s.write(ctx, jobOffer, func(ctx context.Context, tx *ent.Tx) error {
		// It holds the row, so that nobody reserves the bay meanwhile.
		err := tx.SharedSpace.Update().Where(sharedspace.ID(row), sharedspace.AccountID(v.AccountID),
			sharedspace.StateIn(sharedspace.StateSUBMITTED, sharedspace.StateAPPROVED)).
			SetState(sharedspace.StateWITHDRAWN).ClearOwner().ClearHours().Exec(ctx)
		if err != nil {
			return fmt.Errorf("withdraw the offer: %w", err)
		}
		return mayGo(ctx, tx, row)
	})
	if err != nil {
		return nil, err
	}
	return s.Space(ctx, row)
}

// mayGo tells whether nobody has reserved a bay and its owner has been paid.
func mayGo(ctx context.Context, tx *ent.Tx, row int64) error {
	kept, err := tx.Reservation.Query().Where(reservation.SpaceID(row), notOver()).Exist(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look who has reserved the bay: %w", err)
	case kept:
		return StillReserved
	}
	owed, err := ledger.OwedToOwners(ctx, tx.LedgerLine, []int64{row})
	switch {
	case err != nil:
		return err
	case owed[row] >= ledger.LeastPayout:
		return identity.EarningsOwed
	}
	return nil
}
