package delivery

import "parkbff/internal/fault"

// Faults that clients are answered.
var (
	InvalidPushToken = fault.New("INVALID_PUSH_TOKEN", "A device token has 6 to 128 letters, digits, hyphens or underscores.").At("deviceToken")
	PushNeedsApp     = fault.New("PUSH_NEEDS_APP", "Only the app can be sent push messages.")
	InvalidQuiet     = fault.New("INVALID_QUIET_HOURS", "Quiet hours begin and end at different minutes of the day, such as 22:00 and 07:30.").At("quietHours")
	NotOffered       = fault.New("MESSAGE_NOT_OFFERED", "There is no template for this kind of message on this channel.").At("kinds")
	NotLinked        = fault.New("CHANNEL_NOT_LINKED", "No account of this channel is linked: sign in there first.").At("channel")
)

// Reasons for which a delivery is dropped, as Delivery.reason has them.
const (
	noticeGone   = "NOTICE_GONE"   // the notice, or its account, is no more
	notAllowed   = "NOT_ALLOWED"   // the account may not see it any more
	recordHidden = "HIDDEN"        // its person hides the record
	notWanted    = "SWITCHED_OFF"  // its person does not want such messages, or not over this channel
	tooLate      = "TOO_LATE"      // it is news no more
	deviceGone   = "DEVICE_GONE"   // nobody is signed in on a device there any more
	linkGone     = "LINK_GONE"     // no account is linked on the channel any more
	tooMany      = "TOO_MANY"      // so many texts of the kind have been sent within a day
	notOffered   = "NOT_AVAILABLE" // the program has no template for it any more
)
