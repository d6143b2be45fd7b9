package identity

import (
	"context"
	"fmt"
	"strings"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/consent"
	"parkbff/ent/follower"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/predicate"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// fieldSubject is the column in which the platform's id of a person is sealed.
const fieldSubject = "linked_account.subject"

// consentToLink is the separate consent to an account there being linked to one here (R084).
const consentToLink = consent.PurposeTHIRD_PARTY_ACCOUNT

// platform is who runs a channel.
type platform string

const (
	wechat platform = "WECHAT"
	alipay platform = "ALIPAY"
)

func platformOf[C ~string](ch C) platform {
	if strings.HasPrefix(string(ch), string(wechat)) {
		return wechat
	}
	return alipay
}

// told is the channel on which a platform tells who follows.
func (p platform) told() follower.Channel {
	if p == wechat {
		return follower.ChannelWECHAT_OFFICIAL
	}
	return follower.ChannelALIPAY_LIFE
}

// LinkChannel links the viewer's account with the platform's account behind a proof, which signs in to it from
// then on: so it needs a second factor, or whoever holds a sign-in that was stolen makes a young one of it. One
// that is linked already is answered as it is; if the consent it rests on counts no more, it rests on this one
// from now on.
//
// Errors: UNAUTHENTICATED; CONSENT_REQUIRED{purpose} and STEP_UP_REQUIRED, before anything is redeemed;
// CHANNEL_NOT_OFFERED; CHANNEL_REFUSED; CHANNEL_NOT_LINKABLE when it is another's here; CHANNEL_ALREADY_LINKED
// when another one is linked on this channel; UNAVAILABLE.
func (s *Service) LinkChannel(ctx context.Context, proof ChannelProof, consented bool) (*LinkedAccount, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.LinkChannel, 0); err != nil {
		return nil, err
	}
	if !consented {
		return nil, consentRequired(consentToLink)
	}
	if err := s.steppedUp(ctx, v); err != nil {
		return nil, err
	}
	who, err := s.vouched(ctx, proof)
	if err != nil {
		return nil, err
	}
	var row *ent.LinkedAccount
	err = s.write(ctx, "link a channel", func(ctx context.Context, tx *ent.Tx) error {
		row, err = s.link(ctx, tx, v.AccountID, proof.Channel, who)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.lookForFollowing(ctx, v.AccountID, proof.Channel); err != nil {
		return nil, err
	}
	if err := s.renew(ctx, v.AccountID, v.SignInID); err != nil {
		return nil, err
	}
	return linkedAccountOf(row), nil
}

// LinkedAccounts answers what is linked to the viewer's account, in the order it was linked. Error:
// UNAUTHENTICATED.
func (s *Service) LinkedAccounts(ctx context.Context) ([]*LinkedAccount, error) {
	return s.linkedAccounts(ctx)
}

// LinkedAccount answers one of them by its row. Errors: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) LinkedAccount(ctx context.Context, row int64) (*LinkedAccount, error) {
	found, err := s.linkedAccounts(ctx, linkedaccount.ID(row))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound
	}
	return found[0], nil
}

func (s *Service) linkedAccounts(ctx context.Context, which ...predicate.LinkedAccount) ([]*LinkedAccount, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.store.Client(ctx).LinkedAccount.Query().Where(which...).
		Where(linkedaccount.AccountID(v.AccountID), linkedaccount.EndedAtIsNil()).Order(linkedaccount.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read linked accounts: %w", err)
	}
	all := make([]*LinkedAccount, len(rows))
	for i, row := range rows {
		all[i] = linkedAccountOf(row)
	}
	return all, nil
}

func linkedAccountOf(row *ent.LinkedAccount) *LinkedAccount {
	return &LinkedAccount{Row: row.ID, Channel: row.Channel, LinkedAt: row.LinkedAt}
}

func (s *Service) isLinked(ctx context.Context, ch linkedaccount.Channel, who Person) (bool, error) {
	ctx = viewer.AsSystem(ctx, "look for a linked account")
	row, err := s.linkOf(ctx, s.store.Fresh(ctx), ch, who)
	return row != nil, err
}

// linkOf answers the link of a platform's person, or nil.
func (s *Service) linkOf(ctx context.Context, db *ent.Client, ch linkedaccount.Channel, who Person) (*ent.LinkedAccount, error) {
	row, err := db.LinkedAccount.Query().Where(linkedaccount.ChannelEQ(ch),
		linkedaccount.SubjectIndex(s.subjectIndex(string(ch), who)), linkedaccount.EndedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the linked account: %w", err)
	}
	return row, nil
}

// link writes a link and the consent it rests on; a link that is there rests on this consent from now on if the
// one before counts no more. The person must have agreed.
func (s *Service) link(ctx context.Context, tx *ent.Tx, accountID int64, ch linkedaccount.Channel, who Person) (*ent.LinkedAccount, error) {
	if _, err := holdAccount(ctx, tx, accountID); err != nil {
		return nil, err
	}
	found, err := s.linkOf(ctx, tx.Client(), ch, who)
	if err != nil {
		return nil, err
	}
	if found != nil {
		if found.AccountID != accountID {
			return nil, ChannelNotLinkable
		}
		return found, s.restOn(ctx, tx, found, true)
	}
	taken, err := tx.LinkedAccount.Query().Where(linkedaccount.AccountID(accountID), linkedaccount.ChannelEQ(ch),
		linkedaccount.EndedAtIsNil()).Exist(ctx)
	if err != nil {
		return nil, fmt.Errorf("read linked accounts: %w", err)
	}
	if taken {
		return nil, ChannelAlreadyLinked
	}
	row, err := s.addLink(ctx, tx, accountID, ch, who)
	if err != nil {
		return nil, err
	}
	return row, s.settleFollowing(ctx, tx, accountID, platformOf(ch).told())
}

func (s *Service) addLink(ctx context.Context, tx *ent.Tx, accountID int64, ch linkedaccount.Channel, who Person) (*ent.LinkedAccount, error) {
	agreed, err := s.agreeToLink(ctx, tx, accountID)
	if err != nil {
		return nil, err
	}
	sealed, err := s.vault.SealString(ctx, vault.AccountKey(accountID), fieldSubject, who.Subject)
	if err != nil {
		return nil, err
	}
	row := tx.LinkedAccount.Create().SetAccountID(accountID).SetChannel(ch).SetConsentID(agreed).SetLinkedAt(s.clock.Now()).
		SetSubject(sealed).SetSubjectIndex(s.subjectIndex(string(ch), who))
	if who.Union != "" {
		row.SetUnionIndex(s.unionIndex(platformOf(ch), who))
	}
	added, err := row.Save(ctx)
	if store.IsDuplicate(err) {
		return nil, store.Retry(err) // the other one is found then
	}
	if err != nil {
		return nil, fmt.Errorf("link the account: %w", err)
	}
	return added, nil
}

func (s *Service) agreeToLink(ctx context.Context, tx *ent.Tx, accountID int64) (consentID int64, err error) {
	agreed, err := tx.Consent.Create().SetAccountID(accountID).SetPurpose(consentToLink).
		SetPolicyVersion(s.policyVersion()).SetGrantedAt(s.clock.Now()).Save(ctx)
	if err != nil {
		return 0, fmt.Errorf("record the consent: %w", err)
	}
	return agreed.ID, nil
}

// restOn sees to it that the consent on which a link rests counts. Where the purpose has changed since, the
// person must agree anew (R078). Error: CONSENT_REQUIRED{purpose}.
func (s *Service) restOn(ctx context.Context, tx *ent.Tx, row *ent.LinkedAccount, agrees bool) error {
	counts, err := tx.Consent.Query().Where(consent.ID(row.ConsentID), s.counts(consentToLink)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read the consent: %w", err)
	}
	if counts {
		return nil
	}
	if !agrees {
		return consentRequired(consentToLink)
	}
	if err := s.endConsent(ctx, tx, row.ConsentID); err != nil {
		return err
	}
	anew, err := s.agreeToLink(ctx, tx, row.AccountID)
	if err != nil {
		return err
	}
	if err := tx.LinkedAccount.UpdateOneID(row.ID).SetConsentID(anew).Exec(ctx); err != nil {
		return fmt.Errorf("renew the link: %w", err)
	}
	s.accountChanged(ctx, row.AccountID)
	return nil
}

func (s *Service) endConsent(ctx context.Context, tx *ent.Tx, id int64) error {
	err := tx.Consent.Update().Where(consent.ID(id), consent.WithdrawnAtIsNil(), consent.EndedAtIsNil()).SetEndedAt(s.clock.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end the consent: %w", err)
	}
	return nil
}

// endLinks ends what is linked on a channel, with its consent, and the following that is known by it alone.
func (s *Service) endLinks(ctx context.Context, tx *ent.Tx, accountID int64, ch channellink.Channel) error {
	rows, err := tx.LinkedAccount.Query().Where(linkedaccount.AccountID(accountID),
		linkedaccount.ChannelEQ(linkedaccount.Channel(ch)), linkedaccount.EndedAtIsNil()).All(ctx)
	if err != nil {
		return fmt.Errorf("read linked accounts: %w", err)
	}
	for _, row := range rows {
		if err := s.endLink(ctx, tx, row); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	told := platformOf(ch).told()
	still, err := s.toldToFollow(ctx, tx, accountID, told)
	if err != nil || still {
		return err
	}
	return s.unlink(ctx, tx, accountID, channellink.Channel(told))
}

// endLink keeps of a link that there was one, when, by which channel and by which consent; nothing of the
// person there.
func (s *Service) endLink(ctx context.Context, tx *ent.Tx, row *ent.LinkedAccount) error {
	err := tx.LinkedAccount.UpdateOneID(row.ID).SetEndedAt(s.clock.Now()).
		SetSubject(vault.Sealed{}).SetSubjectIndex([]byte{}).ClearUnionIndex().Exec(ctx)
	if err != nil {
		return fmt.Errorf("end the link: %w", err)
	}
	if err := forgetAccepted(ctx, tx, row.AccountID, row.Channel); err != nil {
		return err
	}
	return s.endConsent(ctx, tx, row.ConsentID)
}

// subjectIndex is that of a person on one channel; an official account's events name the same one.
func (s *Service) subjectIndex(ch string, who Person) []byte {
	return s.vault.Index("channel_subject", ch+"|"+who.Subject)
}

func (s *Service) unionIndex(p platform, who Person) []byte {
	return s.vault.Index("channel_union", string(p)+"|"+who.Union)
}
