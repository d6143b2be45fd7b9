package viewer

import "context"

type addressKey struct{}

// AskedFrom answers a context in which a client at an address is asking. It is for limits, and for a payment
// channel that wants its payer's: addresses are neither kept nor logged.
func AskedFrom(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

// Address tells from where a client is asking; empty where that is not known or does not count.
func Address(ctx context.Context) string {
	address, _ := ctx.Value(addressKey{}).(string)
	return address
}
