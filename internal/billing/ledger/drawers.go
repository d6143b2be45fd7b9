package ledger

import (
	"fmt"

	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/ent/payment"
	"parkbff/ent/refund"
	"parkbff/ent/shift"
	"parkbff/internal/balance"
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
func drawerChecks() []balance.Check {
	const expected = "float_fen + taken_fen - refunded_fen"
	inDrawer := entries{by: ledgerentry.FieldShiftID}
	return []balance.Check{
		{
			What: "shift", Why: "the payments in its drawer sum to", Table: shift.Table, Word: shift.FieldTakenFen,
			Sum: balance.Of(payment.Table, "SUM(paid_fen)", payment.FieldShiftID),
		},
		{
			What: "shift", Why: "the payments in its drawer, which are so many, are", Table: shift.Table, Word: shift.FieldPayments,
			Sum: balance.Of(payment.Table, "COUNT(*)", payment.FieldShiftID),
		},
		{
			What: "shift", Why: "the refunds out of its drawer sum to", Table: shift.Table, Word: shift.FieldRefundedFen,
			Sum: balance.Of(refund.Table, "SUM(fen)", refund.FieldShiftID),
		},
		{
			What: "shift", Why: "the ledger says that lies in its drawer", Table: shift.Table, Word: whenClosed("0", expected),
			Sum: moved(only(ledgerline.AccountDRAWER), 1, inDrawer),
		},
		{
			What: "shift", Why: "the ledger says that was found in its drawer, beyond its float,", Table: shift.Table,
			Word: whenClosed("counted_fen - float_fen", "-float_fen"), Sum: moved(only(ledgerline.AccountSAFE), 1, inDrawer),
		},
		{
			What: "shift", Why: "the ledger says that was missing in its drawer", Table: shift.Table,
			Word: whenClosed(expected+" - counted_fen", "0"), Sum: moved(only(ledgerline.AccountCASH_DIFFERENCE), 1, inDrawer),
		},
	}
}

func whenClosed(closed, before string) string {
	return fmt.Sprintf("CASE WHEN state = '%s' THEN %s ELSE %s END", shift.StateCLOSED, closed, before)
}
