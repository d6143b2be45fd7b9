package main

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"parkbff/internal/cnid"
	"parkbff/internal/tariff"
	"parkbff/internal/vault"
)

// recorder records observations in one transaction, as recordObservations does, with the same reads and
// the same writes for a car that comes and goes and that nobody has bound. Everything else (a second
// reading, a ghost, an exit without an entry) it refuses, and the transaction with it: a benchmark has no
// use for those, and the server's work for them is not measured.
type recorder struct {
	db     *sql.DB
	vault  *vault.Vault
	sealer *sealer
	lanes  map[lane]place // read once at the start
	statements
}

// input is RecordObservationInput.
type input struct {
	EventID    string    `json:"eventId"`
	LotCode    string    `json:"lotCode"`
	GateCode   string    `json:"gateCode"`
	Direction  string    `json:"direction"`
	Plate      string    `json:"plate"`
	ObservedAt time.Time `json:"observedAt"`
	Confidence float64   `json:"confidence"`
}

type lane struct{ lotCode, gateCode string }

type place struct {
	lot, gate int64
	barrier   bool
	tariff    tariff.Schedule
}

// statements of a recorder.
type statements struct {
	generation, event, stays, waiting, vehicle, open, shut, keep *sql.Stmt
}

const (
	generationStatement = `SELECT token_generation FROM gates WHERE id = $1`
	eventStatement      = `SELECT id FROM observations WHERE gate_id = $1 AND event_id = $2`
	staysStatement      = `
SELECT id, lot_id, state, entered_at, exited_at, paid_fen FROM parking_sessions
WHERE plate_index = $1 ORDER BY entered_at DESC, id DESC LIMIT 4`
	waitingStatement = `
SELECT id FROM observations
WHERE lot_id = $1 AND plate_index = $2 AND outcome = 'UNMATCHED' AND observed_at >= $3 AND observed_at < $4
ORDER BY observed_at LIMIT 1`
	vehicleStatement = `SELECT id FROM vehicles WHERE plate_index = $1`
	openStatement    = `
INSERT INTO parking_sessions (plate, plate_index, plate_color, created_at, state, entered_at, fee_fen, paid_fen, match, review, lot_id)
VALUES ($1, $2, $3, $4, 'OPEN', $5, 0, 0, 'EXACT', 'NONE', $6) RETURNING id`
	shutStatement = `
UPDATE parking_sessions SET state = 'CLOSED', exited_at = $3, gone_before = NULL, fee_fen = $4 WHERE id = $1 AND state = $2`
	keepStatement = `
INSERT INTO observations (plate, plate_index, plate_color, lot_id, event_id, direction, observed_at, received_at, late,
	confidence, session_id, outcome, decision, reason, gate_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

	sealedObservationPlate = "observation.plate"
	plateKind              = "plate"
	eventKind              = "event"
	late                   = 24 * time.Hour
	clockSkew              = 2 * time.Minute
	longestWait            = 30 * 24 * time.Hour
	mostInputs             = 500
)

func newRecorder(ctx context.Context, db *sql.DB, v *vault.Vault, s *sealer) (*recorder, error) {
	r := &recorder{db: db, vault: v, sealer: s, lanes: map[lane]place{}}
	for text, into := range map[string]**sql.Stmt{
		generationStatement: &r.generation, eventStatement: &r.event, staysStatement: &r.stays,
		waitingStatement: &r.waiting, vehicleStatement: &r.vehicle, openStatement: &r.open,
		shutStatement: &r.shut, keepStatement: &r.keep,
	} {
		var err error
		if *into, err = db.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
	}
	return r, r.readLanes(ctx)
}

func (r *recorder) readLanes(ctx context.Context) error {
	rows, err := r.db.QueryContext(ctx, `
SELECT l.code, g.code, l.id, g.id, l.barrier, t.schedule
FROM gates g JOIN lots l ON l.id = g.lot_id JOIN tariffs t ON t.lot_id = l.id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var at lane
		var p place
		var schedule []byte
		if err := rows.Scan(&at.lotCode, &at.gateCode, &p.lot, &p.gate, &p.barrier, &schedule); err != nil {
			return err
		}
		if p.tariff, err = tariff.Parse(schedule); err != nil {
			return err
		}
		r.lanes[at] = p
	}
	return rows.Err()
}

// transaction is the work on one batch.
type transaction struct {
	*recorder
	statements
	now time.Time
}

func (r *recorder) record(ctx context.Context, who bearer, inputs []input) ([]byte, error) {
	if len(inputs) == 0 || len(inputs) > mostInputs {
		return nil, errRefused
	}
	var generation int64
	if err := r.generation.QueryRowContext(ctx, who.subject).Scan(&generation); err != nil {
		return nil, err
	}
	if generation != who.signIn {
		return nil, errRefused
	}
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing to do after the commit
	t := &transaction{recorder: r, statements: r.in(ctx, tx), now: time.Now().UTC().Truncate(time.Microsecond)}
	out := append(make([]byte, 0, 200*len(inputs)), `{"data":{"recordObservations":{"results":[`...)
	for i, seen := range inputs {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = t.one(ctx, out, who, seen); err != nil {
			return nil, err
		}
	}
	return append(out, `],"userErrors":[]}}}`...), tx.Commit()
}

func (s *statements) in(ctx context.Context, tx *sql.Tx) statements {
	on := func(statement *sql.Stmt) *sql.Stmt { return tx.StmtContext(ctx, statement) }
	return statements{
		event: on(s.event), stays: on(s.stays), waiting: on(s.waiting), vehicle: on(s.vehicle),
		open: on(s.open), shut: on(s.shut), keep: on(s.keep),
	}
}

// sighting is an observation that was found sound.
type sighting struct {
	input
	place
	plate cnid.Plate
	index []byte
	key   string // of the event
	late  bool
}

// outcome is what is written of it and answered.
type outcome struct {
	stay                                 int64
	state, name, decision, reason, shown string
}

func (t *transaction) one(ctx context.Context, out []byte, who bearer, in input) ([]byte, error) {
	at, known := t.lanes[lane{in.LotCode, in.GateCode}]
	age := t.now.Sub(in.ObservedAt)
	if !known || at.gate != who.subject || in.Confidence < 0 || in.Confidence > 1 || age < -clockSkew ||
		in.EventID == "" || len(in.EventID) > 64 {
		return nil, errRefused
	}
	plate, err := cnid.ParsePlate(in.Plate, "")
	if err != nil {
		return nil, errRefused
	}
	seen := &sighting{in, at, plate, t.vault.Index(plateKind, plate.Key()), t.eventKey(in.EventID), age > late}
	if err := none(t.event.QueryRowContext(ctx, at.gate, seen.key)); err != nil {
		return nil, err
	}
	o, err := t.place(ctx, seen)
	if err != nil {
		return nil, err
	}
	sealed, err := t.vault.SealString(ctx, vault.LotKey(at.lot), sealedObservationPlate, plate.Text())
	if err != nil {
		return nil, err
	}
	_, err = t.keep.ExecContext(ctx, []byte(sealed), seen.index, string(plate.Color()), at.lot, seen.key, in.Direction,
		in.ObservedAt.UTC(), t.now, seen.late, in.Confidence, o.stay, o.name, o.decision, o.reason, at.gate)
	return t.appendOutcome(out, o), err
}

func (t *transaction) eventKey(id string) string {
	return base64.RawURLEncoding.EncodeToString(t.vault.Index(eventKind, id))
}

func (t *transaction) place(ctx context.Context, seen *sighting) (outcome, error) {
	stays, err := t.staysOf(ctx, seen.index)
	switch {
	case err != nil:
		return outcome{}, err
	case seen.Direction == "ENTRY":
		return t.enter(ctx, seen, stays)
	case seen.Direction == "EXIT" && len(stays) > 0:
		return t.leave(ctx, seen, stays[0])
	}
	return outcome{}, errRefused
}

// known is a stay of the same plate.
type known struct {
	row, lot, paid int64
	state          string
	entered        time.Time
	exited         sql.NullTime
}

func (t *transaction) staysOf(ctx context.Context, index []byte) ([]known, error) {
	rows, err := t.stays.QueryContext(ctx, index)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []known
	for rows.Next() {
		var k known
		if err := rows.Scan(&k.row, &k.lot, &k.state, &k.entered, &k.exited, &k.paid); err != nil {
			return nil, err
		}
		all = append(all, k)
	}
	return all, rows.Err()
}

func (t *transaction) enter(ctx context.Context, seen *sighting, stays []known) (outcome, error) {
	for _, k := range stays {
		if !k.exited.Valid || k.exited.Time.After(seen.ObservedAt) || k.lot != seen.lot {
			return outcome{}, errRefused
		}
	}
	err := none(t.waiting.QueryRowContext(ctx, seen.lot, seen.index, seen.ObservedAt, seen.ObservedAt.Add(longestWait)))
	if err != nil {
		return outcome{}, err
	}
	if err := none(t.vehicle.QueryRowContext(ctx, seen.index)); err != nil {
		return outcome{}, err
	}
	sealed, err := t.vault.SealString(ctx, vault.LotKey(seen.lot), sealedPlate, seen.plate.Text())
	if err != nil {
		return outcome{}, err
	}
	o := outcome{state: "OPEN", name: "OPENED", decision: "RELEASE", reason: "WELCOME", shown: "欢迎光临"}
	if seen.late {
		o.reason, o.shown = "LATE_UPLOAD", ""
	}
	err = t.open.QueryRowContext(ctx, []byte(sealed), seen.index, string(seen.plate.Color()), t.now,
		seen.ObservedAt.UTC(), seen.lot).Scan(&o.stay)
	return o, err
}

func (t *transaction) leave(ctx context.Context, seen *sighting, stay known) (outcome, error) {
	if stay.state != "OPEN" || stay.lot != seen.lot || stay.paid != 0 || stay.entered.After(seen.ObservedAt) {
		return outcome{}, errRefused
	}
	charge, err := seen.tariff.Price(tariff.Stay{
		Enter: stay.entered, Exit: seen.ObservedAt,
		Class: tariff.Class(seen.plate.Class()), Energy: tariff.Energy(seen.plate.Energy()),
	}, tariff.Calendar{})
	if err != nil {
		return outcome{}, err
	}
	if _, err := t.shut.ExecContext(ctx, stay.row, stay.state, seen.ObservedAt.UTC(), charge.Fen); err != nil {
		return outcome{}, err
	}
	o := outcome{stay: stay.row, state: "CLOSED", name: "CLOSED"}
	switch {
	case seen.late:
		o.decision, o.reason = "RELEASE", "LATE_UPLOAD"
	case charge.Fen == 0:
		o.decision, o.reason, o.shown = "RELEASE", "NOTHING_DUE", "一路平安"
	case !seen.barrier:
		o.decision, o.reason = "RELEASE_AND_BILL", "BILLED"
		o.shown = fmt.Sprintf("停车费 %d.%02d 元，已记账", charge.Fen/100, charge.Fen%100)
	default:
		o.decision, o.reason = "HOLD", "PAYMENT_DUE"
		o.shown = fmt.Sprintf("请缴费 %d.%02d 元", charge.Fen/100, charge.Fen%100)
	}
	return o, nil
}

func (t *transaction) appendOutcome(out []byte, o outcome) []byte {
	out = append(out, `{"session":{"id":"`...)
	out = t.sealer.appendStayID(out, o.stay)
	out = append(out, `","state":"`...)
	out = append(out, o.state...)
	out = append(out, `"},"barrier":{"decision":`...)
	out = strconv.AppendQuote(out, o.decision)
	out = append(out, `,"reason":`...)
	out = strconv.AppendQuote(out, o.reason)
	out = append(out, `,"displayText":`...)
	out = appendString(out, o.shown)
	return append(out, `},"duplicate":false,"userErrors":[]}`...)
}

// none refuses when a row is there.
func none(row *sql.Row) error {
	var id int64
	switch err := row.Scan(&id); {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return errRefused
}
