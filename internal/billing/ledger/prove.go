package ledger

import (
	"context"
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/ent/mallorder"
	"parkbff/ent/merchantcontingent"
	"parkbff/ent/orderdiscount"
	"parkbff/ent/parkingsession"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/permitperiod"
	"parkbff/ent/refund"
	"parkbff/ent/reservation"
	places "parkbff/ent/store"
	"parkbff/ent/voucher"
	"parkbff/internal/balance"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Proof is what a look through the whole ledger found.
type Proof struct {
	Entries  int
	Offences []balance.Offence // in fen; none: everything balances
}

// Prove goes through the ledger as of one moment: that every entry sums to nothing, that every payment, refund and
// order says what the ledger says, that every stay was paid what was earned by it, and that in every drawer lies what its
// shift says; and that owners of shared bays are owed what reservations say.
func (b *Book) Prove(ctx context.Context, s *store.Store) (*Proof, error) {
	ctx = viewer.AsSystem(ctx, "prove the ledger")
	proof := &Proof{}
	err := s.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) (err error) {
		if proof.Entries, err = tx.LedgerEntry.Query().Count(ctx); err != nil {
			return fmt.Errorf("count the ledger's entries: %w", err)
		}
		all := slices.Concat(entryChecks(), paymentChecks(), orderChecks(), discountChecks(), drawerChecks(), ownerChecks())
		proof.Offences, err = balance.Find(ctx, tx, s.Dialect(), all...)
		return err
	})
	return proof, err
}

func entryChecks() []balance.Check {
	return []balance.Check{
		{
			What: "entry", Why: "its lines sum to", Table: ledgerentry.Table, Word: "0",
			Sum: balance.Of(ledgerline.Table, "SUM(fen)", ledgerline.FieldEntryID),
		},
		{
			What: "entry", Why: "whether it has lines", Table: ledgerentry.Table, Word: "1",
			Sum: balance.Of(ledgerline.Table, "MIN(1)", ledgerline.FieldEntryID),
		},
	}
}

func paymentChecks() []balance.Check {
	return []balance.Check{
		{
			What: "payment", Why: "the ledger says that its channel took", Table: payment.Table, Word: payment.FieldPaidFen,
			Sum: moved(channels(), 1, causedBy(ledgerentry.CausePAYMENT)),
		},
		{
			What: "payment", Why: "the ledger says that of it was earned", Table: payment.Table, Word: payment.FieldTakenFen,
			Sum: moved(earnings(), -1, causedBy(ledgerentry.CausePAYMENT)),
		},
		{
			What: "payment", Why: "what goes back of it sums to", Table: payment.Table, Word: payment.FieldRefundedFen,
			Sum: balance.Of(refund.Table, "SUM(fen)", refund.FieldPaymentID),
		},
		{
			What: "refund", Why: "the ledger says that there was decided to go back", Table: refund.Table, Word: refund.FieldFen,
			Sum: moved(only(ledgerline.AccountREFUNDS), -1, causedBy(ledgerentry.CauseREFUND_DECIDED)),
		},
		{
			What: "refund", Why: "the ledger says that its channel gave back", Table: refund.Table,
			Word: fmt.Sprintf("CASE WHEN state = '%s' THEN fen ELSE 0 END", refund.StateDONE),
			Sum:  moved(channels(), -1, causedBy(ledgerentry.CauseREFUND_DONE)),
		},
	}
}

// orderChecks hold of what is paid for: every order, and what it bought, says what was earned by it.
func orderChecks() []balance.Check {
	const orders, sumOfPrices = paymentorder.Table, "SUM(price_fen)"
	return []balance.Check{
		{
			What: "order", Why: "the ledger says that was earned by it", Table: orders, Word: "taken_fen - refunded_fen",
			Sum: moved(earnings(), -1, byMoney(ledgerentry.FieldOrderID)),
		},
		{
			What: "stay", Why: "the ledger says that the lot earned by it", Table: parkingsession.Table, Word: parkingsession.FieldPaidFen,
			Sum: moved(earnings(), -1, byMoney(ledgerentry.FieldSessionID)),
		},
		{
			What: "order", Why: "the voucher that it bought cost", Table: orders, Word: keptOf(paymentorder.KindVOUCHER),
			Sum: balance.Of(voucher.Table, sumOfPrices, voucher.FieldBoughtByOrderID, sql.NEQ(voucher.FieldState, voucher.StateREVOKED)),
		},
		{
			What: "order", Why: "the period that it paid cost", Table: orders, Word: keptOf(paymentorder.KindPERMIT),
			Sum: balance.Of(permitperiod.Table, sumOfPrices, permitperiod.FieldOrderID, sql.IsNull(permitperiod.FieldRevokedAt)),
		},
		{
			What: "order", Why: "for permits, and the ledger says that was earned for them,", Table: orders, Word: keptOf(paymentorder.KindPERMIT),
			Sum: moved(only(ledgerline.AccountPERMITS), -1, byMoney(ledgerentry.FieldOrderID)),
		},
		{
			What: "order", Why: "for reservations, and the ledger says that was earned for them,", Table: orders,
			Word: keptOf(paymentorder.KindRESERVATION) + " - " + sharedOf,
			Sum:  moved(only(ledgerline.AccountRESERVATIONS), -1, byMoney(ledgerentry.FieldOrderID)),
		},
		{
			What: "reservation", Why: "its order was paid, less what has gone back,", Table: reservation.Table, Word: reservation.FieldPaidFen,
			Sum: balance.Of(orders, "SUM(taken_fen - refunded_fen)", paymentorder.FieldReservationID),
		},
		{
			What: "order", Why: "for the mall, and the ledger says that was earned for items,", Table: orders, Word: keptOf(paymentorder.KindMALL),
			Sum: moved(only(ledgerline.AccountMALL), -1, byMoney(ledgerentry.FieldOrderID)),
		},
		{
			What: "order", Why: "the item that it bought cost", Table: orders, Word: keptOf(paymentorder.KindMALL),
			Sum: balance.Of(mallorder.Table, sumOfPrices, mallorder.FieldPaymentOrderID, sql.NEQ(mallorder.FieldState, mallorder.StateCANCELLED)),
		},
	}
}

// discountChecks hold of what vouchers take off, and of what merchants bear of it.
func discountChecks() []balance.Check {
	return []balance.Check{
		{
			What: "order", Why: "the ledger says that vouchers took off it", Table: paymentorder.Table, Word: paymentorder.FieldDiscountedFen,
			Sum: moved(only(ledgerline.AccountLOT), -1, byVouchers(ledgerentry.FieldOrderID)),
		},
		{
			What: "stay", Why: "the ledger says that vouchers took off it", Table: parkingsession.Table, Word: parkingsession.FieldDiscountedFen,
			Sum: moved(only(ledgerline.AccountLOT), -1, byVouchers(ledgerentry.FieldSessionID)),
		},
		{
			What: "order", Why: "what each voucher took off it sums to", Table: paymentorder.Table, Word: paymentorder.FieldDiscountedFen,
			Sum: balance.Of(orderdiscount.Table, "SUM(taken_fen)", orderdiscount.FieldOrderID),
		},
		{
			What: "voucher", Why: "it is used, and took something off orders, so often", Table: voucher.Table,
			Word: fmt.Sprintf("CASE WHEN state = '%s' THEN 1 ELSE 0 END", voucher.StateUSED),
			Sum:  balance.Of(orderdiscount.Table, "COUNT(*)", orderdiscount.FieldVoucherID, sql.GT(orderdiscount.FieldTakenFen, 0)),
		},
		{
			What: "order", Why: "the ledger says that merchants bear of it", Table: paymentorder.Table, Other: borneOfOrders,
			Sum: moved(only(ledgerline.AccountMERCHANTS), 1, byVouchers(ledgerentry.FieldOrderID)),
		},
		{
			What: "store", Why: "the ledger says that it owes lots", Table: places.Table, Other: borneByStores,
			Sum: balance.Of(ledgerline.Table, "SUM(fen)", ledgerline.FieldStoreID, sql.EQ(ledgerline.FieldAccount, ledgerline.AccountMERCHANTS)),
		},
		{
			What: "order", Why: "what its vouchers had been sold for, and the ledger says is earned, is", Table: paymentorder.Table,
			Other: balance.Of(voucher.Table, "SUM(price_fen)", voucher.FieldOrderID, sql.EQ(voucher.FieldState, voucher.StateUSED)),
			Sum:   moved(only(ledgerline.AccountVOUCHERS), 1, byVouchers(ledgerentry.FieldOrderID)),
		},
	}
}

// keptOf is what orders of one kind were paid and has not gone back, and nothing of the others.
func keptOf(kind paymentorder.Kind) string {
	return fmt.Sprintf("CASE WHEN kind = '%s' THEN taken_fen - refunded_fen ELSE 0 END", kind)
}

// only is one account, channels are those of money at channels and in drawers, earnings those of what was earned: by a lot,
// by the owners of shared bays, and for what is to be honoured.
func only(account ledgerline.Account) []ledgerline.Account { return []ledgerline.Account{account} }

func channels() []ledgerline.Account {
	return []ledgerline.Account{ledgerline.AccountCHANNEL, ledgerline.AccountDRAWER}
}

func earnings() []ledgerline.Account {
	return []ledgerline.Account{
		ledgerline.AccountLOT, ledgerline.AccountVOUCHERS, ledgerline.AccountPERMITS, ledgerline.AccountRESERVATIONS, ledgerline.AccountOWNERS,
		ledgerline.AccountMALL,
	}
}

// borneOfOrders sums what vouchers of merchants have taken off each order.
func borneOfOrders(b *sql.DialectBuilder) *sql.Selector {
	d, v := b.Table(orderdiscount.Table).As("d"), b.Table(voucher.Table).As("v")
	return balance.Grouped(b.Select().From(d).Join(v).On(d.C(orderdiscount.FieldVoucherID), v.C(voucher.FieldID)).
		Where(sql.NotNull(v.C(voucher.FieldContingentID))), "SUM(taken_fen)", d.C(orderdiscount.FieldOrderID))
}

// borneByStores sums what the discounts of each store have taken off stays.
func borneByStores(b *sql.DialectBuilder) *sql.Selector {
	d, v, c := b.Table(orderdiscount.Table).As("d"), b.Table(voucher.Table).As("v"), b.Table(merchantcontingent.Table).As("c")
	return balance.Grouped(b.Select().From(d).Join(v).On(d.C(orderdiscount.FieldVoucherID), v.C(voucher.FieldID)).
		Join(c).On(v.C(voucher.FieldContingentID), c.C(merchantcontingent.FieldID)), "SUM(taken_fen)", c.C(merchantcontingent.FieldStoreID))
}

// entries are some of the ledger's, by the row that a column of theirs names.
type entries struct {
	by   string
	some *sql.Predicate
}

// causedBy are the entries of a cause, by what caused them.
func causedBy(cause ledgerentry.Cause) entries {
	return entries{ledgerentry.FieldCauseID, sql.EQ(ledgerentry.FieldCause, cause)}
}

// byMoney are the entries about money, byVouchers those about vouchers.
func byMoney(column string) entries {
	return entries{column, sql.NEQ(ledgerentry.FieldCause, ledgerentry.CauseDISCOUNT)}
}

func byVouchers(column string) entries {
	return entries{column, sql.EQ(ledgerentry.FieldCause, ledgerentry.CauseDISCOUNT)}
}

// moved sums up, by a sign, what some entries did to accounts.
func moved(accounts []ledgerline.Account, sign int, by entries) balance.Sum {
	named := make([]any, len(accounts))
	for i, account := range accounts {
		named[i] = account
	}
	return func(b *sql.DialectBuilder) *sql.Selector {
		entry, line := b.Table(ledgerentry.Table).As("e"), b.Table(ledgerline.Table).As("l")
		some := []*sql.Predicate{sql.In(line.C(ledgerline.FieldAccount), named...), sql.NotNull(entry.C(by.by))}
		if by.some != nil {
			some = append(some, by.some)
		}
		return balance.Grouped(b.Select().From(line).Join(entry).On(line.C(ledgerline.FieldEntryID), entry.C(ledgerentry.FieldID)).Where(sql.And(some...)),
			fmt.Sprintf("SUM(%s) * %d", line.C(ledgerline.FieldFen), sign), entry.C(by.by))
	}
}
