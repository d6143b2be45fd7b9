package identity

import (
	"context"
	"fmt"
	"slices"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/consent"
	"parkbff/ent/predicate"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/identity/token"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/viewer"
)

// policyVersion is the version of the privacy policy in which consents are given now.
func (s *Service) policyVersion() string { return s.catalogue.InForce(s.clock.Now()) }

// counts are the consents to a purpose that hold now, whosever they are.
func (s *Service) counts(code consent.Purpose) predicate.Consent {
	return consent.And(consent.PurposeEQ(code), consent.WithdrawnAtIsNil(), consent.EndedAtIsNil(),
		consent.PolicyVersionIn(s.catalogue.Counting(code, s.clock.Now())...))
}

// consentsOf are the purposes that accounts agree to, other than those of single vehicles.
func (s *Service) consentsOf(ctx context.Context, db *ent.Client, accountIDs []int64) (map[int64][]string, error) {
	rows, err := db.Consent.Query().Where(consent.AccountIDIn(accountIDs...), consent.VehicleIDIsNil(),
		consent.WithdrawnAtIsNil(), consent.EndedAtIsNil()).Order(consent.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read consents: %w", err)
	}
	agreed, now := make(map[int64][]string, len(accountIDs)), s.clock.Now()
	for _, row := range rows {
		name, before := string(row.Purpose), agreed[row.AccountID]
		if s.catalogue.Counts(row.Purpose, row.PolicyVersion, now) && !slices.Contains(before, name) {
			agreed[row.AccountID] = append(before, name)
		}
	}
	return agreed, nil
}

// HoldForConsents makes the changes to one account's consents run one after another, and with them whatever
// gives a view of the vehicle's stays; see consents.Accounts. Error: NOT_FOUND.
func (s *Service) HoldForConsents(ctx context.Context, tx *ent.Tx, accountID int64, binding *int64) (vehicleID int64, err error) {
	if binding != nil {
		b, err := boundRow(ctx, tx, accountID, *binding)
		if err != nil {
			return 0, err
		}
		if _, err := holdVehicle(ctx, tx, b.VehicleID); err != nil {
			return 0, err
		}
		// Whoever unbound it before the vehicle was held has it no more.
		if _, err := boundRow(ctx, tx, accountID, *binding); err != nil {
			return 0, err
		}
		vehicleID = b.VehicleID
	}
	_, err = holdAccount(ctx, tx, accountID)
	return vehicleID, err
}

// ConsentsChanged does what follows from a consent given or taken back; see consents.Accounts. Without the
// consent to its movement data an account no longer sees a vehicle's stays, other than those it paid for, and
// hears of no new one; the vehicle stays bound and verified. Without the consent to link accounts, none stays
// linked.
func (s *Service) ConsentsChanged(ctx context.Context, tx *ent.Tx, accountID int64, c consents.Change) error {
	switch {
	case c.Purpose == consent.PurposeMOVEMENT_TRACK && c.Withdrawn:
		if err := loseSight(ctx, tx, accountID, c.VehicleID); err != nil {
			return err
		}
	case c.Purpose == consent.PurposeTHIRD_PARTY_ACCOUNT && c.Withdrawn:
		if err := s.endEveryLink(ctx, tx, accountID); err != nil {
			return err
		}
	}
	s.accountChanged(ctx, accountID)
	return s.track(ctx, tx, accountID)
}

// RenewViewer replaces the viewer of a request by the one of its account's new facts.
func (s *Service) RenewViewer(ctx context.Context) error {
	v, err := driver(ctx)
	if err != nil {
		return err
	}
	return s.renew(ctx, v.AccountID, v.SignInID)
}

// track makes an account's bindings say whether their stays are recorded for it: while it agrees to parking
// at all and to the vehicle's movement data.
func (s *Service) track(ctx context.Context, tx *ent.Tx, accountID int64) error {
	parking, err := tx.Consent.Query().Where(s.counts(consent.PurposePARKING_CORE), consent.AccountID(accountID)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read consents: %w", err)
	}
	var agreed []*int64
	if parking {
		err := tx.Consent.Query().Where(s.counts(consent.PurposeMOVEMENT_TRACK), consent.AccountID(accountID)).
			Select(consent.FieldVehicleID).Scan(ctx, &agreed)
		if err != nil {
			return fmt.Errorf("read consents: %w", err)
		}
	}
	vehicles := make([]int64, 0, len(agreed))
	for _, id := range agreed {
		if id != nil {
			vehicles = append(vehicles, *id)
		}
	}
	own := vehiclebinding.And(vehiclebinding.AccountID(accountID), vehiclebinding.EndedAtIsNil())
	covered := vehiclebinding.VehicleIDIn(vehicles...)
	if err := tx.VehicleBinding.Update().Where(own, covered).SetTracked(true).Exec(ctx); err != nil {
		return fmt.Errorf("record movement again: %w", err)
	}
	if err := tx.VehicleBinding.Update().Where(own, vehiclebinding.Not(covered)).SetTracked(false).Exec(ctx); err != nil {
		return fmt.Errorf("record movement no more: %w", err)
	}
	return nil
}

// endEveryLink ends what is linked on any channel.
func (s *Service) endEveryLink(ctx context.Context, tx *ent.Tx, accountID int64) error {
	for _, ch := range []channellink.Channel{
		channellink.ChannelWECHAT_MINI, channellink.ChannelWECHAT_OFFICIAL, channellink.ChannelALIPAY_MINI, channellink.ChannelALIPAY_LIFE,
	} {
		if err := s.endLinks(ctx, tx, accountID, ch); err != nil {
			return err
		}
	}
	return nil
}

// UntrackOutdated ends the recording of movement for vehicles whose consent no longer counts because the
// purpose has changed with a version of the policy that has come into force: the person is asked anew. Nothing
// that was seen before is lost. It looks once per version, at the start and when the next one begins. Whoever
// records or tells asks the consents too, so that nothing depends on how soon it comes.
func (s *Service) UntrackOutdated(ctx context.Context) error {
	version := s.policyVersion()
	if done := s.untracked.Load(); done != nil && *done == version {
		return nil
	}
	ctx = viewer.AsSystem(ctx, "end outdated tracking")
	var accounts []int64
	err := s.store.Fresh(ctx).Consent.Query().Where(consent.WithdrawnAtIsNil(), consent.EndedAtIsNil(), consent.Or(
		s.outdated(consent.PurposeMOVEMENT_TRACK), s.outdated(consent.PurposePARKING_CORE))).
		Unique(true).Order(consent.ByAccountID()).Select(consent.FieldAccountID).Scan(ctx, &accounts)
	if err != nil {
		return fmt.Errorf("read outdated consents: %w", err)
	}
	for _, id := range accounts {
		err := s.write(ctx, "end outdated tracking", func(ctx context.Context, tx *ent.Tx) error {
			if _, err := holdAccount(ctx, tx, id); err != nil {
				return err
			}
			s.accountChanged(ctx, id)
			return s.track(ctx, tx, id)
		})
		if err != nil {
			return err
		}
	}
	s.untracked.Store(&version)
	return nil
}

func (s *Service) outdated(code consent.Purpose) predicate.Consent {
	return consent.And(consent.PurposeEQ(code),
		consent.PolicyVersionNotIn(s.catalogue.Counting(code, s.clock.Now())...))
}

// Now answers what has become of an account's viewer. Error: SIGN_IN_ENDED.
func (s *Service) Now(ctx context.Context, v *viewer.Viewer) (*viewer.Viewer, error) {
	return s.Viewer(ctx, token.Claims{Use: token.Access, Subject: v.AccountID, SignIn: v.SignInID})
}
