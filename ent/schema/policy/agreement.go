package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/agreement"
	"parkbff/ent/privacy"
)

// Agreement is read by its account.
func Agreement() ent.Policy {
	return own(privacy.AgreementQueryRuleFunc(func(ctx context.Context, q *gen.AgreementQuery) error {
		return driver(ctx, func(id int64) { q.Where(agreement.AccountID(id)) })
	}))
}

// AgreedStay is read by nobody else than the program.
func AgreedStay() ent.Policy { return SystemOnly() }
