package ledger

import (
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/ent/payment"
	"parkbff/ent/refund"
	"parkbff/ent/shift"
)

// Floated is a float that is put into a drawer.
func Floated(fen int64) []Line {
	return []Line{{Account: ledgerline.AccountSAFE, Fen: -fen}, {Account: ledgerline.AccountDRAWER, Fen: fen}}
}

// Emptied is a drawer out of which was taken what was found in it; what should have been there was expected.
func Emptied(expected, counted int64) []Line {
	return []Line{
		{Account: ledgerline.AccountDRAWER, Fen: -expected},
		{Account: ledgerline.AccountSAFE, Fen: counted},
		{Account: ledgerline.AccountCASH_DIFFERENCE, Fen: expected - counted},
	}
}

// drawerChecks hold of every shift: in its drawer lies what came and what went, and once it is closed nothing.
func drawerChecks() []check {
	return []check{
		{"shift", "the payments in its drawer sum to", func(b *sql.DialectBuilder) *sql.Selector {
			t, p := b.Table(shift.Table), b.Table(payment.Table)
			return differing(b, t, t.C(shift.FieldTakenFen), b.Select(total(p.C(payment.FieldPaidFen), 1)).From(p).
				Where(sql.ColumnsEQ(p.C(payment.FieldShiftID), t.C(shift.FieldID))))
		}},
		{"shift", "the payments in its drawer, which are so many, are", func(b *sql.DialectBuilder) *sql.Selector {
			t, p := b.Table(shift.Table), b.Table(payment.Table)
			return differing(b, t, t.C(shift.FieldPayments), b.Select(counted(p.C(payment.FieldID))).From(p).
				Where(sql.ColumnsEQ(p.C(payment.FieldShiftID), t.C(shift.FieldID))))
		}},
		{"shift", "the refunds out of its drawer sum to", func(b *sql.DialectBuilder) *sql.Selector {
			t, r := b.Table(shift.Table), b.Table(refund.Table)
			return differing(b, t, t.C(shift.FieldRefundedFen), b.Select(total(r.C(refund.FieldFen), 1)).From(r).
				Where(sql.ColumnsEQ(r.C(refund.FieldShiftID), t.C(shift.FieldID))))
		}},
		{"shift", "the ledger says that lies in its drawer", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(shift.Table)
			return differing(b, t, whenClosed(t, "0", expected(t)),
				moved(b, []ledgerline.Account{ledgerline.AccountDRAWER}, 1, inDrawer(t)))
		}},
		{"shift", "the ledger says that was found in its drawer, beyond its float,", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(shift.Table)
			found := whenClosed(t, t.C(shift.FieldCountedFen)+" - "+t.C(shift.FieldFloatFen), "-"+t.C(shift.FieldFloatFen))
			return differing(b, t, found, moved(b, []ledgerline.Account{ledgerline.AccountSAFE}, 1, inDrawer(t)))
		}},
		{"shift", "the ledger says that was missing in its drawer", func(b *sql.DialectBuilder) *sql.Selector {
			t := b.Table(shift.Table)
			missing := whenClosed(t, expected(t)+" - "+t.C(shift.FieldCountedFen), "0")
			return differing(b, t, missing, moved(b, []ledgerline.Account{ledgerline.AccountCASH_DIFFERENCE}, 1, inDrawer(t)))
		}},
	}
}

// expected is what should lie in the drawer of a shift.
func expected(t *sql.SelectTable) string {
	return t.C(shift.FieldFloatFen) + " + " + t.C(shift.FieldTakenFen) + " - " + t.C(shift.FieldRefundedFen)
}

func whenClosed(t *sql.SelectTable, closed, before string) string {
	return fmt.Sprintf("CASE WHEN %s = '%s' THEN %s ELSE %s END", t.C(shift.FieldState), shift.StateCLOSED, closed, before)
}

// inDrawer holds for the entries about the drawer of a shift.
func inDrawer(t *sql.SelectTable) func(*sql.SelectTable) *sql.Predicate {
	return func(entry *sql.SelectTable) *sql.Predicate {
		return sql.ColumnsEQ(entry.C(ledgerentry.FieldShiftID), t.C(shift.FieldID))
	}
}
