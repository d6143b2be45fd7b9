package directive

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/privacy"
	"parkbff/internal/viewer"
)

// Requires answers null and FACT_REQUIRED to a viewer who does not know the fact about the vehicle or
// lot at hand.
func Requires(ctx context.Context, obj any, next graphql.Resolver, fact viewer.Fact) (any, error) {
	about, ok := obj.(privacy.Subject)
	if !ok {
		return nil, fmt.Errorf("directive: %T requires a fact but names no vehicle and no lot", obj)
	}
	if v := viewer.Of(ctx); !v.Knows(fact, about.VehicleAtHand(), about.LotAtHand()) {
		return nil, viewer.LacksAbout(v, fact, about.VehicleAtHand())
	}
	return next(ctx)
}
