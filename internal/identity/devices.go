package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/predicate"
	"parkbff/ent/riskevent"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

const maxDeviceName = 40 // characters

// living are the sign-ins of an account that have not ended.
func (s *Service) living(accountID int64) predicate.SignIn {
	return signin.And(signin.AccountID(accountID), signin.RevokedAtIsNil(), signin.ExpiresAtGT(s.clock.Now()))
}

// Devices lists where the viewer's account is signed in, newest first: each living sign-in is a device
// (R085). Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Devices(ctx context.Context, p page.Request) (page.Of[*Device], error) {
	v, err := devicesOf(ctx)
	if err != nil {
		return page.Of[*Device]{}, err
	}
	query := s.store.Client(ctx).SignIn.Query().Where(s.living(v.AccountID)).Order(signin.ByID(newestFirst)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(signin.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Device]{}, fmt.Errorf("read sign-ins: %w", err)
	}
	cut := page.Cut(rows, p.First)
	all := make([]*Device, len(cut.Items))
	for i, row := range cut.Items {
		if all[i], err = s.device(ctx, v, row); err != nil {
			return page.Of[*Device]{}, err
		}
	}
	return page.Of[*Device]{Items: all, More: cut.More}, nil
}

// Device answers one of them. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND.
func (s *Service) Device(ctx context.Context, row int64) (*Device, error) {
	v, err := devicesOf(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.store.Client(ctx).SignIn.Query().Where(signin.ID(row), s.living(v.AccountID)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the sign-in: %w", err)
	}
	return s.device(ctx, v, found)
}

// ForgetDevice ends the sign-in of one of them, on open sockets too. The viewer in ctx becomes nobody when
// it was the device that asks. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND.
func (s *Service) ForgetDevice(ctx context.Context, row int64) error {
	v, err := devicesOf(ctx)
	if err != nil {
		return err
	}
	err = s.write(ctx, "forget a device", func(ctx context.Context, tx *ent.Tx) error {
		found, err := tx.SignIn.Query().Where(signin.ID(row), s.living(v.AccountID)).Only(ctx)
		if ent.IsNotFound(err) {
			return fault.NotFound
		}
		if err != nil {
			return fmt.Errorf("find the sign-in: %w", err)
		}
		return s.end(ctx, tx, found)
	})
	if err != nil {
		return err
	}
	return s.renew(ctx, v.AccountID, v.SignInID)
}

func (s *Service) device(ctx context.Context, v *viewer.Viewer, row *ent.SignIn) (*Device, error) {
	d := &Device{
		Row: row.ID, Channel: row.Channel, SignedInAt: row.CreatedAt, LastSeenAt: row.RotatedAt, Current: row.ID == v.SignInID,
	}
	if row.DeviceName == nil {
		return d, nil
	}
	name, err := s.vault.OpenString(ctx, vault.AccountKey(row.AccountID), fieldDevice, row.DeviceName)
	if err != nil {
		return nil, err
	}
	d.Name = &name
	return d, nil
}

// tidyDeviceName answers the name without surrounding space. Error: INVALID_DEVICE_NAME.
func tidyDeviceName(name string) (string, error) {
	tidy, ok := tidyName(name, maxDeviceName)
	if !ok {
		return "", InvalidDeviceName
	}
	return tidy, nil
}

// noteNewDevice notes a sign-in to an account that was signed in to before: to its person it is a new
// device, and perhaps somebody else's (R086).
func (s *Service) noteNewDevice(ctx context.Context, tx *ent.Tx, accountID int64) error {
	before, err := tx.SignIn.Query().Where(signin.AccountID(accountID)).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look for other sign-ins: %w", err)
	}
	if before {
		s.noteAfter(ctx, riskevent.KindNEW_DEVICE, riskevent.OutcomeNOTED, accountID)
	}
	return nil
}
