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
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Proof is what a look through the whole ledger found.
type Proof struct {
	Entries  int
	Offences []Offence // none: everything balances
}

// Offence is a row that contradicts the ledger. It names rows and amounts, and nobody.
type Offence struct {
	What string // such as "entry"
	Row  int64
	Why  string
}

func (o Offence) String() string { return fmt.Sprintf("%s %d: %s", o.What, o.Row, o.Why) }

// mostOffences are listed; one is enough to fail.
const mostOffences = 20

// check is one thing that must hold of all rows: a statement that answers (row, said, should be) of those of which
// it does not.
type check struct {
	what, why string
	find      func(b *sql.DialectBuilder) *sql.Selector
}

// Prove goes through the ledger as of one moment: that every entry sums to nothing, that every payment, refund and
// order says what the ledger says, that every stay was paid what was earned by it, and that in every drawer lies what its
// shift says; and that owners of shared bays are owed what reservations say.
func (b *Book) Prove(ctx context.Context, s *store.Store) (*Proof, error) {
	ctx = viewer.AsSystem(ctx, "prove the ledger")
	proof := &Proof{}
	err := s.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) (err error) {
		*proof = Proof{}
		if proof.Entries, err = tx.LedgerEntry.Query().Count(ctx); err != nil {
			return fmt.Errorf("count the ledger's entries: %w", err)
		}
		for _, c := range slices.Concat(checks(), drawerChecks(), ownerChecks()) {
			found, err := c.offences(ctx, tx, sql.Dialect(s.Dialect()))
			if err != nil {
				return fmt.Errorf("prove the ledger: %w", err)
			}
			proof.Offences = append(proof.Offences, found...)
		}
		return nil
	})
	return proof, err
}

func (c check) offences(ctx context.Context, tx *ent.Tx, b *sql.DialectBuilder) ([]Offence, error) {
	query, args := c.find(b).Limit(mostOffences).Query()
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []Offence
	for rows.Next() {
		var row, said, should int64
		if err := rows.Scan(&row, &said, &should); err != nil {
			return nil, err
		}
		found = append(found, Offence{c.what, row, fmt.Sprintf("%s: %d fen, and should be %d", c.why, said, should)})
	}
	return found, rows.Err()
}

func checks() []check {
	return []check{
		{"entry", "its lines sum to", unbalanced},
		{"payment", "the ledger says that its channel took", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(payment.Table)
			return differing(b, t, t.C(payment.FieldPaidFen),
				moved(b, channels(), 1, causedBy(ledgerentry.CausePAYMENT, t)))
		}},
		{"payment", "the ledger says that of it was earned", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(payment.Table)
			return differing(b, t, t.C(payment.FieldTakenFen),
				moved(b, earnings(), -1, causedBy(ledgerentry.CausePAYMENT, t)))
		}},
		{"payment", "what goes back of it sums to", func(b *sql.DialectBuilder) *sql.Selector {
			t, r := b.Table(payment.Table), b.Table(refund.Table)
			return differing(b, t, t.C(payment.FieldRefundedFen), b.Select(total(r.C(refund.FieldFen), 1)).From(r).
				Where(sql.ColumnsEQ(r.C(refund.FieldPaymentID), t.C(payment.FieldID))))
		}},
		{"refund", "the ledger says that there was decided to go back", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(refund.Table)
			return differing(b, t, t.C(refund.FieldFen),
				moved(b, []ledgerline.Account{ledgerline.AccountREFUNDS}, -1, causedBy(ledgerentry.CauseREFUND_DECIDED, t)))
		}},
		{"refund", "the ledger says that its channel gave back", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(refund.Table)
			onceDone := fmt.Sprintf("CASE WHEN %s = '%s' THEN %s ELSE 0 END", t.C(refund.FieldState), refund.StateDONE, t.C(refund.FieldFen))
			return differing(b, t, onceDone, moved(b, channels(), -1, causedBy(ledgerentry.CauseREFUND_DONE, t)))
		}},
		{"order", "the ledger says that was earned by it", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(paymentorder.Table)
			return differing(b, t, t.C(paymentorder.FieldTakenFen)+" - "+t.C(paymentorder.FieldRefundedFen),
				moved(b, earnings(), -1, byMoney(ledgerentry.FieldOrderID, t)))
		}},
		{"stay", "the ledger says that the lot earned by it", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(parkingsession.Table)
			return differing(b, t, t.C(parkingsession.FieldPaidFen),
				moved(b, earnings(), -1, byMoney(ledgerentry.FieldSessionID, t)))
		}},
		{"order", "the ledger says that vouchers took off it", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(paymentorder.Table)
			return differing(b, t, t.C(paymentorder.FieldDiscountedFen),
				moved(b, earnings()[:1], -1, byVouchers(ledgerentry.FieldOrderID, t)))
		}},
		{"stay", "the ledger says that vouchers took off it", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(parkingsession.Table)
			return differing(b, t, t.C(parkingsession.FieldDiscountedFen),
				moved(b, earnings()[:1], -1, byVouchers(ledgerentry.FieldSessionID, t)))
		}},
		{"order", "what each voucher took off it sums to", func(b *sql.DialectBuilder) *sql.Selector {
			t, d := b.Table(paymentorder.Table), b.Table(orderdiscount.Table)
			return differing(b, t, t.C(paymentorder.FieldDiscountedFen), b.Select(total(d.C(orderdiscount.FieldTakenFen), 1)).From(d).
				Where(sql.ColumnsEQ(d.C(orderdiscount.FieldOrderID), t.C(paymentorder.FieldID))))
		}},
		{"voucher", "it is used, and took something off orders, so often", func(b *sql.DialectBuilder) *sql.Selector {
			t, d := b.Table(voucher.Table), b.Table(orderdiscount.Table)
			used := fmt.Sprintf("CASE WHEN %s = '%s' THEN 1 ELSE 0 END", t.C(voucher.FieldState), voucher.StateUSED)
			return differing(b, t, used, b.Select(counted(d.C(orderdiscount.FieldID))).From(d).Where(sql.And(
				sql.ColumnsEQ(d.C(orderdiscount.FieldVoucherID), t.C(voucher.FieldID)), sql.GT(d.C(orderdiscount.FieldTakenFen), 0))))
		}},
		{"order", "the voucher that it bought cost", func(b *sql.DialectBuilder) *sql.Selector {
			t, v := b.Table(paymentorder.Table), b.Table(voucher.Table)
			return differing(b, t, keptOf(t, paymentorder.KindVOUCHER), b.Select(total(v.C(voucher.FieldPriceFen), 1)).From(v).Where(sql.And(
				sql.ColumnsEQ(v.C(voucher.FieldBoughtByOrderID), t.C(paymentorder.FieldID)),
				sql.NEQ(v.C(voucher.FieldState), voucher.StateREVOKED))))
		}},
		{"order", "the period that it paid cost", func(b *sql.DialectBuilder) *sql.Selector {
			t, p := b.Table(paymentorder.Table), b.Table(permitperiod.Table)
			return differing(b, t, keptOf(t, paymentorder.KindPERMIT), b.Select(total(p.C(permitperiod.FieldPriceFen), 1)).From(p).Where(sql.And(
				sql.ColumnsEQ(p.C(permitperiod.FieldOrderID), t.C(paymentorder.FieldID)), sql.IsNull(p.C(permitperiod.FieldRevokedAt)))))
		}},
		{"order", "for permits, and the ledger says that was earned for them,", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(paymentorder.Table)
			return differing(b, t, keptOf(t, paymentorder.KindPERMIT), moved(b, []ledgerline.Account{ledgerline.AccountPERMITS}, -1, byMoney(ledgerentry.FieldOrderID, t)))
		}},
		{"order", "the ledger says that merchants bear of it", func(b *sql.DialectBuilder) *sql.Selector {
			t, d, v := b.Table(paymentorder.Table), b.Table(orderdiscount.Table), b.Table(voucher.Table)
			borne := b.Select(total(d.C(orderdiscount.FieldTakenFen), 1)).From(d).Join(v).On(d.C(orderdiscount.FieldVoucherID), v.C(voucher.FieldID)).
				Where(sql.And(sql.ColumnsEQ(d.C(orderdiscount.FieldOrderID), t.C(paymentorder.FieldID)), sql.NotNull(v.C(voucher.FieldContingentID))))
			return differingSums(b, t, borne, moved(b, merchants(), 1, byVouchers(ledgerentry.FieldOrderID, t)))
		}},
		{"store", "the ledger says that it owes lots", func(b *sql.DialectBuilder) *sql.Selector {
			t, l := b.Table(places.Table), b.Table(ledgerline.Table)
			return differingSums(b, t, borneBy(b, t), b.Select(total(l.C(ledgerline.FieldFen), 1)).From(l).Where(sql.And(
				sql.ColumnsEQ(l.C(ledgerline.FieldStoreID), t.C(places.FieldID)), sql.EQ(l.C(ledgerline.FieldAccount), ledgerline.AccountMERCHANTS))))
		}},
		{"order", "for reservations, and the ledger says that was earned for them,", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(paymentorder.Table)
			return differing(b, t, keptOf(t, paymentorder.KindRESERVATION)+" - "+sharedOf(b, t), moved(b, []ledgerline.Account{ledgerline.AccountRESERVATIONS}, -1, byMoney(ledgerentry.FieldOrderID, t)))
		}},
		{"order", "for the mall, and the ledger says that was earned for items,", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(paymentorder.Table)
			return differing(b, t, keptOf(t, paymentorder.KindMALL), moved(b, []ledgerline.Account{ledgerline.AccountMALL}, -1, byMoney(ledgerentry.FieldOrderID, t)))
		}},
		{"order", "the item that it bought cost", func(b *sql.DialectBuilder) *sql.Selector {
			t, m := b.Table(paymentorder.Table), b.Table(mallorder.Table)
			return differing(b, t, keptOf(t, paymentorder.KindMALL), b.Select(total(m.C(mallorder.FieldPriceFen), 1)).From(m).Where(sql.And(
				sql.ColumnsEQ(m.C(mallorder.FieldPaymentOrderID), t.C(paymentorder.FieldID)),
				sql.NEQ(m.C(mallorder.FieldState), mallorder.StateCANCELLED))))
		}},
		{"reservation", "its order was paid, less what has gone back,", func(b *sql.DialectBuilder) *sql.Selector {
			t, o := b.Table(reservation.Table), b.Table(paymentorder.Table)
			return differing(b, t, t.C(reservation.FieldPaidFen),
				b.Select(fmt.Sprintf("CAST(COALESCE(SUM(%s - %s), 0) AS bigint)", o.C(paymentorder.FieldTakenFen), o.C(paymentorder.FieldRefundedFen))).
					From(o).Where(sql.ColumnsEQ(o.C(paymentorder.FieldReservationID), t.C(reservation.FieldID))))
		}},
		{"order", "what its vouchers had been sold for, and the ledger says is earned, is", func(b *sql.DialectBuilder) *sql.Selector {
			t, v := b.Table(paymentorder.Table), b.Table(voucher.Table)
			earned := b.Select(total(v.C(voucher.FieldPriceFen), 1)).From(v).Where(sql.And(
				sql.ColumnsEQ(v.C(voucher.FieldOrderID), t.C(paymentorder.FieldID)), sql.EQ(v.C(voucher.FieldState), voucher.StateUSED)))
			return differingSums(b, t, earned,
				moved(b, []ledgerline.Account{ledgerline.AccountVOUCHERS}, 1, byVouchers(ledgerentry.FieldOrderID, t)))
		}},
	}
}

// keptOf is what orders of one kind were paid and has not gone back, and nothing of the others.
func keptOf(t *sql.SelectTable, kind paymentorder.Kind) string {
	return fmt.Sprintf("CASE WHEN %s = '%s' THEN %s - %s ELSE 0 END", t.C(paymentorder.FieldKind), kind,
		t.C(paymentorder.FieldTakenFen), t.C(paymentorder.FieldRefundedFen))
}

// channels are the accounts of money at channels and in drawers, earnings those of what was earned: by a lot, by the
// owners of shared bays, and for vouchers that are to be honoured.
func channels() []ledgerline.Account {
	return []ledgerline.Account{ledgerline.AccountCHANNEL, ledgerline.AccountDRAWER}
}

func earnings() []ledgerline.Account {
	return []ledgerline.Account{ledgerline.AccountLOT, ledgerline.AccountVOUCHERS, ledgerline.AccountPERMITS, ledgerline.AccountRESERVATIONS, ledgerline.AccountOWNERS, ledgerline.AccountMALL}
}

func merchants() []ledgerline.Account { return []ledgerline.Account{ledgerline.AccountMERCHANTS} }

// borneBy sums what the discounts of a store have taken off stays.
func borneBy(b *sql.DialectBuilder, t *sql.SelectTable) *sql.Selector {
	d, v, c := b.Table(orderdiscount.Table), b.Table(voucher.Table), b.Table(merchantcontingent.Table)
	return b.Select(total(d.C(orderdiscount.FieldTakenFen), 1)).From(d).
		Join(v).On(d.C(orderdiscount.FieldVoucherID), v.C(voucher.FieldID)).
		Join(c).On(v.C(voucher.FieldContingentID), c.C(merchantcontingent.FieldID)).
		Where(sql.ColumnsEQ(c.C(merchantcontingent.FieldStoreID), t.C(places.FieldID)))
}

// unbalanced finds the entries whose lines do not sum to nothing, or that have none.
func unbalanced(b *sql.DialectBuilder) *sql.Selector {
	entry, line := b.Table(ledgerentry.Table), b.Table(ledgerline.Table)
	its := func() *sql.Predicate {
		return sql.ColumnsEQ(line.C(ledgerline.FieldEntryID), entry.C(ledgerentry.FieldID))
	}
	found := differing(b, entry, "0", b.Select(total(line.C(ledgerline.FieldFen), 1)).From(line).Where(its()))
	none := sql.NotExists(b.Select(line.C(ledgerline.FieldID)).From(line).Where(its()))
	sumsWrong := found.P()
	return found.SetP(nil).Where(sql.Or(sumsWrong, none))
}

// moved sums, by a sign, what entries of which something holds did to accounts.
func moved(b *sql.DialectBuilder, accounts []ledgerline.Account, sign int, of func(entry *sql.SelectTable) *sql.Predicate) *sql.Selector {
	entry, line := b.Table(ledgerentry.Table), b.Table(ledgerline.Table)
	named := make([]any, len(accounts))
	for i, account := range accounts {
		named[i] = account
	}
	return b.Select(total(line.C(ledgerline.FieldFen), sign)).From(line).
		Join(entry).On(line.C(ledgerline.FieldEntryID), entry.C(ledgerentry.FieldID)).
		Where(sql.And(sql.In(line.C(ledgerline.FieldAccount), named...), of(entry)))
}

// causedBy holds for the entry that a row of a table caused.
func causedBy(cause ledgerentry.Cause, t *sql.SelectTable) func(*sql.SelectTable) *sql.Predicate {
	return func(entry *sql.SelectTable) *sql.Predicate {
		return sql.And(sql.EQ(entry.C(ledgerentry.FieldCause), cause), sql.ColumnsEQ(entry.C(ledgerentry.FieldCauseID), t.C("id")))
	}
}

// byMoney holds for the entries about money that name a row of a table, byVouchers for those about vouchers.
func byMoney(column string, t *sql.SelectTable) func(*sql.SelectTable) *sql.Predicate {
	return func(entry *sql.SelectTable) *sql.Predicate {
		return sql.And(sql.ColumnsEQ(entry.C(column), t.C("id")), sql.NEQ(entry.C(ledgerentry.FieldCause), ledgerentry.CauseDISCOUNT))
	}
}

func byVouchers(column string, t *sql.SelectTable) func(*sql.SelectTable) *sql.Predicate {
	return func(entry *sql.SelectTable) *sql.Predicate {
		return sql.And(sql.ColumnsEQ(entry.C(column), t.C("id")), sql.EQ(entry.C(ledgerentry.FieldCause), ledgerentry.CauseDISCOUNT))
	}
}

// counted counts rows.
func counted(column string) string { return "CAST(COUNT(" + column + ") AS bigint)" }

// total sums a column; PostgreSQL would answer a numeric.
func total(column string, sign int) string {
	return fmt.Sprintf("CAST(COALESCE(SUM(%s), 0) * %d AS bigint)", column, sign)
}

// differing finds the rows of a table whose own word is not what a sum says, with the sum and the word.
func differing(b *sql.DialectBuilder, t *sql.SelectTable, word string, sum *sql.Selector) *sql.Selector {
	return unequal(b, t, func(w *sql.Builder) { w.WriteString(word) }, of(sum))
}

// differingSums finds the rows of a table of which one sum is not the other.
func differingSums(b *sql.DialectBuilder, t *sql.SelectTable, word, sum *sql.Selector) *sql.Selector {
	return unequal(b, t, of(word), of(sum))
}

func of(sum *sql.Selector) func(*sql.Builder) {
	return func(w *sql.Builder) { w.Wrap(func(w *sql.Builder) { w.Join(sum) }) }
}

func unequal(b *sql.DialectBuilder, t *sql.SelectTable, word, said func(*sql.Builder)) *sql.Selector {
	found := b.Select(t.C("id")).From(t)
	found.AppendSelectExpr(sql.ExprFunc(said), sql.ExprFunc(word))
	return found.Where(sql.P(func(w *sql.Builder) {
		word(w)
		w.WriteString(" <> ")
		said(w)
	}))
}
