// Package vouch is what every platform that vouches for people answers, whichever it is.
package vouch

import (
	"fmt"
	"io"
	"time"

	"parkbff/internal/fault"
)

// Person is somebody a platform vouches for: its id of them in one of our apps there, and, where it has
// such a thing, the id that all our apps there share.
type Person struct {
	Subject string
	Union   string
}

// Format prints "person" whatever the verb.
func (Person) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "person") }

// Follow is what an official account tells of one of its followers, its signature checked. At is by the
// platform's clock.
type Follow struct {
	Person    Person
	Following bool
	At        time.Time
}

// Faults of this package.
var (
	// Refused is answered for a code, a token or a proof that is forged, spent, too old or another app's.
	Refused = fault.New("NOT_VOUCHED", "The platform does not vouch for what it was shown.")
	// Forged is answered for a call-back that the platform cannot have sent, or not just now.
	Forged = fault.New("CALLBACK_FORGED", "The call-back is not the platform's.")
)

// Window is how far the time of a call-back may be from ours.
const Window = 10 * time.Minute

// Fresh tells whether a time of the platform's lies within the window around ours.
func Fresh(sent, now time.Time) bool { return now.Sub(sent).Abs() <= Window }
