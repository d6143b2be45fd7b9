package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/merchantcontingent"
	"parkbff/ent/orderdiscount"
	"parkbff/ent/privacy"
	"parkbff/ent/voucher"
)

// Voucher is read by its account.
func Voucher() ent.Policy {
	return own(privacy.VoucherQueryRuleFunc(func(ctx context.Context, q *gen.VoucherQuery) error {
		return driver(ctx, func(id int64) { q.Where(voucher.AccountID(id)) })
	}))
}

// OrderDiscount is read by the staff of its lot.
func OrderDiscount() ent.Policy {
	return own(privacy.OrderDiscountQueryRuleFunc(func(ctx context.Context, q *gen.OrderDiscountQuery) error {
		return staffAtLots(ctx, func(ids []int64) { q.Where(orderdiscount.LotIDIn(ids...)) })
	}))
}

// MerchantContingent is read by the staff of its store, and by those of its lot.
func MerchantContingent() ent.Policy {
	return own(privacy.MerchantContingentQueryRuleFunc(func(ctx context.Context, q *gen.MerchantContingentQuery) error {
		return staffAtPlaces(ctx, func(lots, stores []int64) {
			q.Where(merchantcontingent.Or(merchantcontingent.LotIDIn(lots...), merchantcontingent.StoreIDIn(stores...)))
		})
	}))
}
