package resolvers

import (
	"parkbff/graph/model"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
)

func claimOf(in model.DisputePlateInput) identity.Claim {
	return identity.Claim{
		Plate: in.Plate, Color: colorOf(in.PlateColor), TrackConsent: in.TrackConsent,
		DrivingLicence: pictureOf(in.DrivingLicence, identity.UploadVerifyPlate), IDCard: pictureOf(in.IDCard, identity.UploadVerifyPlate),
	}
}

func fleetVehiclesOf(inputs []*model.FleetVehicleInput) []identity.FleetVehicle {
	cars := make([]identity.FleetVehicle, len(inputs))
	for i, in := range inputs {
		cars[i] = identity.FleetVehicle{
			Plate: in.Plate, Color: colorOf(in.PlateColor),
			DrivingLicence: pictureOf(in.DrivingLicence, identity.UploadVerifyPlate),
		}
	}
	return cars
}

// fleetResultsOf makes a userError of every fault: what keeps one vehicle out concerns no other.
func fleetResultsOf(results []identity.FleetResult) []*model.FleetVehicleResult {
	shown := make([]*model.FleetVehicleResult, len(results))
	for i, result := range results {
		shown[i] = &model.FleetVehicleResult{Vehicle: result.Vehicle, UserErrors: []*model.UserError{}}
		if f := fault.As(result.Err); f != nil {
			shown[i].UserErrors = append(shown[i].UserErrors, model.NewUserError(f))
		}
	}
	return shown
}
