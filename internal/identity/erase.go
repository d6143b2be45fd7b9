package identity

import (
	"context"
	"errors"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/agreement"
	"parkbff/ent/channellink"
	"parkbff/ent/chargedispute"
	"parkbff/ent/codriverinvitation"
	"parkbff/ent/consent"
	"parkbff/ent/datakey"
	"parkbff/ent/delivery"
	"parkbff/ent/erasure"
	"parkbff/ent/fleet"
	"parkbff/ent/invoice"
	"parkbff/ent/invoicedelivery"
	"parkbff/ent/invoicetitle"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/mallorder"
	"parkbff/ent/membership"
	"parkbff/ent/messagequota"
	"parkbff/ent/notice"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/payoutaccount"
	"parkbff/ent/permit"
	"parkbff/ent/platedispute"
	"parkbff/ent/plateright"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/reservation"
	"parkbff/ent/sessionaccess"
	"parkbff/ent/sharedspace"
	"parkbff/ent/signin"
	"parkbff/ent/task"
	"parkbff/ent/vehiclebinding"
	"parkbff/ent/voucher"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// erasuresPerRun bounds one run of EraseOverdue; the rest is done by the next.
const erasuresPerRun = 1000

// EraseOverdue erases the accounts whose deadline has passed (R143).
func (s *Service) EraseOverdue(ctx context.Context) error {
	found := viewer.AsSystem(ctx, "find what must be erased")
	due, err := s.store.Fresh(found).Erasure.Query().
		Where(erasure.ErasedAtIsNil(), erasure.DeadlineLTE(s.clock.Now())).
		Order(erasure.ByDeadline()).Limit(erasuresPerRun).All(found)
	if err != nil {
		return fmt.Errorf("read deadlines: %w", err)
	}
	var failed []error
	for _, d := range due {
		failed = append(failed, s.write(ctx, "erase an account", func(ctx context.Context, tx *ent.Tx) error {
			still, err := tx.Erasure.Query().Where(erasure.ID(d.ID), erasure.ErasedAtIsNil()).Exist(ctx)
			if err != nil {
				return fmt.Errorf("read the deadline: %w", err)
			}
			if !still {
				return nil
			}
			return s.erase(ctx, tx, d.AccountID, d.Reason)
		}))
	}
	return errors.Join(failed...)
}

// erase ends all that an account has and takes from the store what is personal, so that of the person
// nothing can be found or opened any more, in backups neither: the key under which it was sealed is deleted.
// What is kept says nothing of a person: that there was an account, what it had agreed to until when, that
// and when it was erased. Stays are the lots' records and go on. An account that was erased stays as it is.
//
// It holds the account's vehicles and then the account.
func (s *Service) erase(ctx context.Context, tx *ent.Tx, accountID int64, why erasure.Reason) error {
	bound, err := s.holdBound(ctx, tx, accountID)
	if err != nil {
		return err
	}
	if _, err := holdAccount(ctx, tx, accountID); errors.Is(err, fault.NotFound) {
		return nil
	} else if err != nil {
		return err
	}
	for _, own := range bound {
		if err := s.disown(ctx, tx, own); err != nil {
			return err
		}
	}
	items := 0
	for _, step := range []func(context.Context, *ent.Tx, int64) (int, error){
		s.endSignIns, s.endConsents, deleteOwned, disownPayments, s.emptyBindings, s.emptyAccount,
	} {
		n, err := step(ctx, tx, accountID)
		if err != nil {
			return fmt.Errorf("erase an account: %w", err)
		}
		items += n
	}
	if err := s.shred(ctx, tx, accountID); err != nil {
		return err
	}
	s.accountChanged(ctx, accountID)
	return s.recordErasure(ctx, tx, accountID, why, items)
}

// holdBound answers the account's bindings that hold, by vehicle, and holds their vehicles.
func (s *Service) holdBound(ctx context.Context, tx *ent.Tx, accountID int64) ([]*ent.VehicleBinding, error) {
	bound, err := tx.VehicleBinding.Query().
		Where(vehiclebinding.AccountID(accountID), vehiclebinding.EndedAtIsNil()).
		Order(vehiclebinding.ByVehicleID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read bindings: %w", err)
	}
	for _, b := range bound {
		if _, err := holdVehicle(ctx, tx, b.VehicleID); err != nil {
			return nil, err
		}
	}
	return bound, nil
}

// endSignIns revokes every sign-in, on open sockets too, and drops what was sealed in them.
func (s *Service) endSignIns(ctx context.Context, tx *ent.Tx, accountID int64) (int, error) {
	living, err := tx.SignIn.Query().Where(signin.AccountID(accountID), signin.RevokedAtIsNil()).IDs(ctx)
	if err != nil {
		return 0, err
	}
	err = tx.SignIn.Update().Where(signin.IDIn(living...)).SetRevokedAt(s.clock.Now()).Exec(ctx)
	if err != nil {
		return 0, err
	}
	if err := silence(ctx, tx, accountID, living...); err != nil {
		return 0, err
	}
	for _, id := range living {
		store.AfterCommit(ctx, func() { s.signInEnded(id) })
	}
	return tx.SignIn.Update().Where(signin.AccountID(accountID)).SetRefresh(vault.Sealed{}).ClearDeviceName().Save(ctx)
}

// endConsents keeps what was agreed to as evidence, and that it ended with the account (R092).
func (s *Service) endConsents(ctx context.Context, tx *ent.Tx, accountID int64) (int, error) {
	err := tx.Consent.Update().
		Where(consent.AccountID(accountID), consent.WithdrawnAtIsNil(), consent.EndedAtIsNil()).
		SetEndedAt(s.clock.Now()).Exec(ctx)
	return 0, err
}

// deleteOwned deletes what is nobody else's business.
func deleteOwned(ctx context.Context, tx *ent.Tx, accountID int64) (items int, err error) {
	for _, remove := range []func(context.Context) (int, error){
		tx.ChannelLink.Delete().Where(channellink.AccountID(accountID)).Exec,
		tx.LinkedAccount.Delete().Where(linkedaccount.AccountID(accountID)).Exec,
		tx.CoDriverInvitation.Delete().Where(codriverinvitation.AccountID(accountID)).Exec,
		tx.Fleet.Delete().Where(fleet.AccountID(accountID)).Exec,
		tx.PlateDispute.Delete().Where(platedispute.AccountID(accountID)).Exec,
		tx.ChargeDispute.Delete().Where(chargedispute.AccountID(accountID)).Exec,
		tx.PayoutAccount.Delete().Where(payoutaccount.AccountID(accountID)).Exec,
		tx.SharedSpace.Delete().Where(sharedspace.AccountID(accountID)).Exec,
		tx.SessionAccess.Delete().Where(sessionaccess.AccountID(accountID)).Exec,
		tx.Notice.Delete().Where(notice.AccountID(accountID)).Exec,
		tx.Delivery.Delete().Where(delivery.AccountID(accountID)).Exec,
		tx.PushEndpoint.Delete().Where(pushendpoint.AccountID(accountID)).Exec,
		tx.MessageQuota.Delete().Where(messagequota.AccountID(accountID)).Exec,
		tx.Task.Delete().Where(task.AccountID(accountID)).Exec,
		tx.InvoiceTitle.Delete().Where(invoicetitle.AccountID(accountID)).Exec,
		tx.InvoiceDelivery.Delete().Where(invoicedelivery.AccountID(accountID)).Exec,
	} {
		n, err := remove(ctx)
		if err != nil {
			return 0, err
		}
		items += n
	}
	return items, nil
}

// disownPayments keeps what was ordered, paid, paid out and invoiced, vouchers, permits, reservations and points, and forgets whose it
// was: money records survive without identity (J(五)9(3)). Nobody can use those vouchers any more, by their codes neither.
func disownPayments(ctx context.Context, tx *ent.Tx, accountID int64) (items int, err error) {
	orders, err := tx.PaymentOrder.Update().Where(paymentorder.AccountID(accountID)).ClearAccountID().Save(ctx)
	if err != nil {
		return 0, err
	}
	vouchers, err := tx.Voucher.Update().Where(voucher.AccountID(accountID)).ClearAccountID().ClearCodeHash().Save(ctx)
	if err != nil {
		return 0, err
	}
	permits, err := endPermits(ctx, tx, accountID)
	if err != nil {
		return 0, err
	}
	reservations, err := endReservations(ctx, tx, accountID)
	if err != nil {
		return 0, err
	}
	points, err := disownPoints(ctx, tx, accountID)
	if err != nil {
		return 0, err
	}
	payments, err := tx.Payment.Update().Where(payment.AccountID(accountID)).ClearAccountID().Save(ctx)
	if err != nil {
		return 0, err
	}
	// The number of an invoice is the tax bureau's, and stays; whom it was made out to goes.
	invoices, err := tx.Invoice.Update().Where(invoice.AccountID(accountID)).ClearAccountID().ClearContents().Save(ctx)
	if err != nil {
		return 0, err
	}
	settlements, err := endSettlements(ctx, tx, accountID)
	if err != nil {
		return 0, err
	}
	agreements, err := tx.Agreement.Update().Where(agreement.AccountID(accountID)).ClearAccountID().ClearPayer().SetState(agreement.StateCLOSED).Save(ctx)
	return orders + vouchers + permits + reservations + points + payments + invoices + settlements + agreements, err
}

// endPermits keeps that permits were sold, and forgets whose they are and for which plates.
func endPermits(ctx context.Context, tx *ent.Tx, accountID int64) (items int, err error) {
	rights, err := tx.PlateRight.Delete().Where(plateright.AccountID(accountID)).Exec(ctx)
	if err != nil {
		return 0, err
	}
	permits, err := tx.Permit.Update().Where(permit.AccountID(accountID)).ClearAccountID().Save(ctx)
	return rights + permits, err
}

// endReservations lets the bays go that are kept, and keeps that they were: forgets by whom, and for which car.
func endReservations(ctx context.Context, tx *ent.Tx, accountID int64) (items int, err error) {
	err = tx.Reservation.Update().Where(reservation.AccountID(accountID),
		reservation.StateIn(reservation.StateHELD, reservation.StateCONFIRMED)).SetState(reservation.StateCANCELLED).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return tx.Reservation.Update().Where(reservation.AccountID(accountID)).ClearAccountID().
		SetPlate(vault.Sealed{}).SetPlateIndex([]byte{}).Save(ctx)
}

// disownPoints keeps how points moved and what was had of the mall, and forgets by whom. Nobody collects it any more; what
// was paid for it goes back when its time is over.
func disownPoints(ctx context.Context, tx *ent.Tx, accountID int64) (items int, err error) {
	orders, err := tx.MallOrder.Update().Where(mallorder.AccountID(accountID)).ClearAccountID().ClearCodeHash().Save(ctx)
	if err != nil {
		return 0, err
	}
	memberships, err := tx.Membership.Update().Where(membership.AccountID(accountID)).ClearAccountID().Save(ctx)
	return orders + memberships, err
}

// emptyBindings ends the bindings that hold, and empties all there ever were.
func (s *Service) emptyBindings(ctx context.Context, tx *ent.Tx, accountID int64) (int, error) {
	err := tx.VehicleBinding.Update().Where(vehiclebinding.AccountID(accountID), vehiclebinding.EndedAtIsNil()).
		SetEndedAt(s.clock.Now()).SetEndReason(vehiclebinding.EndReasonCLOSED).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return tx.VehicleBinding.Update().Where(vehiclebinding.AccountID(accountID)).
		SetPlate(vault.Sealed{}).SetPlateIndex([]byte{}).ClearNickname().ClearVerificationReason().ClearFleetID().Save(ctx)
}

// emptyAccount leaves a row that names nobody. That a guardian consented is kept as evidence.
func (s *Service) emptyAccount(ctx context.Context, tx *ent.Tx, accountID int64) (int, error) {
	err := tx.Account.UpdateOneID(accountID).SetMobile(vault.Sealed{}).ClearMobileIndex().ClearProfile().
		ClearPersonIndex().ClearAdult().ClearMinorSince().ClearMessageDisplay().SetFullMask(false).
		SetReachable(false).SetPushWanted(true).SetSmsWanted(false).ClearQuietFrom().ClearQuietUntil().
		SetClosedAt(s.clock.Now()).Exec(ctx)
	return 1, err
}

// shred deletes the key of everything that was sealed for the account.
func (s *Service) shred(ctx context.Context, tx *ent.Tx, accountID int64) error {
	key := vault.AccountKey(accountID)
	if _, err := tx.DataKey.Delete().Where(datakey.Owner(string(key))).Exec(ctx); err != nil {
		return fmt.Errorf("delete the key: %w", err)
	}
	store.AfterCommit(ctx, func() { s.accountErased(accountID) })
	return nil
}

// recordErasure keeps the evidence (R143). A deadline for another reason, which has not been waited for, is none.
func (s *Service) recordErasure(ctx context.Context, tx *ent.Tx, accountID int64, why erasure.Reason, items int) error {
	now, of := s.clock.Now(), erasure.AccountID(accountID)
	if _, err := tx.Erasure.Delete().Where(of, erasure.ReasonNEQ(why)).Exec(ctx); err != nil {
		return fmt.Errorf("drop the deadline: %w", err)
	}
	due, err := tx.Erasure.Update().Where(of).SetErasedAt(now).SetItems(items).Save(ctx)
	if err != nil {
		return fmt.Errorf("record the erasure: %w", err)
	}
	if due > 0 {
		return nil
	}
	err = tx.Erasure.Create().SetAccountID(accountID).SetReason(why).SetNoticedAt(now).SetDeadline(now).
		SetErasedAt(now).SetItems(items).Exec(ctx)
	if err != nil {
		return fmt.Errorf("record the erasure: %w", err)
	}
	return nil
}
