package agreement

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/agreedstay"
	"parkbff/ent/agreement"
	"parkbff/ent/task"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/billing"
	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/outbox"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	"parkbff/internal/viewer"
)

// standing answers the agreement by which a car is deducted for, the oldest if there are several, or nil.
func standing(ctx context.Context, tx *ent.Tx, vehicleID int64) (*ent.Agreement, error) {
	found, err := tx.Agreement.Query().Where(agreement.VehicleID(vehicleID), agreement.StateEQ(agreement.StateOPEN),
		agreement.HasBindingWith(vehiclebinding.EndedAtIsNil())).Order(agreement.ByOpenedAt(), agreement.ByID()).First(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look for an agreement: %w", err)
	}
	return found, nil
}

// Entered notes, in the transaction of the observation, that a car has come for which there may be an agreement: its
// channel is told.
func (s *Service) Entered(ctx context.Context, tx *ent.Tx, vehicleID, sessionID int64) error {
	by, err := standing(ctx, tx, vehicleID)
	if err != nil || by == nil {
		return err
	}
	stay, err := s.stay(ctx, tx, by, sessionID)
	if err != nil {
		return err
	}
	return s.Tasks.Put(ctx, tx, task.KindAGREED_ENTRY, stay.ID, 0)
}

// stay answers what the channel of an agreement knows a stay by.
func (s *Service) stay(ctx context.Context, tx *ent.Tx, by *ent.Agreement, sessionID int64) (*ent.AgreedStay, error) {
	known, err := tx.AgreedStay.Query().Where(agreedstay.SessionID(sessionID), agreedstay.AgreementID(by.ID)).Only(ctx)
	switch {
	case err == nil:
		return known, nil
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for the stay at the channel: %w", err)
	}
	number, err := charge.Draw(s.Random)
	if err != nil {
		return nil, err
	}
	made, err := tx.AgreedStay.Create().SetAgreementID(by.ID).SetSessionID(sessionID).SetNumber(number).SetCreatedAt(s.Clock.Now()).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("note the stay at the channel: %w", err)
	}
	return made, nil
}

// Left notes, in the transaction of the observation, that a car for which there may be an agreement wants to leave,
// and begins to take what it owes. It tells whether that has begun.
func (s *Service) Left(ctx context.Context, tx *ent.Tx, d parking.Due) (begun bool, err error) {
	by, err := standing(ctx, tx, d.VehicleID)
	if err != nil || by == nil || by.AccountID == nil {
		return false, err
	}
	stay, err := s.stay(ctx, tx, by, d.SessionID)
	if err != nil {
		return false, err
	}
	if err := tx.AgreedStay.UpdateOne(stay).SetLeftAt(d.At).Exec(ctx); err != nil {
		return false, fmt.Errorf("note that the car has left: %w", err)
	}
	if err := s.Tasks.Put(ctx, tx, task.KindAGREED_EXIT, stay.ID, 0); err != nil {
		return false, err
	}
	offer, offered := s.Offers[by.Channel]
	if d.Fen <= 0 || !offered {
		return false, nil
	}
	return s.orders.Collect(ctx, tx, billing.Collection{
		SessionID: d.SessionID, LotID: d.LotID, AccountID: *by.AccountID, AgreementID: by.ID, Channel: by.Channel, Way: offer.Way, Fen: d.Fen,
	})
}

// tellEntry tells a channel that a car has come (task AGREED_ENTRY). Of one that has gone meanwhile it hears when it is
// to deduct.
func (s *Service) tellEntry(ctx context.Context, job outbox.Job) error {
	row, offer, err := s.told(ctx, job)
	if err != nil || offer.Channel == nil || row.Reference != "" || row.LeftAt != nil {
		return err
	}
	entry, _, err := s.entry(ctx, row)
	if err != nil {
		return err
	}
	_, err = s.enter(ctx, offer, row, entry)
	return unlessRefused(err)
}

const (
	// An exit is told once the car may go, which is looked at each minute, and after an hour at the latest.
	exitLook   = time.Minute
	exitWithin = time.Hour
)

// tellExit tells a channel that a car of whose entry it knows has gone (task AGREED_EXIT).
func (s *Service) tellExit(ctx context.Context, job outbox.Job) error {
	row, offer, err := s.told(ctx, job)
	if err != nil || offer.Channel == nil || row.LeftTold || row.LeftAt == nil {
		return err
	}
	entry, owes, err := s.entry(ctx, row)
	if err != nil {
		return err
	}
	if now := s.Clock.Now(); owes && now.Before(row.LeftAt.Add(exitWithin)) {
		return outbox.Postpone(now.Add(exitLook))
	}
	if row.Reference == "" {
		return nil
	}
	if err := unlessRefused(offer.Leave(ctx, entry, row.Reference, *row.LeftAt)); err != nil {
		return err
	}
	return s.write(ctx, jobTell, func(ctx context.Context, tx *ent.Tx) error {
		return tx.AgreedStay.Update().Where(agreedstay.ID(row.ID)).SetLeftTold(true).Exec(ctx)
	})
}

// told reads the stay that a task is about, and who is told of it.
func (s *Service) told(ctx context.Context, job outbox.Job) (*ent.AgreedStay, Offer, error) {
	row, err := s.Store.Fresh(ctx).AgreedStay.Query().Where(agreedstay.ID(job.AboutID)).WithAgreement(withBinding).Only(ctx)
	if err != nil {
		return nil, Offer{}, fmt.Errorf("read the stay at the channel: %w", err)
	}
	return row, s.Offers[row.Edges.Agreement.Channel], nil
}

func withBinding(q *ent.AgreementQuery) { q.WithBinding() }

// unlessRefused passes on what may be tried again. That a channel will not deduct is seen when it is to.
func unlessRefused(err error) error {
	if errors.Is(err, charge.Declined) || errors.Is(err, charge.Refused) {
		return nil
	}
	return err
}

// entry is what a channel is told of a stay: the plate, and when it came. It answers also whether the stay owes.
func (s *Service) entry(ctx context.Context, row *ent.AgreedStay) (told charge.Entry, owes bool, err error) {
	stays, err := s.Stays.StaysByRow(viewer.AsSystem(ctx, jobTell), []int64{row.SessionID})
	if err != nil {
		return charge.Entry{}, false, err
	}
	of, ok := stays[row.SessionID]
	if !ok {
		return charge.Entry{}, false, fault.NotFound
	}
	plate, err := s.plate(ctx, row.Edges.Agreement)
	return charge.Entry{Number: row.Number, Plate: plate, EnteredAt: of.EnteredAt}, of.OwedFen() > 0, err
}

// enter tells the entry and keeps the reference that the channel answers.
func (s *Service) enter(ctx context.Context, offer Offer, row *ent.AgreedStay, entry charge.Entry) (reference string, err error) {
	reference, err = offer.Enter(ctx, entry)
	if reference == "" {
		return "", cmp.Or(err, error(fault.Unavailable))
	}
	kept := s.write(ctx, jobTell, func(ctx context.Context, tx *ent.Tx) error {
		return tx.AgreedStay.Update().Where(agreedstay.ID(row.ID)).SetReference(reference).Exec(ctx)
	})
	return reference, errors.Join(err, kept)
}

// Deduct has a channel take a payment that was written down. Errors: charge.Refused, charge.Declined,
// charge.AlreadyPaid; UNAVAILABLE when nobody knows what became of it.
func (s *Service) Deduct(ctx context.Context, agreementID, sessionID int64, c charge.Charge) (charge.Receipt, error) {
	row, err := s.Store.Fresh(viewer.AsSystem(ctx, jobTake)).AgreedStay.Query().
		Where(agreedstay.AgreementID(agreementID), agreedstay.SessionID(sessionID)).WithAgreement(withBinding).Only(viewer.AsSystem(ctx, jobTake))
	if err != nil {
		return charge.Receipt{}, fmt.Errorf("read the stay at the channel: %w", err)
	}
	by := row.Edges.Agreement
	offer, offered := s.Offers[by.Channel]
	if !offered || row.LeftAt == nil {
		return charge.Receipt{}, charge.Declined.Because(errors.New("nobody deducts there any more"))
	}
	if c.Payer, err = s.payer(ctx, by); err != nil {
		return charge.Receipt{}, err
	}
	entry, _, err := s.entry(ctx, row)
	if err != nil {
		return charge.Receipt{}, err
	}
	reference := row.Reference
	if reference == "" {
		if reference, err = s.enter(ctx, offer, row, entry); err != nil && (reference == "" || !errors.Is(err, charge.Declined)) {
			return charge.Receipt{}, err
		}
	}
	return offer.Deduct(ctx, charge.Deduction{Charge: c, Entry: entry, EntryReference: reference, Left: *row.LeftAt})
}

// FindDeduction tells what became of a deduction. Errors: charge.Refused; UNAVAILABLE.
func (s *Service) FindDeduction(ctx context.Context, channel money.Channel, of charge.Named) (charge.Receipt, error) {
	offer, offered := s.Offers[channel]
	if !offered {
		return charge.Receipt{}, NotOffered
	}
	return offer.FindDeduction(ctx, of)
}
