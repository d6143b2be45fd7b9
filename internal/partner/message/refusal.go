package message

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"parkbff/internal/fault"
)

// Faults of partners that carry messages. Beside them they answer fault.RateLimited (see Busy) and
// fault.Unavailable: the message was not taken, and may be tried again.
var (
	// Gone is answered for an address that is nobody's any more: forget it.
	Gone = fault.New("MESSAGE_ADDRESS_GONE", "The address is nobody's any more.")
	// Quota is answered where the person has allowed no further message.
	Quota = fault.New("MESSAGE_NOT_ALLOWED", "The person has allowed no further message.")
	// Invalid is answered for a message that no trying again makes right.
	Invalid = fault.New("MESSAGE_INVALID", "The partner does not take such a message.")
	// Unsure is answered, by partners that know no key of a message, when it left and no answer came: it may
	// have arrived, and sent again it might arrive twice.
	Unsure = fault.New("MESSAGE_FATE_UNKNOWN", "The message left, and whether it arrived is not known.")
)

// retryAfter is the extension that all limits of the house use, in seconds.
const retryAfter = "retryAfter"

// Busy is fault.RateLimited, and when to try again if the partner said so; zero: it did not.
func Busy(cause error, after time.Duration) error {
	limited := fault.RateLimited.Because(cause)
	if after > 0 {
		limited = limited.With(retryAfter, int((after+time.Second-1)/time.Second))
	}
	return limited
}

// Again tells whether a message that came to err may be sent again, with the key it had.
func Again(err error) bool {
	for _, last := range []error{Gone, Quota, Invalid, Unsure} {
		if errors.Is(err, last) {
			return false
		}
	}
	return err != nil
}

// RetryAfter is how long a partner asked us to wait, or zero.
func RetryAfter(err error) time.Duration {
	if f := fault.As(err); f != nil {
		if seconds, ok := f.Details()[retryAfter].(int); ok {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

// Departure notes whether a request left us.
type Departure struct{ left atomic.Bool }

// Watch answers a context in which the departure of the next request is noted.
func Watch(ctx context.Context) (context.Context, *Departure) {
	d := &Departure{}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { d.left.Store(true) }}), d
}

// Fate is what became of a message that got no answer to be understood: Unsure if it left, else
// fault.Unavailable.
func (d *Departure) Fate(cause error) error {
	if d.left.Load() {
		return Unsure.Because(fmt.Errorf("after it left: %w", cause))
	}
	return fault.Unavailable.Because(cause)
}
