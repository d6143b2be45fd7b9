package identity

import (
	"context"
	"fmt"
	"io"
	"time"

	"parkbff/ent/follower"
	"parkbff/ent/linkedaccount"
	"parkbff/internal/cnid"
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

// PhoneProof is what a client was given by which its platform vouches for a mobile: WechatCode by WeChat,
// the other two by Alipay.
type PhoneProof struct {
	WechatCode string
	Response   string
	Sign       string
}

// Format prints "phone proof" whatever the verb.
func (PhoneProof) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "phone proof") }

// Platform vouches for the people of one channel. Its errors are ChannelRefused for whatever is forged,
// spent, too old or another app's, and fault.Unavailable.
type Platform interface {
	// Person redeems the one-time code of a client.
	Person(ctx context.Context, code string) (Person, error)
	// Mobile answers the number that the platform vouches for as this person's.
	Mobile(ctx context.Context, of Person, proof PhoneProof) (cnid.Mobile, error)
	// AuthorizeURL answers the page that leads back with a code and the state; empty where there is none.
	AuthorizeURL(state string) string
}

// Platforms by channel. A channel without one is not offered.
type Platforms map[linkedaccount.Channel]Platform

// Numbers answers the mobile that a carrier vouches for by a token of its SDK. Errors as Platform.
type Numbers interface {
	Mobile(ctx context.Context, carrier Carrier, token string) (cnid.Mobile, error)
}

// FollowEvent is what an official account tells about one of its followers, its signature checked.
type FollowEvent struct {
	Channel   follower.Channel
	Person    Person
	Following bool
	At        time.Time // of the platform's clock
}

// ChannelRefused is answered when a platform does not vouch for what it was shown, whatever the reason.
var ChannelRefused = fault.New("CHANNEL_REFUSED", "The platform does not vouch for this code. Ask for a new one.").At("code")
