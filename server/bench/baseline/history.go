package main

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"parkbff/internal/vault"
)

// pageStatement reads a page and, with it, whether the sign-in lives and what masks depend on. Without a
// living sign-in it answers no row, and without stays one row of which only the facts are set.
const pageStatement = `
SELECT a.full_mask, p.id, p.lot_id, p.plate, p.state, p.entered_at, p.exited_at, p.gone_before, p.fee_fen,
       p.hidden, l.name, l.half_name, COALESCE(b.verification = 'PASSED', false)
FROM accounts a
JOIN sign_ins i ON i.account_id = a.id AND i.id = $2 AND i.revoked_at IS NULL AND i.expires_at > now()
LEFT JOIN LATERAL (
	SELECT s.id, s.lot_id, s.vehicle_id, s.plate, s.state, s.entered_at, s.exited_at, s.gone_before, s.fee_fen, r.hidden
	FROM session_accesses r JOIN parking_sessions s ON s.id = r.session_id
	WHERE r.account_id = a.id AND s.entered_at >= $3 AND r.session_id < $4
	ORDER BY r.session_id DESC LIMIT $5
) p ON true
LEFT JOIN lots l ON l.id = p.lot_id
LEFT JOIN vehicle_bindings b ON b.account_id = a.id AND b.vehicle_id = p.vehicle_id AND b.ended_at IS NULL
WHERE a.id = $1
ORDER BY p.id DESC`

const (
	windowMonths   = 3
	mostPerPage    = 100
	beyondAllRows  = 1<<63 - 1
	sealedPlate    = "parking_session.plate"
	bytesPerStay   = 320
	bytesPerAnswer = 256
)

var shanghai = time.FixedZone("CST", 8*60*60)

// history answers the history page. Of stays that are going on it does not compute the fee.
type history struct {
	statement *sql.Stmt
	vault     *vault.Vault
	sealer    *sealer
}

func newHistory(ctx context.Context, db *sql.DB, v *vault.Vault, s *sealer) (*history, error) {
	statement, err := db.PrepareContext(ctx, pageStatement)
	return &history{statement, v, s}, err
}

// stay is one row of a page.
type stay struct {
	fullMask          bool
	row, lot, fee     sql.NullInt64
	plate             []byte
	state             sql.NullString
	entered           sql.NullTime
	exited, gone      sql.NullTime
	hidden            sql.NullBool
	lotName, halfName sql.NullString
	verified          bool
}

func (h *history) page(ctx context.Context, who bearer, first int, after *string) ([]byte, error) {
	tag := h.sealer.tag(usesOfTags[who.use], who.subject)
	before := int64(beyondAllRows)
	if after != nil {
		row, ok := h.sealer.openCursor(listHistory, tag, *after)
		if !ok {
			return nil, errRefused
		}
		before = row
	}
	if first < 1 || first > mostPerPage {
		return nil, errRefused
	}
	rows, err := h.statement.QueryContext(ctx, who.subject, who.signIn, windowStart(time.Now()), before, first+1)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]byte, 0, bytesPerAnswer+first*bytesPerStay)
	out = append(out, `{"data":{"viewer":{"sessions":{"edges":[`...)
	var s stay
	var last int64
	known, shown, more := false, 0, false
	for rows.Next() {
		s.plate = nil
		if err := s.scan(rows); err != nil {
			return nil, err
		}
		known = true
		if !s.row.Valid {
			break
		}
		if more = shown == first; more {
			break
		}
		if shown > 0 {
			out = append(out, ',')
		}
		if out, err = h.appendStay(ctx, out, &s); err != nil {
			return nil, err
		}
		shown, last = shown+1, s.row.Int64
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if !known {
		return nil, errRefused
	}
	out = append(out, `],"pageInfo":{"hasNextPage":`...)
	out = strconv.AppendBool(out, more)
	out = append(out, `,"endCursor":`...)
	if shown == 0 {
		return append(out, `null}}}}}`...), nil
	}
	out = append(out, '"')
	out = h.sealer.appendCursor(out, listHistory, tag, last)
	return append(out, `"}}}}}`...), nil
}

func (s *stay) scan(rows *sql.Rows) error {
	return rows.Scan(&s.fullMask, &s.row, &s.lot, &s.plate, &s.state, &s.entered, &s.exited, &s.gone, &s.fee,
		&s.hidden, &s.lotName, &s.halfName, &s.verified)
}

// windowStart is midnight in Shanghai, three months ago; the first of the next month where there is no
// such day.
func windowStart(now time.Time) time.Time {
	year, month, day := now.In(shanghai).Date()
	start := time.Date(year, month-windowMonths, day, 0, 0, 0, 0, shanghai)
	if start.Day() != day {
		start = time.Date(year, month-windowMonths+1, 1, 0, 0, 0, 0, shanghai)
	}
	return start.UTC()
}

func (h *history) appendStay(ctx context.Context, out []byte, s *stay) ([]byte, error) {
	plate, err := h.vault.Open(ctx, vault.LotKey(s.lot.Int64), sealedPlate, s.plate)
	if err != nil {
		return nil, err
	}
	out = append(out, `{"node":{"id":"`...)
	out = h.sealer.appendStayID(out, s.row.Int64)
	out = append(out, `","plate":`...)
	out = s.appendPlate(out, plate)
	out = append(out, `,"lotName":`...)
	out = appendString(out, s.shownName())
	out = append(out, `,"enteredAt":`...)
	out = s.appendInstant(out, s.entered)
	out = append(out, `,"exitedAt":`...)
	out = s.appendInstant(out, s.exited)
	out = append(out, `,"enteredAtPrecision":`...)
	out = append(out, s.precision()...)
	out = append(out, `,"durationMinutes":`...)
	out = strconv.AppendInt(out, s.minutes(time.Now()), 10)
	out = append(out, `,"feeFen":`...)
	out = strconv.AppendInt(out, s.fee.Int64, 10)
	out = append(out, `,"state":"`...)
	out = append(out, s.state.String...)
	return append(out, `"}}`...), nil
}
