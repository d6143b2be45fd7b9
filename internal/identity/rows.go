package identity

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/vehicle"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// newestFirst is an order, for the By… functions of the model.
var newestFirst = sql.OrderDesc()

// driver answers the viewer when it is signed in to an account. Errors: UNAUTHENTICATED; FORBIDDEN for
// machines and staff, whom signing in would not help.
func driver(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if !v.Registered() {
		return nil, viewer.LacksAccount(v)
	}
	return v, nil
}

// entitled answers the viewer when it may use a service about any of its vehicles. Errors as
// entitlement.Require.
func entitled(ctx context.Context, s entitlement.Service) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, s, 0); err != nil {
		return nil, err
	}
	return v, nil
}

// holdAccount makes transactions that touch one account run one after another. It writes the row as it is,
// because under snapshot isolation a lock that changes nothing would let the next transaction go on with
// what it read before (write skew); so written, that one is run again. Who holds vehicle and account holds
// the vehicle first. Error: NOT_FOUND, for an account that is closed too.
func holdAccount(ctx context.Context, tx *ent.Tx, id int64) (*ent.Account, error) {
	found, err := tx.Account.Update().Where(account.ID(id), account.ClosedAtIsNil()).Modify(store.Hold(account.FieldFullMask)).Save(ctx)
	if err == nil && found == 0 {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("hold the account: %w", err)
	}
	row, err := tx.Account.Get(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the account: %w", err)
	}
	return row, nil
}

// holdVehicle is holdAccount for a vehicle, whoever has it bound.
func holdVehicle(ctx context.Context, tx *ent.Tx, id int64) (*ent.Vehicle, error) {
	err := tx.Vehicle.Update().Where(vehicle.ID(id)).Modify(store.Hold(vehicle.FieldOwnerAccountID)).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("hold the vehicle: %w", err)
	}
	row, err := tx.Vehicle.Get(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the vehicle: %w", err)
	}
	return row, nil
}

// ownedByAnother holds for a vehicle that another account has verified.
func ownedByAnother(v *ent.Vehicle, accountID int64) bool {
	return v.OwnerAccountID != nil && *v.OwnerAccountID != accountID
}
