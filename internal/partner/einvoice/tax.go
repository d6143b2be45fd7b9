package einvoice

import (
	"fmt"
	"strings"
)

// Rate is a rate of value added tax in thousandths.
type Rate int

// Rates of parking (不动产经营租赁): 9 %, or by the simplified method (简易征收) 5 % or 3 %.
const (
	General     Rate = 90
	Simplified5 Rate = 50
	Simplified3 Rate = 30
)

// Split parts a price with tax into the amount without and the tax: the tax is rounded to the nearest fen, halves
// away from zero, and both together are the price.
func (r Rate) Split(fen int64) (net, tax int64) {
	whole := 1000 + int64(r)
	tax = (2*abs(fen)*int64(r) + whole) / (2 * whole)
	if fen < 0 {
		tax = -tax
	}
	return fen - tax, tax
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// decimal is such as 0.09.
func (r Rate) decimal() string {
	return strings.TrimRight(fmt.Sprintf("0.%03d", int(r)), "0")
}

// policy is the service's mark of the simplified method (favouredPolicyFlag).
func (r Rate) policy() string {
	switch r {
	case Simplified3:
		return "08"
	case Simplified5:
		return "09"
	default:
		return "0"
	}
}
