// Package policy is the first wall: which rows a viewer may read, entity by entity, and that only the
// program itself may write.
//
// Everything is denied unless a rule here allows it. A rule narrows the query to what is the viewer's
// and then allows, so a forgotten Where in a service finds nothing that is not the viewer's. Services
// check an action first and then write under viewer.AsSystem, naming the job.
package policy

import (
	"context"

	"entgo.io/ent"

	"parkbff/ent/privacy"
	"parkbff/internal/viewer"
)

// own builds a policy from the rules by which others than the system may read.
func own(read ...privacy.QueryRule) privacy.Policy {
	query := append(privacy.QueryPolicy{systemMay()}, read...)
	return privacy.Policy{
		Query:    append(query, privacy.AlwaysDenyRule()),
		Mutation: privacy.MutationPolicy{systemMay(), privacy.AlwaysDenyRule()},
	}
}

func systemMay() privacy.QueryMutationRule {
	return privacy.ContextQueryMutationRule(func(ctx context.Context) error {
		if viewer.Of(ctx).Kind == viewer.System {
			return privacy.Allow
		}
		return privacy.Skip
	})
}

// SystemOnly is for what no person or machine ever reads.
func SystemOnly() ent.Policy { return own() }

// Published is for reference data that anybody may read.
func Published() ent.Policy { return own(privacy.AlwaysAllowRule()) }

// driver runs a rule for signed-in drivers only.
func driver(ctx context.Context, narrow func(accountID int64)) error {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return privacy.Skip
	}
	narrow(v.AccountID)
	return privacy.Allow
}

// atLots runs a rule for the staff and gates of lots only.
func atLots(ctx context.Context, narrow func(lotIDs []int64)) error {
	v := viewer.Of(ctx)
	if len(v.Lots) == 0 {
		return privacy.Skip
	}
	narrow(v.LotIDs())
	return privacy.Allow
}

// atGate runs a rule for one gate only.
func atGate(ctx context.Context, narrow func(gateID int64)) error {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Gate {
		return privacy.Skip
	}
	narrow(v.GateID)
	return privacy.Allow
}

// administrators lets the platform's administrators pass.
func administrators() privacy.QueryMutationRule {
	return privacy.ContextQueryMutationRule(func(ctx context.Context) error {
		if v := viewer.Of(ctx); v.Kind == viewer.Staff && v.Holds(viewer.Admin) {
			return privacy.Allow
		}
		return privacy.Skip
	})
}

// officers lets the platform's privacy officers pass.
func officers() privacy.QueryMutationRule {
	return privacy.ContextQueryMutationRule(func(ctx context.Context) error {
		if v := viewer.Of(ctx); v.Kind == viewer.Staff && v.Holds(viewer.Officer) {
			return privacy.Allow
		}
		return privacy.Skip
	})
}
