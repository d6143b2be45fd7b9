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
	StepUpRequired  = fault.New("STEP_UP_REQUIRED", "This needs a second factor of the last ten minutes: sendStepUpCode, then stepUp.")
	MobileTaken     = fault.New("MOBILE_TAKEN", "Another account has this mobile.").At("mobile")
	PlateProtected  = fault.New("PLATE_PROTECTED", "The owner of this plate has verified it.").At("plate")
	TooManyPlates   = fault.New("TOO_MANY_PLATES", "Three unverified plates at most. Verify or unbind one.").At("plate")
	InvalidNickname = fault.New("INVALID_NICKNAME", "A name has 20 characters at most, all of them printable.").At("nickname")

	ChannelNotOffered    = fault.New("CHANNEL_NOT_OFFERED", "This way of signing in is not offered here.").At("channel")
	ChannelAlreadyLinked = fault.New("CHANNEL_ALREADY_LINKED", "Another account of this channel is linked. Unlink it first.").At("channel")
	ChannelNotLinkable   = fault.New("CHANNEL_NOT_LINKABLE", "This account of the channel cannot be linked.").At("channel")
	MobileRequired       = fault.New("MOBILE_REQUIRED", "The first time, the platform must vouch for a mobile too.").At("phone")
	NothingToMerge       = fault.New("NOTHING_TO_MERGE", "This mobile has no other account.").At("mobile")
	EarningsOwed         = fault.New("EARNINGS_OWED", "What the account has earned is not paid to it yet: set a bank card, and wait for the settlement of the next day.")
	NotMergeable         = fault.New("NOT_MERGEABLE", "These accounts cannot be joined.")
	InvalidDeviceName    = fault.New("INVALID_DEVICE_NAME", "A device's name has 40 characters at most, all of them printable.").At("deviceName")
	TokenSuperseded      = fault.New("TOKEN_SUPERSEDED", "This gate has a newer token, and only the newest is rotated.")

	InvalidRegion           = fault.New("INVALID_REGION", "A region has 40 characters at most, all of them printable.").At("region")
	InvalidBirthday         = fault.New("INVALID_BIRTHDAY", "A birthday is a past day of 1900 or later.").At("birthday")
	GuardianConsentRequired = fault.New("GUARDIAN_CONSENT_REQUIRED", "The account of a minor needs a guardian's consent, or it is erased.").At("birthday")
	GuardianIsSelf          = fault.New("GUARDIAN_IS_SELF", "A guardian has another mobile than the account.").At("guardianMobile")

	DocumentTooLarge    = fault.New("DOCUMENT_TOO_LARGE", "A document's picture may have 5 MB, 50 megapixels and 10,000 pixels a side.")
	DocumentEmpty       = fault.New("DOCUMENT_EMPTY", "The document's picture is empty.")
	DocumentTypeRefused = fault.New("DOCUMENT_TYPE_REFUSED", "A document's picture is a JPEG or PNG, and what it is said to be.")
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
