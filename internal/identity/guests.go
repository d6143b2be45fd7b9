package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/codriverinvitation"
	"parkbff/ent/notice"
	"parkbff/ent/predicate"
	"parkbff/ent/vehicle"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/fault"
	"parkbff/internal/privacy"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// ownedBy holds for a vehicle that the account has verified.
func ownedBy(v *ent.Vehicle, accountID int64) bool {
	return v.OwnerAccountID != nil && *v.OwnerAccountID == accountID
}

// boundTo lists who has a vehicle bound, by ascending account.
func boundTo(ctx context.Context, tx *ent.Tx, vehicleID int64) ([]*ent.VehicleBinding, error) {
	bound, err := tx.VehicleBinding.Query().Where(vehiclebinding.VehicleID(vehicleID), vehiclebinding.EndedAtIsNil()).
		Order(vehiclebinding.ByAccountID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read bindings: %w", err)
	}
	return bound, nil
}

// bindingOf finds an account's among bindings; nil when it has none.
func bindingOf(bound []*ent.VehicleBinding, accountID int64) *ent.VehicleBinding {
	for _, b := range bound {
		if b.AccountID == accountID {
			return b
		}
	}
	return nil
}

func isGuest(b *ent.VehicleBinding) bool { return b.Role == vehiclebinding.RoleCO_DRIVER }

func guestsIn(bound []*ent.VehicleBinding) int {
	n := 0
	for _, b := range bound {
		if isGuest(b) {
			n++
		}
	}
	return n
}

// invitationsTo are an owner's to one vehicle; nobody else gives any. They are found by the account.
func invitationsTo(owner, vehicleID int64) predicate.CoDriverInvitation {
	return codriverinvitation.And(codriverinvitation.AccountID(owner), codriverinvitation.VehicleID(vehicleID))
}

// guestOf holds for the co-drivers of all vehicles that an account owns now, whoever invited them.
func guestOf(owner int64) predicate.VehicleBinding {
	return vehiclebinding.And(vehiclebinding.RoleEQ(vehiclebinding.RoleCO_DRIVER), vehiclebinding.EndedAtIsNil(),
		vehiclebinding.HasVehicleWith(vehicle.OwnerAccountID(owner)))
}

// dismissGuests ends what a vehicle's owner has granted to others: invitations that are open, and the
// bindings of co-drivers but for the account to keep (0: none), which is about to own the vehicle.
func (s *Service) dismissGuests(ctx context.Context, tx *ent.Tx, owner, vehicleID, keep int64) error {
	err := tx.CoDriverInvitation.Update().Where(invitationsTo(owner, vehicleID),
		codriverinvitation.AcceptedAtIsNil(), codriverinvitation.RevokedAtIsNil()).SetRevokedAt(s.clock.Now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("withdraw invitations: %w", err)
	}
	bound, err := boundTo(ctx, tx, vehicleID)
	if err != nil {
		return err
	}
	var guests []*ent.VehicleBinding
	for _, b := range bound {
		if isGuest(b) && b.AccountID != keep {
			guests = append(guests, b)
		}
	}
	return s.dismiss(ctx, tx, guests)
}

// dismiss ends the bindings of co-drivers of one vehicle and tells them.
func (s *Service) dismiss(ctx context.Context, tx *ent.Tx, guests []*ent.VehicleBinding) error {
	if len(guests) == 0 {
		return nil
	}
	for _, guest := range guests {
		if err := s.release(ctx, tx, guest, vehiclebinding.EndReasonREVOKED); err != nil {
			return err
		}
	}
	plate, err := s.plateOf(ctx, guests[0])
	if err != nil {
		return err
	}
	return s.tell(ctx, tx, notice.KindCO_DRIVER_REMOVED, guests, plate)
}

type allCoDrivers struct{}

// CoDrivers answers who drives one of the viewer's vehicles by the viewer's invitation, in the order they
// were bound; nobody unless the viewer owns it. Error: UNAUTHENTICATED.
func (s *Service) CoDrivers(ctx context.Context, vehicleID int64) ([]*CoDriver, error) {
	all, err := viewer.Once(ctx, allCoDrivers{}, s.coDrivers)
	if err != nil {
		return nil, err
	}
	found := []*CoDriver{}
	for _, guest := range all {
		if guest.VehicleID == vehicleID {
			found = append(found, guest)
		}
	}
	return found, nil
}

// CoDriver answers one of them by the row of their binding. Errors: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) CoDriver(ctx context.Context, row int64) (*CoDriver, error) {
	all, err := viewer.Once(ctx, allCoDrivers{}, s.coDrivers)
	if err != nil {
		return nil, err
	}
	for _, guest := range all {
		if guest.Row == row {
			return guest, nil
		}
	}
	return nil, fault.NotFound
}

// coDrivers reads those of all vehicles that the viewer owns, at once: they are asked for vehicle by vehicle. That
// they are among the viewer's own follows from guestOf, and finds them by an index.
func (s *Service) coDrivers(ctx context.Context) ([]*CoDriver, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	if !v.HasVerified() {
		return nil, nil
	}
	ctx = viewer.AsSystem(ctx, "read co-drivers")
	rows, err := s.store.Client(ctx).VehicleBinding.Query().Where(vehiclebinding.VehicleIDIn(v.VehicleIDs()...), guestOf(v.AccountID)).
		WithAccount().Order(inBindOrder()...).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read co-drivers: %w", err)
	}
	all := make([]*CoDriver, len(rows))
	for i, row := range rows {
		mobile, err := s.vault.OpenString(ctx, vault.AccountKey(row.AccountID), fieldMobile, row.Edges.Account.Mobile)
		if err != nil {
			return nil, err
		}
		all[i] = &CoDriver{Row: row.ID, VehicleID: row.VehicleID, Mobile: privacy.Mobile(mobile), BoundAt: row.BoundAt}
	}
	return all, nil
}
