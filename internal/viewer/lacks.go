package viewer

import "parkbff/internal/fault"

// FactRequired is answered where a fact is missing; its extensions name the fact and what leads to it.
var FactRequired = fault.New("FACT_REQUIRED", "A fact about the viewer is missing.")

// Lacks answers FactRequired for one fact, with the step that gives it.
func Lacks(fact Fact) *fault.Error { return lacking(fact, StepTo(fact)) }

// Lacks answers FactRequired for one fact, with what this viewer does first to gain it.
func (v *Viewer) Lacks(fact Fact) *fault.Error { return lacking(fact, v.StepTo(fact)) }

func lacking(fact Fact, step Step) *fault.Error {
	missing := FactRequired.With("fact", string(fact))
	if step != "" {
		missing = missing.With("nextStep", string(step))
	}
	return missing
}

// ConsentRequired is answered where a purpose has not been agreed to; its extensions name the purpose.
var ConsentRequired = fault.New("CONSENT_REQUIRED", "This needs the person's separate consent; see purpose.")

// LacksConsent answers ConsentRequired for one purpose.
func LacksConsent(purpose string) *fault.Error { return ConsentRequired.With("purpose", purpose) }
