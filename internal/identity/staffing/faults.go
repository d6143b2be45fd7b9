package staffing

import "parkbff/internal/fault"

// Faults of this package. SignInRefused is the one answer to every sign-in that fails, whatever it failed by.
var (
	SignInRefused   = fault.New("SIGN_IN_REFUSED", "The personnel number, the password or the second factor does not hold.")
	CodeInvalid     = fault.New("CODE_INVALID", "This code is wrong, used or too old.")
	InvalidPassword = fault.New("INVALID_PASSWORD", "A password has 12 to 128 characters and is not the personnel number.").At("password")
	StepUpRequired  = fault.New("STEP_UP_REQUIRED", "This needs a second factor of the last ten minutes; see staffStepUp.")
	NotEnrolled     = fault.New("NOT_ENROLLED", "Somebody else has invited this person, who has to enrol first.").At("label")
	LastAdmin       = fault.New("LAST_ADMIN", "The platform would be left without an administrator.")
)
