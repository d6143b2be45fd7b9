package entitlement

import (
	"slices"

	"parkbff/ent/consent"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// Require answers nil when the viewer may use a service about the vehicle at hand; where none is at hand
// (0), any of the viewer's vehicles will do.
//
// Errors: UNAUTHENTICATED for nobody and FORBIDDEN for machines and staff; FACT_REQUIRED{fact, vehicle,
// nextStep}; CONSENT_REQUIRED{purpose}.
func Require(v *viewer.Viewer, s Service, vehicleID int64) error {
	r, ok := find(s)
	if !ok {
		return fault.Forbidden
	}
	for _, fact := range r.needs {
		if knows(v, fact, vehicleID) {
			continue
		}
		if fact == viewer.Registered {
			return viewer.LacksAccount(v)
		}
		return viewer.LacksAbout(v, fact, vehicleID)
	}
	return agrees(v, r)
}

// RequireConsents is Require without the facts, for a service that shows each viewer what the facts allow
// and may therefore show nothing. Errors: UNAUTHENTICATED, FORBIDDEN; CONSENT_REQUIRED{purpose}.
func RequireConsents(v *viewer.Viewer, s Service) error {
	r, ok := find(s)
	if !ok {
		return fault.Forbidden
	}
	if slices.Contains(r.needs, viewer.Registered) && !v.Registered() {
		return viewer.LacksAccount(v)
	}
	return agrees(v, r)
}

// withTheAct are the purposes that are agreed to with the act they are for, vehicle by vehicle or account by
// account: a viewer's consents do not hold them, and the service asks for them itself.
var withTheAct = []consent.Purpose{consent.PurposeMOVEMENT_TRACK, consent.PurposeTHIRD_PARTY_ACCOUNT}

func agrees(v *viewer.Viewer, r row) error {
	for _, purpose := range r.consents {
		if v.Registered() && !slices.Contains(withTheAct, purpose) && !v.Agrees(string(purpose)) {
			return viewer.LacksConsent(string(purpose))
		}
	}
	return nil
}

func knows(v *viewer.Viewer, fact viewer.Fact, vehicleID int64) bool {
	if vehicleID != 0 {
		return v.Knows(fact, vehicleID, 0)
	}
	return v.KnowsOfAny(fact)
}
