package identity

import (
	"errors"
	"time"

	"parkbff/ent/consent"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// Faults of this package. RATE_LIMITED carries retryAfter in whole seconds.
var (
	CodeInvalid     = fault.New("CODE_INVALID", "This code is wrong, used or too old. Ask for a new one.").At("code")
	SignInEnded     = fault.New("SIGN_IN_ENDED", "This sign-in has ended. Sign in again.")
	StepUpRequired  = fault.New("STEP_UP_REQUIRED", "This needs a sign-in of the last ten minutes. Sign in again.")
	MobileTaken     = fault.New("MOBILE_TAKEN", "Another account has this mobile.").At("mobile")
	PlateProtected  = fault.New("PLATE_PROTECTED", "The owner of this plate has verified it.").At("plate")
	TooManyPlates   = fault.New("TOO_MANY_PLATES", "Three unverified plates at most. Verify or unbind one.").At("plate")
	InvalidNickname = fault.New("INVALID_NICKNAME", "A name has 20 characters at most, all of them printable.").At("nickname")

	DocumentTooLarge    = fault.New("DOCUMENT_TOO_LARGE", "A document's picture may have 5 MB.")
	VerificationRefused = fault.New("VERIFICATION_REFUSED", "The documents do not show that the vehicle is this person's own; see reason.")

	InvitationInvalid    = fault.New("INVITATION_INVALID", "This invitation is unknown, used, withdrawn or too old. Ask for a new one.").At("code")
	TooManyCoDrivers     = fault.New("TOO_MANY_CO_DRIVERS", "A vehicle has five co-drivers and five open invitations at most.")
	TooManyFleetVehicles = fault.New("TOO_MANY_FLEET_VEHICLES", "An account verifies 200 vehicles of fleets at most.").At("plate")
	NotDisputable        = fault.New("NOT_DISPUTABLE", "No other account has verified this plate. Bind it and verify it.").At("plate")
	AlreadyDecided       = fault.New("ALREADY_DECIDED", "This claim is open no more.")
)

// refusedBecause says why in the message too: where nothing is kept of a refusal, nothing else shows it.
func refusedBecause(r reason) error {
	return fault.New(VerificationRefused.Code(), VerificationRefused.Message()+" Reason: "+string(r)+".").With("reason", string(r))
}

func consentRequired(purpose consent.Purpose) error {
	return viewer.LacksConsent(string(purpose))
}

// factRequired names what is missing and what the viewer can do next. Nobody verifies a vehicle before
// binding one.
func factRequired(v *viewer.Viewer, fact viewer.Fact) error {
	missing := viewer.Lacks(fact)
	if fact == viewer.Verified && v.BoundPlates() == 0 {
		return missing.With("nextStep", string(viewer.BindPlate))
	}
	return missing
}

// rateLimited says after how long to try again, rounded up to seconds.
func rateLimited(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	return fault.RateLimited.With("retryAfter", max(seconds, 1))
}

// at names the input field of a fault that is about the input; other errors stay as they are.
func at(err error, field string) error {
	if f := fault.As(err); f != nil && !errors.Is(f, fault.Unavailable) && !errors.Is(f, fault.RateLimited) {
		return f.At(field)
	}
	return err
}
