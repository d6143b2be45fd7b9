package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// SetMessageDisplay says how the viewer's messages show what is verified, in the app and pushed; nil for
// the usual (R026). Errors: UNAUTHENTICATED; FACT_REQUIRED{fact, nextStep}; BAD_USER_INPUT.
func (s *Service) SetMessageDisplay(ctx context.Context, mode *viewer.Display) error {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.SetMessageDisplay, 0); err != nil {
		return err
	}
	if mode != nil && account.MessageDisplayValidator(account.MessageDisplay(*mode)) != nil {
		return fault.BadInput.At("mode")
	}
	err := s.write(ctx, "set how messages are shown", func(ctx context.Context, tx *ent.Tx) error {
		if _, err := holdAccount(ctx, tx, v.AccountID); err != nil {
			return err
		}
		change := tx.Account.UpdateOneID(v.AccountID)
		if mode == nil {
			change.ClearMessageDisplay()
		} else {
			change.SetMessageDisplay(account.MessageDisplay(*mode))
		}
		if err := change.Exec(ctx); err != nil {
			return fmt.Errorf("set how messages are shown: %w", err)
		}
		s.accountChanged(ctx, v.AccountID)
		return nil
	})
	if err != nil {
		return err
	}
	return s.renew(ctx, v.AccountID, v.SignInID)
}

// SetVehicleMessages switches one kind of messages about a vehicle on or off (R013). What concerns the
// account's right to the vehicle (bound by another, evicted) is told in every case.
//
// Errors: UNAUTHENTICATED; NOT_FOUND; FACT_REQUIRED{fact, nextStep}; BAD_USER_INPUT for a kind that is none.
func (s *Service) SetVehicleMessages(ctx context.Context, bindingRow int64, kind MessageKind, on bool) (*Vehicle, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, "set a vehicle's messages", func(ctx context.Context, tx *ent.Tx) error {
		b, err := boundRow(ctx, tx, v.AccountID, bindingRow)
		if err != nil {
			return err
		}
		if err := entitlement.Require(v, entitlement.SetMessages, b.VehicleID); err != nil {
			return err
		}
		return setMessages(ctx, tx, b, kind, on)
	})
	if err != nil {
		return nil, err
	}
	return s.binding(ctx, s.store.Fresh(ctx), vehiclebinding.ID(bindingRow))
}

func setMessages(ctx context.Context, tx *ent.Tx, b *ent.VehicleBinding, kind MessageKind, on bool) error {
	change := tx.VehicleBinding.Update().Where(vehiclebinding.ID(b.ID), vehiclebinding.EndedAtIsNil())
	switch kind {
	case MessageEntered:
		change.SetTellEntry(on)
	case MessageExited:
		change.SetTellExit(on)
	default:
		return fault.BadInput.At("kind")
	}
	n, err := change.Save(ctx)
	if err != nil {
		return fmt.Errorf("set the vehicle's messages: %w", err)
	}
	if n == 0 {
		return fault.NotFound
	}
	return nil
}

func messageSettings(b *ent.VehicleBinding) []MessageSetting {
	return []MessageSetting{{Kind: MessageEntered, On: b.TellEntry}, {Kind: MessageExited, On: b.TellExit}}
}
