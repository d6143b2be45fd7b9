package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/consent"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/messagequota"
	"parkbff/ent/notice"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	notices "parkbff/internal/notice"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Addressee answers whom a message to an account is shown to, by the facts of this moment: its viewer, without a
// sign-in. Ask as the program itself. Error: NOT_FOUND, for an account that is closed too.
func (s *Service) Addressee(ctx context.Context, accountID int64) (*viewer.Viewer, error) {
	return s.accountViewer(ctx, s.store.Fresh(ctx), accountID)
}

// WantsNews tells whether an account wants to hear that a vehicle came or left, and may: it has it bound, agrees
// to its movement data by words that are in force, and has not switched such messages off (R013, R078).
func (s *Service) WantsNews(ctx context.Context, accountID, vehicleID int64, kind notice.Kind) (bool, error) {
	wanted := vehiclebinding.TellEntry(true)
	if kind == notice.KindEXITED {
		wanted = vehiclebinding.TellExit(true)
	}
	db := s.store.Fresh(ctx)
	wants, err := db.VehicleBinding.Query().Where(vehiclebinding.AccountID(accountID), vehiclebinding.VehicleID(vehicleID),
		vehiclebinding.EndedAtIsNil(), vehiclebinding.Tracked(true), wanted).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("read message settings: %w", err)
	}
	if !wants {
		return false, nil
	}
	agrees, err := db.Consent.Query().Where(consent.AccountID(accountID), consent.VehicleID(vehicleID),
		s.counts(consent.PurposeMOVEMENT_TRACK)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("read consents: %w", err)
	}
	return agrees, nil
}

// MobileOf answers an account's mobile, for a text to it. Ask as the program itself. Error: NOT_FOUND.
func (s *Service) MobileOf(ctx context.Context, accountID int64) (cnid.Mobile, error) {
	row, err := s.store.Fresh(ctx).Account.Query().Where(account.ID(accountID), account.ClosedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return cnid.Mobile{}, fault.NotFound
	}
	if err != nil {
		return cnid.Mobile{}, fmt.Errorf("read the account: %w", err)
	}
	text, err := s.vault.OpenString(ctx, vault.AccountKey(accountID), fieldMobile, row.Mobile)
	if err != nil {
		return cnid.Mobile{}, err
	}
	return cnid.ParseMobile(text)
}

// SubjectOf answers what a platform calls the person of an account on a channel; false: none is linked there, or
// by a consent that counts no more. Ask as the program itself.
func (s *Service) SubjectOf(ctx context.Context, accountID int64, ch linkedaccount.Channel) (subject string, linked bool, err error) {
	db := s.store.Fresh(ctx)
	row, err := db.LinkedAccount.Query().Where(linkedaccount.AccountID(accountID), linkedaccount.ChannelEQ(ch),
		linkedaccount.EndedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read the linked account: %w", err)
	}
	agreed, err := db.Consent.Query().Where(consent.ID(row.ConsentID), s.counts(consentToLink)).Exist(ctx)
	if err != nil || !agreed {
		return "", false, err
	}
	subject, err = s.vault.OpenString(ctx, vault.AccountKey(accountID), fieldSubject, row.Subject)
	return subject, err == nil, err
}

// silence forgets the phones of sign-ins that have ended: no message goes there any more.
func silence(ctx context.Context, tx *ent.Tx, accountID int64, signIns ...int64) error {
	n, err := tx.PushEndpoint.Delete().Where(pushendpoint.SignInIDIn(signIns...)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget phones: %w", err)
	}
	if n == 0 {
		return nil
	}
	return notices.Reach(ctx, tx, accountID)
}

// forgetAccepted forgets what a person has accepted to be sent on a channel: who is linked there next has not.
func forgetAccepted(ctx context.Context, tx *ent.Tx, accountID int64, ch linkedaccount.Channel) error {
	n, err := tx.MessageQuota.Delete().
		Where(messagequota.AccountID(accountID), messagequota.ChannelEQ(messagequota.Channel(ch))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget accepted messages: %w", err)
	}
	if n == 0 {
		return nil
	}
	return notices.Reach(ctx, tx, accountID)
}
