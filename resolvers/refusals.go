package resolvers

import (
	"parkbff/graph/model"
	"parkbff/internal/fault"
)

// topLevel are the codes that concern the request and not an outcome of the mutation: they are answered
// as errors of GraphQL. All other faults are userErrors.
var topLevel = map[string]bool{
	fault.Unauthenticated.Code(): true,
	fault.Forbidden.Code():       true,
	fault.NotFound.Code():        true,
	fault.RateLimited.Code():     true,
	fault.BadInput.Code():        true,
	fault.Unavailable.Code():     true,
	"FACT_REQUIRED":              true,
	"CONSENT_REQUIRED":           true,
	"NOT_OFFERED_BY_LOT":         true,
	"TOKEN_EXPIRED":              true,
	"TOKEN_INVALID":              true,
	"SIGN_IN_ENDED":              true,
}

// refusals answers the userErrors of a payload, or the error that stands beside the data instead.
func refusals(err error) ([]*model.UserError, error) {
	f := fault.As(err)
	if f == nil || topLevel[f.Code()] {
		return []*model.UserError{}, err
	}
	return []*model.UserError{userError(f)}, nil
}

func userError(f *fault.Error) *model.UserError {
	return &model.UserError{Code: f.Code(), Field: present(f.Field()), Message: f.Message()}
}

func present(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func positive(n int) *int {
	if n <= 0 {
		return nil
	}
	return &n
}
