package store

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/datakey"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// DataKeys keeps the wrapped data keys of the vault in the store.
type DataKeys struct{ store *Store }

// DataKeys answers the keeper of the vault's wrapped keys.
func (s *Store) DataKeys() DataKeys { return DataKeys{s} }

const jobDataKey = "data key"

// Load implements vault.DataKeys.
func (d DataKeys) Load(ctx context.Context, owner vault.Owner) (wrapped []byte, committed bool, err error) {
	ctx = viewer.AsSystem(ctx, jobDataKey)
	row, err := d.store.Fresh(ctx).DataKey.Query().Where(datakey.Owner(string(owner))).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, false, vault.NoKey
	case err != nil:
		return nil, false, fmt.Errorf("read data key: %w", err)
	}
	return row.Wrapped, !InTx(ctx), nil
}

// Save implements vault.DataKeys: it adds the key of a new owner and never replaces one.
func (d DataKeys) Save(ctx context.Context, owner vault.Owner, wrapped []byte) error {
	return d.store.WithTx(viewer.AsSystem(ctx, jobDataKey), func(ctx context.Context, tx *ent.Tx) error {
		if err := tx.DataKey.Create().SetOwner(string(owner)).SetWrapped(wrapped).Exec(ctx); err != nil {
			return fmt.Errorf("keep data key: %w", err)
		}
		return nil
	})
}
