package notice

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

var (
	errNoTransaction = errors.New("tell: not inside a transaction")
	errNoAccount     = errors.New("tell: there is no such account")
)

// Tell writes a notice for one account in the transaction tx, which ctx must be inside, and wakes the
// account's readings on every replica once it has committed.
//
// It holds the account's row until the commit. Whoever tells several accounts in one transaction goes
// by ascending account id, or two such transactions may have to be repeated. Who is told is the caller's
// decision.
func (s *Service) Tell(ctx context.Context, tx *ent.Tx, t Telling) error {
	if !store.InTx(ctx) {
		return errNoTransaction
	}
	plate, err := s.vault.SealString(ctx, vault.AccountKey(t.AccountID), sealedPlate, t.Plate)
	if err != nil {
		return fmt.Errorf("tell: %w", err)
	}
	sequence, err := s.count(ctx, tx, t.AccountID)
	if err != nil {
		return err
	}
	err = tx.Notice.Create().
		SetAccountID(t.AccountID).
		SetSequence(sequence).
		SetKind(t.Kind).
		SetNillableSessionID(concerned(t.SessionID)).
		SetNillableVehicleID(concerned(t.VehicleID)).
		SetNillableLotID(concerned(t.LotID)).
		SetPlate(plate).
		SetOccurredAt(t.OccurredAt).
		SetNillableFeeFen(t.FeeFen).
		SetCreatedAt(s.clock.Now()).
		Exec(viewer.AsSystem(ctx, jobTell))
	if err != nil {
		return fmt.Errorf("tell: write the notice: %w", err)
	}
	store.AfterCommit(ctx, func() { s.announce(t.AccountID, sequence) })
	return nil
}

// count raises the account's counter and answers it. ent itself would need a second statement to read
// what it wrote.
func (s *Service) count(ctx context.Context, tx *ent.Tx, accountID int64) (int64, error) {
	query, args := sql.Dialect(s.store.Dialect()).
		Update(account.Table).
		Add(account.FieldNoticeSequence, 1).
		Where(sql.EQ(account.FieldID, accountID)).
		Returning(account.FieldNoticeSequence).
		Query()
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("tell: count: %w", err)
	}
	defer rows.Close()
	sequence, err := sql.ScanInt64(rows)
	switch {
	case errors.Is(err, stdsql.ErrNoRows):
		return 0, errNoAccount
	case err != nil:
		return 0, fmt.Errorf("tell: count: %w", err)
	}
	return sequence, nil
}

// concerned turns the zero that a Telling has for "none" into the store's null.
func concerned(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}
