// Package limit bounds what one GraphQL document may ask for, so that no request costs more than its
// sender could mean: before validation by shape, after it by cost.
//
// The shape is bounded first because some rules of validation take time that grows with the square of
// the number of fields (overlapping fields) or with operations times fragments.
package limit

import "parkbff/internal/fault"

// Faults of this package; details tell the limit.
var (
	TooLarge     = fault.New("QUERY_TOO_LARGE", "The query is too large.")
	TooDeep      = fault.New("QUERY_TOO_DEEP", "The query is nested too deeply.")
	TooExpensive = fault.New("QUERY_TOO_EXPENSIVE", "The query asks for too much at once. Ask for fewer items, or in parts.")
	NoDefer      = fault.New("DEFER_NOT_SUPPORTED", "This service does not defer parts of an answer.")
	NoIntrospect = fault.New("INTROSPECTION_DISABLED", "Read the contract at /schema.graphql instead.")
)

// Limits of one document. Every field must be set; see Usual.
type Limits struct {
	Bytes         int // of the query text
	Tokens        int // for the parser
	Operations    int // in one document
	Selections    int // fields and fragment spreads written in the document
	Directives    int // written in the document
	Depth         int // fields within fields, fragments followed
	Cost          int // see CheckCost
	Introspection bool
}

// Usual are the limits of the house. Validating 500 equal fields takes 20 ms, 2,000 take 300 ms; the
// introspection queries of the common tools are 15 deep.
func Usual() Limits {
	return Limits{
		Bytes: 64 << 10, Tokens: 10_000, Operations: 20, Selections: 500, Directives: 50, Depth: 15, Cost: 10_000,
	}
}

func over(why *fault.Error, limit int) error { return why.With("limit", limit) }
