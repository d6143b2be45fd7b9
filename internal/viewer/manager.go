package viewer

import (
	"context"

	"parkbff/internal/fault"
)

// ManagerOf answers the viewer, if they manage a lot. Errors: UNAUTHENTICATED, FORBIDDEN.
func ManagerOf(ctx context.Context, lotID int64) (*Viewer, error) {
	v := Of(ctx)
	switch {
	case v.Kind == Anonymous:
		return nil, fault.Unauthenticated
	case v.Kind != Staff || !v.ManagesLot(lotID):
		return nil, fault.Forbidden
	}
	return v, nil
}
