package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
)

// BoundPlate answers the plate that the asking account has bound, by the row of the binding. Errors: UNAUTHENTICATED,
// NOT_FOUND.
func (s *Service) BoundPlate(ctx context.Context, bindingRow int64) (cnid.Plate, error) {
	v, err := driver(ctx)
	if err != nil {
		return cnid.Plate{}, err
	}
	row, err := s.store.Client(ctx).VehicleBinding.Query().Where(vehiclebinding.ID(bindingRow),
		vehiclebinding.AccountID(v.AccountID), vehiclebinding.EndedAtIsNil()).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return cnid.Plate{}, fault.NotFound
	case err != nil:
		return cnid.Plate{}, fmt.Errorf("read the binding: %w", err)
	}
	return s.plateOf(ctx, row)
}
