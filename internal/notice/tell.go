package notice

import (
	"context"
	"errors"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/task"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

var (
	errNoTransaction = errors.New("tell: not inside a transaction")
	errNoAccount     = errors.New("tell: there is no such account")
)

// Tell writes a notice for one account in the transaction tx, which ctx must be inside, and wakes the
// account's readings on every replica once it has committed. Where the person can be reached otherwise, or must
// be, the notice goes into the outbox too.
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
	counted, err := s.count(ctx, tx, t.AccountID)
	if err != nil {
		return err
	}
	told, err := tx.Notice.Create().
		SetAccountID(t.AccountID).
		SetSequence(counted.sequence).
		SetKind(t.Kind).
		SetNillableSessionID(concerned(t.SessionID)).
		SetNillableVehicleID(concerned(t.VehicleID)).
		SetNillableLotID(concerned(t.LotID)).
		SetPlate(plate).
		SetOccurredAt(t.OccurredAt).
		SetNillableFeeFen(t.FeeFen).
		SetCreatedAt(s.clock.Now()).
		Save(viewer.AsSystem(ctx, jobTell))
	if err != nil {
		return fmt.Errorf("tell: write the notice: %w", err)
	}
	store.AfterCommit(ctx, func() { s.announce(t.AccountID, counted.sequence) })
	if s.outbox == nil || !counted.reachable && !OfSecurity(t.Kind) {
		return nil
	}
	return s.outbox.Put(ctx, tx, task.KindNOTICE, told.ID, t.AccountID)
}

// counted is what one statement knows of an account whose counter it has raised.
type counted struct {
	sequence  int64
	reachable bool
}

// writeRaiseCounter writes what ent itself would need a second statement for, to read what it wrote.
func writeRaiseCounter(dialect string) store.Statement {
	return store.Write(sql.Dialect(dialect).
		Update(account.Table).
		Add(account.FieldNoticeSequence, 1).
		Where(sql.EQ(account.FieldID, store.Value(0))).
		Returning(account.FieldNoticeSequence, account.FieldReachable))
}

// count raises the account's counter and answers it.
func (s *Service) count(ctx context.Context, tx *ent.Tx, accountID int64) (c counted, err error) {
	rows, err := s.raiseCounter.Query(ctx, tx, accountID)
	if err != nil {
		return counted{}, fmt.Errorf("tell: count: %w", err)
	}
	defer rows.Close()
	found := rows.Next()
	if found {
		err = rows.Scan(&c.sequence, &c.reachable)
	}
	if err = errors.Join(err, rows.Err()); err != nil {
		return counted{}, fmt.Errorf("tell: count: %w", err)
	}
	if !found {
		return counted{}, errNoAccount
	}
	return c, nil
}

// concerned turns the zero that a Telling has for "none" into the store's null.
func concerned(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}
