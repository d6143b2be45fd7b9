package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// SignOut ends the viewer's sign-in, on open sockets too, and the following that rested on it alone. The
// viewer in ctx becomes nobody. Error: UNAUTHENTICATED.
func (s *Service) SignOut(ctx context.Context) error {
	v, err := driver(ctx)
	if err != nil {
		return err
	}
	err = s.write(ctx, "sign out", func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.SignIn.Query().Where(signin.ID(v.SignInID), signin.AccountID(v.AccountID)).Only(ctx)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find the sign-in: %w", err)
		}
		return s.end(ctx, tx, row)
	})
	if err != nil {
		return err
	}
	viewer.Replace(ctx, viewer.Nobody())
	return nil
}

// end revokes a sign-in. When no other on its channel lives, the account follows there no more.
func (s *Service) end(ctx context.Context, tx *ent.Tx, row *ent.SignIn) error {
	if _, err := holdAccount(ctx, tx, row.AccountID); err != nil {
		return err
	}
	now := s.clock.Now()
	err := tx.SignIn.Update().Where(signin.ID(row.ID), signin.RevokedAtIsNil()).SetRevokedAt(now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end the sign-in: %w", err)
	}
	if err := silence(ctx, tx, row.AccountID, row.ID); err != nil {
		return err
	}
	others, err := tx.SignIn.Query().Where(signin.AccountID(row.AccountID), signin.ChannelEQ(row.Channel),
		signin.RevokedAtIsNil(), signin.ExpiresAtGT(now)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for other sign-ins: %w", err)
	}
	if channel, ok := follows[row.Channel]; ok && !others {
		if err := s.unlink(ctx, tx, row.AccountID, channel); err != nil {
			return err
		}
	}
	s.accountChanged(ctx, row.AccountID)
	store.AfterCommit(ctx, func() { s.signInEnded(row.ID) })
	return nil
}

// endOthers ends every living sign-in of an account but one; 0 ends all.
func (s *Service) endOthers(ctx context.Context, tx *ent.Tx, accountID, but int64) error {
	if _, err := holdAccount(ctx, tx, accountID); err != nil {
		return err
	}
	living, err := tx.SignIn.Query().Where(signin.AccountID(accountID), signin.IDNEQ(but), signin.RevokedAtIsNil()).
		Order(signin.ByID()).All(ctx)
	if err != nil {
		return fmt.Errorf("read sign-ins: %w", err)
	}
	for _, row := range living {
		if err := s.end(ctx, tx, row); err != nil {
			return err
		}
	}
	return nil
}

// UnlinkChannel stops following on a channel, until the next sign-in there, event or link, and ends what is
// linked there with its consent; the sign-in goes on. A channel that is neither followed nor linked is
// unlinked already. Errors: UNAUTHENTICATED; BAD_USER_INPUT for a channel that is none.
func (s *Service) UnlinkChannel(ctx context.Context, ch channellink.Channel) error {
	v, err := driver(ctx)
	if err != nil {
		return err
	}
	if channellink.ChannelValidator(ch) != nil {
		return fault.BadInput.At("channel")
	}
	err = s.write(ctx, "unlink a channel", func(ctx context.Context, tx *ent.Tx) error {
		if _, err := holdAccount(ctx, tx, v.AccountID); err != nil {
			return err
		}
		s.accountChanged(ctx, v.AccountID)
		if err := s.endLinks(ctx, tx, v.AccountID, ch); err != nil {
			return err
		}
		return s.unlink(ctx, tx, v.AccountID, ch)
	})
	if err != nil {
		return err
	}
	return s.renew(ctx, v.AccountID, v.SignInID)
}

func (s *Service) unlink(ctx context.Context, tx *ent.Tx, accountID int64, ch channellink.Channel) error {
	err := tx.ChannelLink.Update().
		Where(channellink.AccountID(accountID), channellink.ChannelEQ(ch), channellink.EndedAtIsNil()).
		SetEndedAt(s.clock.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("unlink the channel: %w", err)
	}
	return nil
}
