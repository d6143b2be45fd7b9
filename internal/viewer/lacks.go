package viewer

import "parkbff/internal/fault"

// LacksAccount answers what a viewer that is no account is told: nobody may sign in, and for machines and
// staff there is nothing they could do.
func LacksAccount(v *Viewer) *fault.Error {
	if v.Kind == Gate || v.Kind == Staff {
		return fault.Forbidden
	}
	return fault.Unauthenticated
}

// FactRequired is answered where a fact is missing; its extensions name the fact and what leads to it.
var FactRequired = fault.New("FACT_REQUIRED", "A fact about the viewer is missing.")

// Lacks answers FactRequired for one fact, with what this viewer does first to gain it.
func (v *Viewer) Lacks(fact Fact) *fault.Error {
	missing := FactRequired.With("fact", string(fact))
	if step := v.StepTo(fact); step != "" {
		missing = missing.With("nextStep", string(step))
	}
	return missing
}

// VehicleRef is a vehicle in the details of a fault: the row by which the viewer knows it, sealed at the edge.
type VehicleRef int64

// LacksAbout is Lacks where a vehicle is at hand. It is named when the fact is about it and the viewer has
// it bound.
func LacksAbout(v *Viewer, fact Fact, vehicleID int64) *fault.Error {
	missing := v.Lacks(fact)
	if own, bound := v.Vehicle(vehicleID); fact == Verified && bound && own.Binding != 0 {
		missing = missing.With("vehicle", VehicleRef(own.Binding))
	}
	return missing
}

// ConsentRequired is answered where a purpose has not been agreed to; its extensions name the purpose.
var ConsentRequired = fault.New("CONSENT_REQUIRED", "This needs the person's separate consent; see purpose.")

// LacksConsent answers ConsentRequired for one purpose.
func LacksConsent(purpose string) *fault.Error { return ConsentRequired.With("purpose", purpose) }
