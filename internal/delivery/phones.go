package delivery

import (
	"context"
	"regexp"
	"slices"

	"parkbff/ent"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/signin"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	notices "parkbff/internal/notice"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// sealedToken is the column to which a sealed device token is bound.
const sealedToken = "push_endpoint.token"

// deviceToken is what both providers call devices, and longer.
var deviceToken = regexp.MustCompile(`^[0-9A-Za-z_-]{6,128}$`)

// Register says where the asking person's device is reached: the device of the sign-in, instead of where it was
// reached before. A phone that was passed on is its new person's: who had it before loses it, and is not told.
//
// Errors: UNAUTHENTICATED, FORBIDDEN; BAD_USER_INPUT; INVALID_PUSH_TOKEN; PUSH_NEEDS_APP.
func (s *Service) Register(ctx context.Context, provider pushendpoint.Provider, platform pushendpoint.Platform, token string) (*Channels, error) {
	v, err := asker(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case pushendpoint.ProviderValidator(provider) != nil:
		return nil, fault.BadInput.At("provider")
	case pushendpoint.PlatformValidator(platform) != nil:
		return nil, fault.BadInput.At("platform")
	case !deviceToken.MatchString(token):
		return nil, InvalidPushToken
	}
	err = s.write(ctx, jobSetting, func(ctx context.Context, tx *ent.Tx) error {
		if err := holdSignIn(ctx, tx, v); err != nil {
			return err
		}
		return s.register(ctx, tx, v, provider, platform, token)
	})
	if err != nil {
		return nil, err
	}
	return s.channels(ctx, v.AccountID)
}

func (s *Service) register(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, provider pushendpoint.Provider, platform pushendpoint.Platform, token string) error {
	index := s.Vault.Index("push_token", string(provider)+"|"+token)
	sealed, err := s.Vault.SealString(ctx, vault.AccountKey(v.AccountID), sealedToken, token)
	if err != nil {
		return err
	}
	before := pushendpoint.Or(pushendpoint.TokenIndex(index), pushendpoint.SignInID(v.SignInID))
	var accounts []int64
	err = tx.PushEndpoint.Query().Where(before).Select(pushendpoint.FieldAccountID).Scan(ctx, &accounts)
	if err != nil {
		return wrap("read phones", err)
	}
	if _, err := tx.PushEndpoint.Delete().Where(before).Exec(ctx); err != nil {
		return wrap("forget phones", err)
	}
	err = tx.PushEndpoint.Create().SetAccountID(v.AccountID).SetSignInID(v.SignInID).SetProvider(provider).SetPlatform(platform).
		SetToken(sealed).SetTokenIndex(index).SetCreatedAt(s.Clock.Now()).Exec(ctx)
	if store.IsDuplicate(err) {
		return store.Retry(err)
	}
	if err != nil {
		return wrap("keep the phone", err)
	}
	accounts = append(accounts, v.AccountID)
	slices.Sort(accounts)
	for _, id := range slices.Compact(accounts) {
		if err := notices.Reach(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// Remove forgets where the asking person's device is reached. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Remove(ctx context.Context) (*Channels, error) {
	v, err := asker(ctx)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, jobSetting, func(ctx context.Context, tx *ent.Tx) error {
		if _, err := tx.PushEndpoint.Delete().Where(pushendpoint.SignInID(v.SignInID)).Exec(ctx); err != nil {
			return wrap("forget the phone", err)
		}
		return notices.Reach(ctx, tx, v.AccountID)
	})
	if err != nil {
		return nil, err
	}
	return s.channels(ctx, v.AccountID)
}

func (s *Service) openToken(ctx context.Context, phone *ent.PushEndpoint) (string, error) {
	return s.Vault.OpenString(ctx, vault.AccountKey(phone.AccountID), sealedToken, phone.Token)
}

// holdSignIn holds the account of a sign-in of the app that has not ended meanwhile.
func holdSignIn(ctx context.Context, tx *ent.Tx, v *viewer.Viewer) error {
	open, err := hold(ctx, tx, v.AccountID)
	if err != nil {
		return err
	}
	row, err := tx.SignIn.Query().
		Where(signin.ID(v.SignInID), signin.AccountID(v.AccountID), signin.RevokedAtIsNil()).Only(ctx)
	switch {
	case !open || ent.IsNotFound(err):
		return fault.Unauthenticated
	case err != nil:
		return wrap("read the sign-in", err)
	case row.Channel != signin.ChannelAPP:
		return PushNeedsApp
	}
	return nil
}

// asker answers the viewer when it may say how messages come.
func asker(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	return v, entitlement.Require(v, entitlement.MessageChannels, 0)
}
