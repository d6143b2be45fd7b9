package agreement

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/agreement"
	"parkbff/ent/task"
	"parkbff/ent/vehicle"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/billing"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/money"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Agreement is a channel's leave to deduct for a vehicle of the viewer's.
type Agreement struct {
	Row      int64
	Channel  money.Channel
	Way      money.Way
	State    agreement.State
	OpenedAt *time.Time
}

// Wish is an agreement that an account wants.
type Wish struct {
	Vehicle int64 // row of the binding
	Channel money.Channel
	Code    string // one-time, of the channel's own app; not needed when the account is linked there
}

// Opening is an agreement, and what the client hands to the channel so that its payer agrees there; nil when the
// agreement is open.
type Opening struct {
	Agreement *Agreement
	Launch    *billing.Launch
}

// Open opens an agreement for one of the asking driver's vehicles, or tells where its payer does so at the channel.
// Asked again, as when the payer has come back, it answers how the agreement stands. The channel is asked for an hour
// whether it has been opened, also when nobody asks us.
//
// Errors: UNAUTHENTICATED, NOT_FOUND, FACT_REQUIRED, CONSENT_REQUIRED; NotOffered, InArrears, Held; what
// billing.Payers answers; UNAVAILABLE.
func (s *Service) Open(ctx context.Context, w Wish) (*Opening, error) {
	offer, offered := s.Offers[w.Channel]
	if !offered {
		return nil, NotOffered
	}
	of, err := s.Vehicles.Vehicle(ctx, w.Vehicle)
	if err != nil {
		return nil, err
	}
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.PasswordFree, of.VehicleID); err != nil {
		return nil, err
	}
	owes, err := s.Stays.InArrears(ctx, of.VehicleID)
	switch {
	case err != nil:
		return nil, err
	case owes:
		return nil, InArrears
	}
	payer, err := s.Payers.PayerOn(ctx, w.Channel, w.Code)
	if err != nil {
		return nil, err
	}
	row, err := s.begin(ctx, v.AccountID, of, w.Channel, payer)
	if err != nil {
		return nil, err
	}
	return s.launch(ctx, offer, row, charge.Plate{Text: of.Plate, Color: string(of.PlateColor)}, payer)
}

// begin writes down that an agreement is wanted, with the task that asks whether it has been opened.
func (s *Service) begin(ctx context.Context, accountID int64, of *identity.Vehicle, channel money.Channel, payer string) (row *ent.Agreement, err error) {
	sealed, err := s.Vault.SealString(ctx, vault.AccountKey(accountID), identity.FieldPayer, payer)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, jobAgree, func(ctx context.Context, tx *ent.Tx) error {
		if err := s.makeWay(ctx, tx, of, channel); err != nil {
			return err
		}
		row, err = tx.Agreement.Query().Where(agreement.BindingID(of.Row), agreement.ChannelEQ(channel),
			agreement.StateIn(agreement.StateOPENING, agreement.StateOPEN)).Only(ctx)
		switch {
		case err == nil:
			row, err = tx.Agreement.UpdateOne(row).SetPayer(sealed).Save(ctx)
			return err
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the agreement: %w", err)
		}
		row, err = tx.Agreement.Create().SetAccountID(accountID).SetVehicleID(of.VehicleID).SetBindingID(of.Row).SetChannel(channel).
			SetPayer(sealed).SetCreatedAt(s.Clock.Now()).Save(ctx)
		switch {
		case store.IsDuplicate(err):
			return store.Retry(fmt.Errorf("the agreement has just been asked for: %w", err))
		case err != nil:
			return fmt.Errorf("write the agreement: %w", err)
		}
		return s.Tasks.Put(ctx, tx, task.KindAGREEMENT, row.ID, accountID)
	})
	return row, err
}

// makeWay closes an agreement whose binding holds no more. Error: Held, by one whose binding does.
func (s *Service) makeWay(ctx context.Context, tx *ent.Tx, of *identity.Vehicle, channel money.Channel) error {
	other, err := tx.Agreement.Query().Where(agreement.VehicleID(of.VehicleID), agreement.ChannelEQ(channel),
		agreement.StateEQ(agreement.StateOPEN), agreement.BindingIDNEQ(of.Row)).WithBinding().Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("look for another's agreement: %w", err)
	case other.Edges.Binding.EndedAt == nil:
		return Held
	}
	return s.close(ctx, tx, other)
}

// launch asks the channel how it stands to a new agreement, and answers where it is opened.
func (s *Service) launch(ctx context.Context, offer Offer, row *ent.Agreement, of charge.Plate, payer string) (*Opening, error) {
	stands, err := offer.Channel.Agreement(ctx, of, payer)
	switch {
	case err != nil:
		return nil, atChannel(err)
	case stands.State == charge.AgreementOpen:
		if row, err = s.opened(ctx, row.ID); err != nil {
			return nil, err
		}
		return &Opening{Agreement: s.shown(row)}, nil
	}
	launch, err := offer.Opening(of, payer)
	if err != nil {
		return nil, atChannel(err)
	}
	return &Opening{Agreement: s.shown(row), Launch: billing.LaunchOf(launch)}, nil
}

// atChannel answers to a client what a channel has answered to us.
func atChannel(err error) error {
	if errors.Is(err, charge.Refused) || errors.Is(err, charge.Declined) {
		return NotOffered.Because(err)
	}
	return fault.Unavailable.Because(err)
}

// opened notes that a channel deducts from now on, also for the stay that is going on.
func (s *Service) opened(ctx context.Context, id int64) (row *ent.Agreement, err error) {
	err = s.write(ctx, jobAgree, func(ctx context.Context, tx *ent.Tx) error {
		if row, err = tx.Agreement.Get(ctx, id); err != nil {
			return fmt.Errorf("read the agreement: %w", err)
		}
		if row.State != agreement.StateOPENING {
			return nil
		}
		n, err := tx.Agreement.Update().Where(agreement.ID(id), agreement.StateEQ(agreement.StateOPENING)).
			SetState(agreement.StateOPEN).SetOpenedAt(s.Clock.Now()).Save(ctx)
		switch {
		case store.IsDuplicate(err):
			return store.Retry(fmt.Errorf("another has just been opened: %w", err))
		case err != nil:
			return fmt.Errorf("open the agreement: %w", err)
		case n != 1:
			return store.Retry(errors.New("the agreement has just moved on"))
		}
		if err := s.Stays.ExpectPasswordFree(ctx, tx, row.VehicleID); err != nil {
			return err
		}
		row, err = tx.Agreement.Get(ctx, id)
		return err
	})
	return row, err
}

const (
	// askedFor is how long a channel is asked whether a payer has opened an agreement there.
	askedFor = time.Hour
	// firstLook is how long after an agreement was wanted its channel is first asked. Each further look comes after a
	// pause twice as long.
	firstLook = 15 * time.Second
)

// lookAgain asks a channel whether an agreement has been opened, and gives it up after an hour (task AGREEMENT).
func (s *Service) lookAgain(ctx context.Context, job outbox.Job) error {
	row, err := s.Store.Fresh(ctx).Agreement.Query().Where(agreement.ID(job.AboutID)).WithBinding().Only(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the agreement: %w", err)
	case row.State != agreement.StateOPENING:
		return nil
	}
	now := s.Clock.Now()
	over := row.AccountID == nil || row.Edges.Binding.EndedAt != nil || now.Sub(row.CreatedAt) > askedFor
	if over {
		return s.write(ctx, jobAgree, func(ctx context.Context, tx *ent.Tx) error { return s.close(ctx, tx, row) })
	}
	if first := row.CreatedAt.Add(firstLook); now.Before(first) {
		return outbox.Postpone(first)
	}
	offer, offered := s.Offers[row.Channel]
	if !offered {
		return NotOffered
	}
	of, err := s.plate(ctx, row)
	if err != nil {
		return err
	}
	payer, err := s.payer(ctx, row)
	if err != nil {
		return err
	}
	stands, err := offer.Channel.Agreement(ctx, of, payer)
	switch {
	case err != nil:
		return err
	case stands.State != charge.AgreementOpen:
		return outbox.Postpone(now.Add(now.Sub(row.CreatedAt)))
	}
	_, err = s.opened(ctx, row.ID)
	return err
}

// plate answers the plate of an agreement, as its account bound it.
func (s *Service) plate(ctx context.Context, row *ent.Agreement) (charge.Plate, error) {
	of := row.Edges.Binding
	plate, err := s.Vault.OpenString(ctx, vault.AccountKey(of.AccountID), identity.FieldPlate, of.Plate)
	return charge.Plate{Text: plate, Color: of.PlateColor}, err
}

func (s *Service) payer(ctx context.Context, row *ent.Agreement) (string, error) {
	if row.AccountID == nil || row.Payer == nil {
		return "", charge.Declined.Because(errors.New("the payer's account is gone"))
	}
	return s.Vault.OpenString(ctx, vault.AccountKey(*row.AccountID), identity.FieldPayer, row.Payer)
}

// Close ends an agreement of the asking driver's: nothing more is deducted by it. What has begun goes on. The channel
// keeps its own word with its user, who ends it there. Errors: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) Close(ctx context.Context, id int64) (*Agreement, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return nil, fault.Unauthenticated
	}
	var row *ent.Agreement
	err := s.write(ctx, jobAgree, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.Agreement.Query().Where(agreement.ID(id), agreement.AccountID(v.AccountID)).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			return fault.NotFound
		case err != nil:
			return fmt.Errorf("read the agreement: %w", err)
		case row.State == agreement.StateCLOSED:
			return nil
		}
		if err := s.close(ctx, tx, row); err != nil {
			return err
		}
		row, err = tx.Agreement.Get(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.shown(row), nil
}

// close ends an agreement, and what its vehicle is known by when it was the last.
func (s *Service) close(ctx context.Context, tx *ent.Tx, row *ent.Agreement) error {
	n, err := tx.Agreement.Update().Where(agreement.ID(row.ID), agreement.StateEQ(row.State)).
		SetState(agreement.StateCLOSED).SetClosedAt(s.Clock.Now()).ClearPayer().Save(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("close the agreement: %w", err)
	case n != 1:
		return store.Retry(errors.New("the agreement has just moved on"))
	}
	others, err := tx.Agreement.Query().Where(agreement.VehicleID(row.VehicleID), agreement.StateEQ(agreement.StateOPEN)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for other agreements: %w", err)
	}
	if others {
		return nil
	}
	err = tx.Vehicle.Update().Where(vehicle.ID(row.VehicleID), vehicle.PasswordFree(true)).SetPasswordFree(false).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note that nobody deducts for the vehicle: %w", err)
	}
	return nil
}

// Of lists the agreements for one of the asking driver's vehicles that are open or being opened, by channel.
func (s *Service) Of(ctx context.Context, bindingRow int64) ([]*Agreement, error) {
	rows, err := s.Store.Client(ctx).Agreement.Query().
		Where(agreement.BindingID(bindingRow), agreement.StateNEQ(agreement.StateCLOSED),
			agreement.HasBindingWith(vehiclebinding.EndedAtIsNil())).
		Order(agreement.ByChannel()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read agreements: %w", err)
	}
	shown := make([]*Agreement, len(rows))
	for i, row := range rows {
		shown[i] = s.shown(row)
	}
	return shown, nil
}

// One answers an agreement of the asking driver's. Error: NOT_FOUND.
func (s *Service) One(ctx context.Context, id int64) (*Agreement, error) {
	row, err := s.Store.Client(ctx).Agreement.Query().Where(agreement.ID(id)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the agreement: %w", err)
	}
	return s.shown(row), nil
}

func (s *Service) shown(row *ent.Agreement) *Agreement {
	return &Agreement{Row: row.ID, Channel: row.Channel, Way: s.Offers[row.Channel].Way, State: row.State, OpenedAt: row.OpenedAt}
}
