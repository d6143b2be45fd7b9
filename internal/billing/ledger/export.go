package ledger

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/ent/payment"
	"parkbff/ent/refund"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// TooLarge is answered for an export of more entries than one can have.
var TooLarge = fault.New("EXPORT_TOO_LARGE", "An export has 20,000 entries at most: ask for fewer days.")

const mostExported = 20_000

// Export is a lot's part of the ledger over some time, as CSV in UTF-8 with a header and, at its end, the sum of each
// account. Amounts are yuan: debits and credits each in their column.
type Export struct {
	CSV       string
	Entries   int
	EarnedFen int64 // what the lot has earned, and did not give back
}

// Export writes a lot's entries from an instant to before another, oldest first. Error: TooLarge.
func (b *Book) Export(ctx context.Context, s *store.Store, lotID int64, from, to time.Time) (*Export, error) {
	ctx = viewer.AsSystem(ctx, "export the ledger")
	entries, err := s.Client(ctx).LedgerEntry.Query().
		Where(ledgerentry.LotID(lotID), ledgerentry.OccurredAtGTE(from.UTC()), ledgerentry.OccurredAtLT(to.UTC())).
		WithLines(func(q *ent.LedgerLineQuery) { q.Order(ent.Asc(ledgerline.FieldID)) }).
		Order(ent.Asc(ledgerentry.FieldOccurredAt), ent.Asc(ledgerentry.FieldID)).Limit(mostExported + 1).All(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the ledger: %w", err)
	case len(entries) > mostExported:
		return nil, TooLarge
	}
	numbers, err := numbersOf(ctx, s, entries)
	if err != nil {
		return nil, err
	}
	return write(entries, numbers)
}

// cause names what an entry was caused by.
type cause struct {
	kind ledgerentry.Cause
	row  int64
}

// numbersOf answers by what the channels know each movement.
func numbersOf(ctx context.Context, s *store.Store, entries []*ent.LedgerEntry) (map[cause]string, error) {
	var payments, refunds []int64
	for _, e := range entries {
		switch e.Cause {
		case ledgerentry.CausePAYMENT:
			payments = append(payments, e.CauseID)
		case ledgerentry.CauseREFUND_DECIDED, ledgerentry.CauseREFUND_DONE:
			refunds = append(refunds, e.CauseID)
		}
	}
	numbers := map[cause]string{}
	for chunk := range slices.Chunk(payments, 1000) {
		rows, err := s.Client(ctx).Payment.Query().Where(payment.IDIn(chunk...)).Select(payment.FieldNumber).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("read payments: %w", err)
		}
		for _, row := range rows {
			numbers[cause{ledgerentry.CausePAYMENT, row.ID}] = row.Number
		}
	}
	for chunk := range slices.Chunk(refunds, 1000) {
		rows, err := s.Client(ctx).Refund.Query().Where(refund.IDIn(chunk...)).Select(refund.FieldNumber).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("read refunds: %w", err)
		}
		for _, row := range rows {
			numbers[cause{ledgerentry.CauseREFUND_DECIDED, row.ID}] = row.Number
			numbers[cause{ledgerentry.CauseREFUND_DONE, row.ID}] = row.Number
		}
	}
	return numbers, nil
}

var header = []string{"entry", "occurredAt", "cause", "number", "account", "channel", "debitYuan", "creditYuan"}

func write(entries []*ent.LedgerEntry, numbers map[cause]string) (*Export, error) {
	var text strings.Builder
	out := csv.NewWriter(&text)
	records := [][]string{header}
	sums := map[string]int64{}
	for i, e := range entries {
		at := e.OccurredAt.In(clock.Shanghai).Format(time.RFC3339)
		for _, l := range e.Edges.Lines {
			channel := ""
			if l.Channel != nil {
				channel = string(*l.Channel)
			}
			sums[string(l.Account)] += l.Fen
			debit, credit := sides(l.Fen)
			records = append(records, []string{
				fmt.Sprint(i + 1), at, string(e.Cause), numbers[cause{e.Cause, e.CauseID}], string(l.Account), channel, debit, credit,
			})
		}
	}
	for _, account := range slices.Sorted(maps.Keys(sums)) {
		debit, credit := sides(sums[account])
		records = append(records, []string{"sum", "", "", "", account, "", debit, credit})
	}
	if err := out.WriteAll(records); err != nil {
		return nil, fmt.Errorf("write the ledger: %w", err)
	}
	return &Export{CSV: text.String(), Entries: len(entries), EarnedFen: -sums[string(ledgerline.AccountLOT)]}, nil
}

// sides writes an amount into the column of debits or of credits.
func sides(fen int64) (debit, credit string) {
	if fen < 0 {
		return "", money.Yuan(-fen)
	}
	return money.Yuan(fen), ""
}
