//go:build linux

package bench

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

const ingestQuery = `mutation RecordObservations($inputs: [RecordObservationInput!]!) { recordObservations(inputs: $inputs) {
  results { session { id state } barrier { decision reason displayText } duplicate userErrors { code } }
  userErrors { code } } }`

const observationsOfBatch = 500

// Ingest compares how many observations a second are recorded.
type Ingest struct {
	Server, Other float64 // medians of the rates
	Ratios        []float64
	Ratio         float64
}

// CompareIngest has both processes record batches in turns, each those of a gate of its own. It fails
// when the two gates are answered differently, or when what is stored of them differs.
func CompareIngest(ctx context.Context, w *World, server, other *Process, e Effort) (in Ingest, err error) {
	sides := []*reporter{
		{caller: newCaller(server.URL, w.Lanes[0].Token), lane: w.Lanes[0], series: 'A'},
		{caller: newCaller(other.URL, w.Lanes[1].Token), lane: w.Lanes[1], series: 'C'},
	}
	began := time.Now().Add(-20 * time.Hour).Truncate(time.Second)
	if err := sameOutcomes(ctx, sides, began); err != nil {
		return in, err
	}
	var rates [2][]float64
	for range e.Rounds {
		for i, s := range sides {
			rate, err := s.rate(ctx, e.Batches, began)
			if err != nil {
				return in, err
			}
			rates[i] = append(rates[i], rate)
		}
	}
	for i := range rates[0] {
		in.Ratios = append(in.Ratios, rates[0][i]/rates[1][i])
	}
	in.Server, in.Other, in.Ratio = median(rates[0]), median(rates[1]), median(in.Ratios)
	return in, sameRows(ctx, w)
}

// reporter is a gate.
type reporter struct {
	*caller
	lane   Lane
	series rune // letter of the plates it sees
	cars   int  // seen so far
}

// observation is RecordObservationInput.
type observation struct {
	EventID    string    `json:"eventId"`
	LotCode    string    `json:"lotCode"`
	GateCode   string    `json:"gateCode"`
	Direction  string    `json:"direction"`
	Plate      string    `json:"plate"`
	ObservedAt time.Time `json:"observedAt"`
	Confidence float64   `json:"confidence"`
}

// batch is a request with a few hours of a gate.
func (r *reporter) batch(began time.Time) ([]byte, error) {
	return json.Marshal(map[string]any{
		"operationName": "RecordObservations", "query": ingestQuery,
		"variables": map[string]any{"inputs": r.observations(began)},
	})
}

// observations are of cars not seen before that come and go.
func (r *reporter) observations(began time.Time) []observation {
	inputs := make([]observation, 0, observationsOfBatch)
	for n := range observationsOfBatch / 2 {
		r.cars++
		entered := began.Add(time.Duration(n) * 20 * time.Second)
		stays := time.Duration(5+(n*37)%400) * time.Minute
		inputs = append(inputs, r.saw("ENTRY", entered), r.saw("EXIT", entered.Add(stays)))
	}
	slices.SortStableFunc(inputs, func(a, b observation) int {
		return cmp.Or(a.ObservedAt.Compare(b.ObservedAt), cmp.Compare(a.Direction, b.Direction))
	})
	return inputs
}

func (r *reporter) saw(direction string, at time.Time) observation {
	return observation{
		EventID: fmt.Sprintf("E-%d-%s", r.cars, direction), LotCode: r.lane.LotCode, GateCode: gateCode,
		Direction: direction, Plate: fmt.Sprintf("粤%c%05d", r.series, r.cars), ObservedAt: at, Confidence: 0.98,
	}
}

// rate answers the observations a second over a number of batches, made before the clock starts.
func (r *reporter) rate(ctx context.Context, batches int, began time.Time) (float64, error) {
	bodies := make([][]byte, batches)
	for i := range bodies {
		var err error
		if bodies[i], err = r.batch(began); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	for _, body := range bodies {
		answer, err := r.ask(ctx, body)
		if err != nil {
			return 0, err
		}
		if refused.Match(answer) {
			return 0, fmt.Errorf("%s refuses observations: %.300s", r.url, answer)
		}
	}
	return float64(batches*observationsOfBatch) / time.Since(start).Seconds(), nil
}

var (
	refused  = regexp.MustCompile(`"code":|"errors":`)
	sealedID = regexp.MustCompile(`"id":"[^"]{22}"`)
)

// sameOutcomes warms both sides up with a batch that they must answer alike but for the ids.
func sameOutcomes(ctx context.Context, sides []*reporter, began time.Time) error {
	var answers [2]string
	for i, s := range sides {
		body, err := s.batch(began)
		if err != nil {
			return err
		}
		answer, err := s.ask(ctx, body)
		if err != nil {
			return err
		}
		answers[i] = sealedID.ReplaceAllString(string(answer), `"id"`)
	}
	if answers[0] != answers[1] {
		return fmt.Errorf("%w:\n%.600s\n%.600s", errNotSame, answers[0], answers[1])
	}
	return nil
}

// rowsOfLane sums up what is stored of a lane, without what differs by its nature: ids, plates and the
// moment of receipt.
const rowsOfLane = `
SELECT count(*), md5(string_agg(concat_ws('|', o.event_id, o.direction, o.observed_at, o.late, o.confidence,
	o.outcome, o.decision, o.reason, length(o.plate), length(o.plate_index), o.plate_color, s.state, s.entered_at,
	s.exited_at, s.fee_fen, s.paid_fen, s.match, s.review, length(s.plate), s.plate_index = o.plate_index), ',' ORDER BY o.event_id))
FROM observations o LEFT JOIN parking_sessions s ON s.id = o.session_id AND s.lot_id = o.lot_id WHERE o.lot_id = $1`

func sameRows(ctx context.Context, w *World) (err error) {
	db, err := sql.Open("postgres", w.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var counts [2]int
	var sums [2]string
	for i, lane := range w.Lanes {
		if err := db.QueryRowContext(ctx, rowsOfLane, lane.LotRow).Scan(&counts[i], &sums[i]); err != nil {
			return err
		}
	}
	if counts[0] == 0 || counts[0] != counts[1] || sums[0] != sums[1] {
		return fmt.Errorf("the two sides have not stored the same: %d and %d observations", counts[0], counts[1])
	}
	return nil
}
