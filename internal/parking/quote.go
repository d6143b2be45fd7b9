package parking

import "time"

// Quote is a Payable or NothingToPay.
type Quote interface{ isQuote() }

// Payable is an amount, every fee included, that holds until it expires.
type Payable struct {
	Amount    int64 // fen
	ExpiresAt time.Time
	Token     string // of the Offer
}

// NothingToPay does not say why.
type NothingToPay struct{ ExpiresAt time.Time }

func (Payable) isQuote()      {}
func (NothingToPay) isQuote() {}
