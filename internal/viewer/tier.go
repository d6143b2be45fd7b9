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

// rung is one step up from the tier below: the fact it adds, and what leads to that fact. A fact may need
// another that is not the one before it: nobody verifies a vehicle before binding one, but following is
// another matter.
type rung struct {
	tier  Tier
	fact  Fact
	step  Step
	needs Fact
}

// ladder is J(一)1–5, lowest first. ANONYMOUS is the ground it stands on.
var ladder = []rung{
	{tier: TierRegistered, fact: Registered, step: Register},
	{tier: TierPlateBound, fact: Bound, step: BindPlate, needs: Registered},
	{tier: TierFollowed, fact: Followed, step: FollowChannel, needs: Registered},
	{tier: TierVerified, fact: Verified, step: VerifyVehicle, needs: Bound},
}

// Tiers lists them, lowest first.
func Tiers() []Tier {
	tiers := []Tier{TierAnonymous}
	for _, r := range ladder {
		tiers = append(tiers, r.tier)
	}
	return tiers
}

// Facts are what stands behind a tier; none behind ANONYMOUS.
func (t Tier) Facts() []Fact {
	var facts []Fact
	if t == TierAnonymous {
		return nil
	}
	for _, r := range ladder {
		facts = append(facts, r.fact)
		if r.tier == t {
			break
		}
	}
	return facts
}

// Tier of the viewer's best vehicle.
func (v *Viewer) Tier() Tier {
	reached := TierAnonymous
	for _, r := range ladder {
		if !v.KnowsOfAny(r.fact) {
			break
		}
		reached = r.tier
	}
	return reached
}

// NextStep leads to the tier above; there is none at the top.
func (v *Viewer) NextStep() (Step, bool) {
	for _, r := range ladder {
		if !v.KnowsOfAny(r.fact) {
			return r.step, true
		}
	}
	return "", false
}

// KnowsOfAny tells whether a fact of the ladder holds about the account or about any of its vehicles.
func (v *Viewer) KnowsOfAny(fact Fact) bool {
	switch fact {
	case Registered:
		return v.Registered()
	case Bound:
		return v.BoundPlates() > 0
	case Followed:
		return v.Follows()
	case Verified:
		return v.HasVerified()
	}
	return false
}

// StepTo is what this viewer does first to gain a fact; empty for facts nobody can apply for.
func (v *Viewer) StepTo(fact Fact) Step {
	r, ok := rungOf(fact)
	if !ok {
		return ""
	}
	if r.needs != "" && !v.KnowsOfAny(r.needs) {
		return v.StepTo(r.needs)
	}
	return r.step
}

func rungOf(fact Fact) (rung, bool) {
	for _, r := range ladder {
		if r.fact == fact {
			return r, true
		}
	}
	return rung{}, false
}
