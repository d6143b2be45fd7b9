package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/chargedispute"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/privacy"
	"parkbff/ent/refund"
	"parkbff/internal/viewer"
)

// PaymentOrder is read by the account that ordered or paid, and by the staff of its lot.
func PaymentOrder() ent.Policy {
	return own(privacy.PaymentOrderQueryRuleFunc(func(ctx context.Context, q *gen.PaymentOrderQuery) error {
		if err := staffAtLots(ctx, func(ids []int64) { q.Where(paymentorder.LotIDIn(ids...)) }); err != privacy.Skip {
			return err
		}
		return driver(ctx, func(id int64) { q.Where(paymentorder.AccountID(id)) })
	}))
}

// Payment is read by the account that paid, and by the staff of its lot.
func Payment() ent.Policy {
	return own(privacy.PaymentQueryRuleFunc(func(ctx context.Context, q *gen.PaymentQuery) error {
		if err := staffAtLots(ctx, func(ids []int64) { q.Where(payment.LotIDIn(ids...)) }); err != privacy.Skip {
			return err
		}
		return driver(ctx, func(id int64) { q.Where(payment.AccountID(id)) })
	}))
}

// ChargeDispute is read by the account that complains, and by the staff of its lot.
func ChargeDispute() ent.Policy {
	return own(privacy.ChargeDisputeQueryRuleFunc(func(ctx context.Context, q *gen.ChargeDisputeQuery) error {
		if err := staffAtLots(ctx, func(ids []int64) { q.Where(chargedispute.LotIDIn(ids...)) }); err != privacy.Skip {
			return err
		}
		return driver(ctx, func(id int64) { q.Where(chargedispute.AccountID(id)) })
	}))
}

// Refund is read by the staff of its lot.
func Refund() ent.Policy {
	return own(privacy.RefundQueryRuleFunc(func(ctx context.Context, q *gen.RefundQuery) error {
		return staffAtLots(ctx, func(ids []int64) { q.Where(refund.LotIDIn(ids...)) })
	}))
}

// LedgerEntry is read by the staff of its lot, and changed by nobody.
func LedgerEntry() ent.Policy {
	return appendOnly(privacy.LedgerEntryQueryRuleFunc(func(ctx context.Context, q *gen.LedgerEntryQuery) error {
		return staffAtLots(ctx, func(ids []int64) { q.Where(ledgerentry.LotIDIn(ids...)) })
	}))
}

// LedgerLine is read by the staff of its lot and, what a merchant owes, of its store; it is changed by nobody.
func LedgerLine() ent.Policy {
	return appendOnly(privacy.LedgerLineQueryRuleFunc(func(ctx context.Context, q *gen.LedgerLineQuery) error {
		return staffAtPlaces(ctx, func(lots, stores []int64) {
			q.Where(ledgerline.Or(ledgerline.LotIDIn(lots...), ledgerline.StoreIDIn(stores...)))
		})
	}))
}

// Reconciliation is read by administrators of the platform, who settle what differs with the channel.
func Reconciliation() ent.Policy { return own(administrators()) }

// Difference is read as the reconciliation that it was found by.
func Difference() ent.Policy { return own(administrators()) }

// appendOnly is own for rows that not even the program changes or deletes.
func appendOnly(read ...privacy.QueryRule) ent.Policy {
	rules := own(read...)
	rules.Mutation = append(privacy.MutationPolicy{
		privacy.DenyMutationOperationRule(ent.OpUpdate | ent.OpUpdateOne | ent.OpDelete | ent.OpDeleteOne),
	}, rules.Mutation...)
	return rules
}

// staffAtPlaces runs a rule for the staff of lots and of stores only.
func staffAtPlaces(ctx context.Context, narrow func(lotIDs, storeIDs []int64)) error {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Staff || len(v.Lots)+len(v.Stores) == 0 {
		return privacy.Skip
	}
	narrow(v.LotIDs(), v.StoreIDs())
	return privacy.Allow
}

// staffAtLots runs a rule for the staff of lots only: gates have no business with money.
func staffAtLots(ctx context.Context, narrow func(lotIDs []int64)) error {
	if viewer.Of(ctx).Kind != viewer.Staff {
		return privacy.Skip
	}
	return atLots(ctx, narrow)
}
