package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/mallorder"
	"parkbff/ent/membership"
	"parkbff/ent/pointentry"
	"parkbff/ent/privacy"
)

// Membership is read by its account.
func Membership() ent.Policy {
	return own(privacy.MembershipQueryRuleFunc(func(ctx context.Context, q *gen.MembershipQuery) error {
		return driver(ctx, func(id int64) { q.Where(membership.AccountID(id)) })
	}))
}

// PointEntry is read by the account of its membership, and deleted by nobody.
func PointEntry() ent.Policy {
	return keptForGood(privacy.PointEntryQueryRuleFunc(func(ctx context.Context, q *gen.PointEntryQuery) error {
		return driver(ctx, func(id int64) { q.Where(pointentry.HasMembershipWith(membership.AccountID(id))) })
	}))
}

// PointUse is read by the program alone, and changed by nobody.
func PointUse() ent.Policy { return appendOnly() }

// MallOrder is read by the account that had it. Staff of the store learn of it by its code.
func MallOrder() ent.Policy {
	return own(privacy.MallOrderQueryRuleFunc(func(ctx context.Context, q *gen.MallOrderQuery) error {
		return driver(ctx, func(id int64) { q.Where(mallorder.AccountID(id)) })
	}))
}

// keptForGood is own for rows that not even the program deletes.
func keptForGood(read ...privacy.QueryRule) ent.Policy {
	rules := own(read...)
	rules.Mutation = append(privacy.MutationPolicy{
		privacy.DenyMutationOperationRule(ent.OpDelete | ent.OpDeleteOne),
	}, rules.Mutation...)
	return rules
}
