package resolvers

import (
	"context"
	"errors"

	"parkbff/graph/relay"
	"parkbff/internal/fault"
)

// Types whose objects have ids. The sealer of ids must know every one of them.
const (
	typeAccount     = "Account"
	typeVehicle     = "Vehicle"
	typeLot         = "Lot"
	typeStay        = "ParkingSession"
	typeNotice      = "Notice"
	typeGateCommand = "GateCommand"
)

// NodeTypes lists them.
func NodeTypes() []string {
	return []string{typeAccount, typeVehicle, typeLot, typeStay, typeNotice, typeGateCommand}
}

// node answers the thing of an id, or nil when the viewer may not see it: both look alike.
func (r *Resolver) node(ctx context.Context, id relay.ID) (relay.Node, error) {
	found, err := r.find(ctx, id)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Unauthenticated) {
		return nil, nil
	}
	return found, err
}

func (r *Resolver) find(ctx context.Context, id relay.ID) (relay.Node, error) {
	switch id.Type {
	case typeStay:
		return some(r.parking.Stay(ctx, id.Row))
	case typeNotice:
		return some(r.notices.Notice(ctx, id.Row))
	case typeVehicle:
		return some(r.identity.Vehicle(ctx, id.Row))
	case typeGateCommand:
		return some(r.parking.CommandByRow(ctx, id.Row))
	case typeLot:
		if lot, ok := r.parking.LotByRow(id.Row); ok {
			return lot, nil
		}
	case typeAccount:
		account, err := r.identity.Account(ctx)
		if err == nil && account.Row == id.Row {
			return account, nil
		}
		return nil, err
	}
	return nil, fault.NotFound
}

// some keeps a nil pointer from becoming a Node that is not nil.
func some[T any](found *T, err error) (relay.Node, error) {
	if err != nil || found == nil {
		return nil, err
	}
	return found, nil
}
