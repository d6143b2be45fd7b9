package parking

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/lot"
	"parkbff/ent/observation"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Observation is what a gate reports of one car at one moment.
type Observation struct {
	EventID    string // the gate's own; the same event always bears the same one
	LotCode    string
	GateCode   string
	Direction  observation.Direction
	Plate      string     // as read
	PlateColor cnid.Color // as read; empty: what the plate's kind implies
	ObservedAt time.Time
	Confidence float64 // 0 to 1
}

// Format prints "observation" under every verb: the plate is a personal value.
func (Observation) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, observationWord) }

// LogValue keeps the plate out of structured logs.
func (Observation) LogValue() slog.Value { return slog.StringValue(observationWord) }

const observationWord = "observation"

// Result is the outcome of one observation of a batch, or why it was refused.
type Result struct {
	*Outcome
	Err error
}

// sighting is an observation that was found sound: its lot and gate are known and its plate is parsed.
type sighting struct {
	Observation
	lot        *Lot
	gate       *Gate
	plate      cnid.Plate
	index      []byte
	key        string // of the event
	receivedAt time.Time
	late       bool
	lotHeld    bool // by this transaction, see holdLots
}

// Observe records what a gate saw and answers what its barrier should do.
//
// The same event reported twice changes nothing and answers the same outcome. An observation that
// arrives late or out of order is placed where it belongs in time; see place. An exit without a known
// entry is kept and answered HOLD together with EntryNotFound.
// Errors: UnknownLot, UnknownGate, ForeignLot, InFuture, InvalidEventID, InvalidSureness, the faults of
// a plate, EventMismatch.
func (s *Service) Observe(ctx context.Context, o Observation) (*Outcome, error) {
	results, err := s.ObserveAll(ctx, []Observation{o})
	if err != nil {
		return nil, err
	}
	return results[0].Outcome, results[0].Err
}

// ObserveAll records observations in the order given, in one transaction. One that is refused stops no
// other. Errors of the whole: TooMany, fault.Unauthenticated, fault.Forbidden, fault.Unavailable; then
// nothing was recorded, and the batch may be sent again.
func (s *Service) ObserveAll(ctx context.Context, batch []Observation) ([]Result, error) {
	machine, err := gateAtWork(ctx)
	if err != nil {
		return nil, err
	}
	if len(batch) == 0 || len(batch) > mostAtOnce {
		return nil, TooMany
	}
	for _, row := range machine.LotIDs() {
		if err := s.vault.Ready(ctx, vault.LotKey(row)); err != nil {
			return nil, fmt.Errorf("ready the lot's data key: %w", err)
		}
	}
	now := s.clock.Now()
	seen, refused := s.checkAll(batch, machine, now)
	waited := anyWaited(batch, now)
	asked := seen
	if len(batch) == 1 && !waited {
		asked = nil // see keep
	}
	var results []Result
	system := viewer.AsSystem(ctx, jobObserve)
	err = s.store.WithTx(system, func(ctx context.Context, tx *ent.Tx) error {
		results = slices.Clone(refused) // WithTx may run this again
		if waited {
			if err := holdLots(ctx, tx, machine.LotIDs()...); err != nil {
				return err
			}
		}
		known, err := eventsKnown(ctx, tx, asked)
		if err != nil {
			return err
		}
		asked = seen
		for i, one := range seen {
			if one == nil {
				continue
			}
			one.lotHeld = waited
			outcome, err := s.record(ctx, tx, one, known)
			if err != nil && fault.As(err) == nil || isTransient(err) {
				return err
			}
			results[i] = Result{Outcome: outcome, Err: err}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// checkAll answers the sightings of a batch, nil for an observation that is not sound, and why it is not.
func (s *Service) checkAll(batch []Observation, machine *viewer.Viewer, now time.Time) ([]*sighting, []Result) {
	seen, refused := make([]*sighting, len(batch)), make([]Result, len(batch))
	for i, o := range batch {
		seen[i], refused[i].Err = s.check(o, machine, now)
	}
	return seen, refused
}

// anyWaited tells whether any of the observations lay at its gate for a while: then what belongs to it
// may be arriving from another gate at this very moment.
func anyWaited(batch []Observation, now time.Time) bool {
	return slices.ContainsFunc(batch, func(o Observation) bool { return now.Sub(o.ObservedAt) > rereadWithin })
}

// holdLots keeps an entry and an exit that waits for it from being placed at once: under repeatable
// read neither would see the other, the stay would never end and the exit wait for ever. Entries that
// arrive as they happen need no hold, because their car is still inside.
func holdLots(ctx context.Context, tx *ent.Tx, rows ...int64) error {
	err := tx.Lot.Update().Where(lot.IDIn(rows...)).Modify(store.Hold(lot.FieldCapacity)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("hold the lot: %w", err)
	}
	return nil
}

// isTransient holds for the one fault that concerns the transaction and not the observation.
func isTransient(err error) bool {
	f := fault.As(err)
	return f != nil && f.Is(fault.Unavailable)
}

// check finds the lot, the gate and the plate of an observation.
func (s *Service) check(o Observation, machine *viewer.Viewer, now time.Time) (*sighting, error) {
	lot, ok := s.Lot(o.LotCode)
	if !ok {
		return nil, UnknownLot.At("lotCode")
	}
	if !machine.WorksAt(lot.Row) {
		return nil, ForeignLot.At("lotCode")
	}
	gate, ok := s.GateAt(lot, o.GateCode)
	switch {
	case !ok:
		return nil, UnknownGate.At("gateCode")
	case !validEventID(o.EventID):
		return nil, InvalidEventID.At("eventId")
	case math.IsNaN(o.Confidence) || o.Confidence < 0 || o.Confidence > 1:
		return nil, InvalidSureness.At("confidence")
	case o.ObservedAt.After(now.Add(clockSkew)):
		return nil, InFuture.At("observedAt")
	case now.Sub(o.ObservedAt) > tariffHorizon:
		return nil, TooOld.At("observedAt")
	}
	plate, err := cnid.ParsePlate(o.Plate, o.PlateColor)
	if err != nil {
		return nil, atPlate(err)
	}
	return &sighting{
		Observation: o, lot: lot, gate: gate, plate: plate, index: s.vault.Index(PlateIndex, plate.Key()), key: s.eventKey(o.EventID),
		receivedAt: now, late: now.Sub(o.ObservedAt) > lateAfter,
	}, nil
}

func atPlate(err error) error {
	if f := fault.As(err); f != nil {
		return f.At("plate")
	}
	return err
}

// eventKey is what is kept of an event's id: some gates write the plate into it.
func (s *Service) eventKey(id string) string {
	return base64.RawURLEncoding.EncodeToString(s.vault.Index(EventIndex, id))
}

func validEventID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// record places one observation, unless its event is already known, and makes it known.
func (s *Service) record(ctx context.Context, tx *ent.Tx, seen *sighting, known events) (*Outcome, error) {
	if known[seen.event()] {
		return s.recordAgain(ctx, tx, seen)
	}
	placed, err := s.place(ctx, tx, seen)
	if err != nil {
		return nil, err
	}
	if err := s.keep(ctx, tx, seen, placed); err != nil {
		return nil, err
	}
	known[seen.event()] = true
	if err := s.tell(ctx, tx, seen, placed); err != nil {
		return nil, err
	}
	return s.answer(ctx, seen, placed)
}

// recordAgain answers an event that was recorded before. It is read at this moment: what came between may
// have settled whose it is.
func (s *Service) recordAgain(ctx context.Context, tx *ent.Tx, seen *sighting) (*Outcome, error) {
	before, err := tx.Observation.Query().
		Where(observation.GateID(seen.gate.Row), observation.EventID(seen.key)).Only(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	return s.answerAgain(ctx, tx, seen, before)
}

// keep writes the observation with its outcome, so that a report sent twice is answered alike. A single report
// of what has just happened is taken for new until it is seen here that it is not: then the transaction is repeated,
// and asks for the event first.
func (s *Service) keep(ctx context.Context, tx *ent.Tx, seen *sighting, p *placed) error {
	sealed, err := s.vault.SealString(ctx, vault.LotKey(seen.lot.Row), sealedObservationPlate, seen.plate.Text())
	if err != nil {
		return fmt.Errorf("seal plate: %w", err)
	}
	create := tx.Observation.Create().
		SetLotID(seen.lot.Row).SetGateID(seen.gate.Row).SetEventID(seen.key).SetDirection(seen.Direction).
		SetPlate(sealed).SetPlateIndex(seen.index).SetPlateColor(string(seen.plate.Color())).
		SetObservedAt(seen.ObservedAt).SetReceivedAt(seen.receivedAt).SetLate(seen.late).SetConfidence(seen.Confidence).
		SetOutcome(p.outcome).SetDecision(p.decision).SetReason(p.reason)
	if p.stay != nil {
		create.SetSessionID(p.stay.ID)
	}
	switch err := create.Exec(ctx); {
	case store.IsDuplicate(err):
		return store.Retry(fmt.Errorf("another report of the event came first: %w", err))
	case err != nil:
		return fmt.Errorf("keep observation: %w", err)
	}
	return nil
}
