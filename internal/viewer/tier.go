package viewer

// Tier is the label of J(一): computed from facts for display, never stored and never tested by a rule.
type Tier string

// The five tiers; each needs every one before it.
const (
	TierAnonymous  Tier = "ANONYMOUS"
	TierRegistered Tier = "REGISTERED"
	TierPlateBound Tier = "PLATE_BOUND"
	TierFollowed   Tier = "FOLLOWED"
	TierVerified   Tier = "VERIFIED"
)

// Step is what a viewer can do to reach the next tier.
type Step string

// Steps, one per missing fact.
const (
	Register      Step = "REGISTER"
	BindPlate     Step = "BIND_PLATE"
	FollowChannel Step = "FOLLOW_CHANNEL"
	VerifyVehicle Step = "VERIFY_VEHICLE"
)

// Tier of the viewer's best vehicle.
func (v *Viewer) Tier() Tier {
	switch {
	case v.Kind != Driver:
		return TierAnonymous
	case len(v.Vehicles) == 0:
		return TierRegistered
	case !v.Follows():
		return TierPlateBound
	case !v.HasVerified():
		return TierFollowed
	}
	return TierVerified
}

// NextStep leads to the tier above; there is none at the top.
func (v *Viewer) NextStep() (Step, bool) {
	switch v.Tier() {
	case TierAnonymous:
		return Register, true
	case TierRegistered:
		return BindPlate, true
	case TierPlateBound:
		return FollowChannel, true
	case TierFollowed:
		return VerifyVehicle, true
	}
	return "", false
}

// StepTo is what a viewer without the fact does to gain it; empty for facts nobody can apply for.
func StepTo(fact Fact) Step {
	switch fact {
	case Registered:
		return Register
	case Bound:
		return BindPlate
	case Followed:
		return FollowChannel
	case Verified:
		return VerifyVehicle
	}
	return ""
}
