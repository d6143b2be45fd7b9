// Package directive is the third wall: it decides, field by field, how much of a value a viewer sees.
// The rule stands in the contract, on the field, so that every path to the field meets it; what a rule means
// is privacy's.
package directive

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/privacy"
	"parkbff/internal/viewer"
)

// Mask shows a value as the formula says, unless the viewer knows the fact about the vehicle at hand or
// works at the lot at hand; see privacy.ShownTo.
func Mask(ctx context.Context, obj any, next graphql.Resolver, as Formula, unless viewer.Fact) (any, error) {
	about, ok := obj.(privacy.Subject)
	if !ok {
		return nil, fmt.Errorf("directive: %T is masked but names no vehicle and no lot", obj)
	}
	shown := privacy.ShownTo(viewer.Of(ctx), about, unless, privacy.InApp)
	if as == Hidden && shown != privacy.Clear {
		return nil, nil // and nothing is read
	}
	value, err := next(ctx)
	if err != nil || shown == privacy.Clear {
		return value, err
	}
	return privacy.Masked(privacy.Formula(as), shown, obj, value)
}
