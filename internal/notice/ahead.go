package notice

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/notice"
	"parkbff/ent/schema/policy"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

const (
	// batch bounds the rows that a reading holds while it catches up.
	batch = 100
	// readAtOnce is how many readings one statement reads for: as many as a busy server can deliver to within freshFor.
	// Rows of more would grow stale and be read again, so that a server which once fell behind would stay there.
	readAtOnce = 128
	// rowsAtOnce bounds the rows of one statement for many readings.
	rowsAtOnce = 5000
	// readWithin bounds the time of one statement.
	readWithin = 10 * time.Second
)

// rowsEach is how many rows each of so many readings gets at once.
func rowsEach(readings int) int64 { return int64(min(batch, rowsAtOnce/readings)) }

// span is the part of an account's notices that a reading wants next: those after a sequence, up to another.
type span struct {
	reading     *Reading
	after, upTo int64
}

// found is what the store has of a span.
type found struct {
	counted int64 // how far the account has counted; less than zero: there is none
	rows    []*ent.Notice
}

// fresh answers the row to be delivered, or whether there may be one to be read. Rows whose rights may have
// changed since they were read are read anew: news of an eviction arrives as a notice of its own.
func (r *Reading) fresh() (row *ent.Notice, behind bool) {
	r.service.hub.mu.Lock()
	defer r.service.hub.mu.Unlock()
	if r.held != nil && r.stale() {
		r.held, r.behind = nil, true
	}
	return r.waiting()
}

func (r *Reading) stale() bool {
	return r.doubted || r.hinted > r.reached || r.service.clock.Now().Sub(r.held.readAt) > freshFor
}

// coming answers the row to be delivered next, or nil when the reading has read all there is. One round may not be
// enough: what was asked of it may have been given up with what failed before.
func (r *Reading) coming(ctx context.Context) (row *ent.Notice, err error) {
	row, behind := r.fresh()
	for row == nil && behind {
		if row, behind, err = r.read(ctx); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// read has the reading read, together with all others that are behind. What it finds is good for one
// delivery however long that took, or a store that is slow would be asked for ever.
func (r *Reading) read(ctx context.Context) (row *ent.Notice, behind bool, err error) {
	r.service.hub.ask(r)
	if err := r.service.reads.Join(ctx); err != nil {
		return nil, false, err
	}
	r.service.hub.mu.Lock()
	defer r.service.hub.mu.Unlock()
	if r.gone {
		return nil, false, fault.NotFound
	}
	row, behind = r.waiting()
	return row, behind, nil
}

func (r *Reading) waiting() (row *ent.Notice, behind bool) {
	if r.held != nil {
		return r.held.rows[0], false
	}
	return nil, r.behind || r.inFlight
}

// delivered moves on to the next row.
func (r *Reading) delivered() {
	r.service.hub.mu.Lock()
	defer r.service.hub.mu.Unlock()
	if r.held == nil { // closed meanwhile
		return
	}
	r.position, r.held.rows = r.held.rows[0].Sequence, r.held.rows[1:]
	if len(r.held.rows) == 0 {
		r.position, r.held = r.reached, nil
	}
}

// readAhead is one round of reading for all who wait for it, and for those woken, who are about to.
func (s *Service) readAhead() error {
	s.hub.begin()
	for spans := s.hub.next(readAtOnce); spans != nil; spans = s.hub.next(readAtOnce) {
		got, err := s.find(spans)
		s.hub.handOut(spans, got, err, s.clock.Now())
		if err != nil {
			return err
		}
	}
	return nil
}

// find reads spans, in one statement and therefore as of one moment: a notice up to where the account had
// counted that does not come is withheld, and not merely uncommitted. It reads as the system what each
// account may see. Replicas are not asked: they lag behind the hint.
func (s *Service) find(spans []span) ([]found, error) {
	ctx, cancel := context.WithTimeout(viewer.AsSystem(context.Background(), jobRead), readWithin)
	defer cancel()
	query := s.store.Fresh(ctx).Notice.Query()
	query.Modify(func(of *sql.Selector) { within(of, spans, s.ofSpan) })
	rows, err := query.All(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // nobody's but our own patience has ended
		return nil, fault.Unavailable.Because(err)
	case err != nil:
		return nil, fmt.Errorf("read notices: %w", err)
	}
	all := make([]found, len(spans))
	for _, row := range rows {
		if err := place(row, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Columns of a row beside the notice's own, which are null where an account has none in its span. These never
// are: modernc's SQLite cannot tell the type of a null.
const (
	columnSpan    = "span"
	columnCounted = "counted"
)

func place(row *ent.Notice, all []found) error {
	at, err := number(row, columnSpan)
	if err != nil || at >= int64(len(all)) { // a filler
		return err
	}
	f := &all[at]
	if f.counted, err = number(row, columnCounted); err != nil {
		return err
	}
	if row.ID != 0 {
		f.rows = append(f.rows, row)
	}
	return nil
}

func number(row *ent.Notice, column string) (int64, error) {
	value, err := row.Value(column)
	if err != nil {
		return 0, fmt.Errorf("read notices: %w", err)
	}
	n, ok := value.(int64)
	if !ok {
		return 0, fmt.Errorf("read notices: %s is a %T", column, value)
	}
	return n, nil
}

// Columns of a list of values, as both engines call them.
const (
	spanNumber  = "column1"
	spanAccount = "column2"
	spanAfter   = "column3"
	spanUpTo    = "column4"
)

// told answers the notices in a statement that reads spans.
func told() *sql.SelectTable { return sql.Table(notice.Table).As(notice.Table) }

// writeOfSpan writes the condition of a notice that it lies within a span and that its account may see it. It has no
// values, and is most of the statement.
func writeOfSpan(dialect string) string {
	of := told().C
	sequence := of(notice.FieldSequence)
	visible := policy.VisibleNotice(of, func(column string) *sql.Predicate {
		return sql.ColumnsEQ(column, spanAccount)
	})
	return store.Constant(dialect, sql.And(sql.ColumnsGT(sequence, spanAfter), sql.ColumnsLTE(sequence, spanUpTo), visible))
}

// within makes of a query for all notices one for those of the spans, oldest first, with a row of nulls for a span
// that has none. Every join is a left one on values of the list, so that both engines go from the list by index, and
// never through all notices of an account.
func within(s *sql.Selector, spans []span, ofSpan string) {
	told, counting := told(), sql.Table(account.Table).As("counting")
	s.FromExpr(sql.ExprFunc(func(b *sql.Builder) { list(b, spans) }))
	s.LeftJoin(counting).OnP(sql.ColumnsEQ(counting.C(account.FieldID), spanAccount))
	s.LeftJoin(told).OnP(sql.ExprP(ofSpan))
	withHidden(s, told.C)
	s.AppendSelectAs(spanNumber, columnSpan)
	s.AppendSelectExprAs(sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("COALESCE(").Ident(counting.C(account.FieldNoticeSequence)).WriteString(", -1)")
	}), columnCounted)
	s.OrderBy(told.C(notice.FieldSequence))
}

// list writes the spans as a list of values. Its length is a power of two, so that there are few different
// statements to be prepared; the rest is filled with spans of no account.
func list(b *sql.Builder, spans []span) {
	length := 1
	for length < len(spans) {
		length *= 2
	}
	b.WriteString("(VALUES ")
	for i := range length {
		if i == 0 { // whose types are those of the columns
			b.WriteString("(CAST(").Arg(0).WriteString(" AS bigint), CAST(").Arg(spans[0].reading.account).
				WriteString(" AS bigint), CAST(").Arg(spans[0].after).
				WriteString(" AS bigint), CAST(").Arg(spans[0].upTo).WriteString(" AS bigint))")
			continue
		}
		var accountID, after, upTo int64
		if i < len(spans) {
			accountID, after, upTo = spans[i].reading.account, spans[i].after, spans[i].upTo
		}
		b.WriteString(", (").Args(i, accountID, after, upTo).WriteString(")")
	}
	b.WriteString(") AS spans")
}
