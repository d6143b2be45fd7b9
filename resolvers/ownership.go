package resolvers

import (
	"parkbff/graph/model"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
)

func claimOf(in model.DisputePlateInput) identity.Claim {
	return identity.Claim{
		Plate: in.Plate, Color: colorOf(in.PlateColor), DrivingLicence: in.DrivingLicence.File, IDCard: in.IDCard.File,
		TrackConsent: in.TrackConsent,
	}
}

func fleetVehiclesOf(inputs []*model.FleetVehicleInput) []identity.FleetVehicle {
	cars := make([]identity.FleetVehicle, len(inputs))
	for i, in := range inputs {
		cars[i] = identity.FleetVehicle{Plate: in.Plate, Color: colorOf(in.PlateColor), DrivingLicence: in.DrivingLicence.File}
	}
	return cars
}

// fleetResultsOf makes a userError of every fault: what keeps one vehicle out concerns no other.
func fleetResultsOf(results []identity.FleetResult) []*model.FleetVehicleResult {
	shown := make([]*model.FleetVehicleResult, len(results))
	for i, result := range results {
		shown[i] = &model.FleetVehicleResult{Vehicle: result.Vehicle, UserErrors: []*model.UserError{}}
		if f := fault.As(result.Err); f != nil {
			shown[i].UserErrors = append(shown[i].UserErrors, userError(f))
		}
	}
	return shown
}
