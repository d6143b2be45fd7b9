package replay

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"parkbff/internal/parking/lotfile"
)

// direction of an observation, by the names of the contract.
type direction string

const (
	entering direction = "ENTRY"
	leaving  direction = "EXIT"
)

// observation is one end of a stay, as a gate reports it.
type observation struct {
	at        time.Time
	direction direction
	stay      *stay
}

// observationsOf are both ends of every stay in order of time. At one moment cars arrive before they
// leave, so that a stay of no length is entered first.
func observationsOf(stays []stay) []observation {
	all := make([]observation, 0, 2*len(stays))
	for i := range stays {
		s := &stays[i]
		all = append(all, observation{s.enter, entering, s}, observation{s.exit, leaving, s})
	}
	slices.SortFunc(all, func(a, b observation) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.direction, b.direction), cmp.Compare(a.stay.row, b.stay.row))
	})
	return all
}

// scene is what a replay needs to know of one lot.
type scene struct {
	lot         lotfile.Lot
	stays       []stay
	in, out     string // codes of the gates
	gate, staff string // tokens
}

// gateFor is the first gate through which cars pass that way.
func gateFor(lot lotfile.Lot, way lotfile.Direction) (string, error) {
	for _, gate := range lot.Gates {
		if gate.Direction == way || gate.Direction == lotfile.Both {
			return gate.Code, nil
		}
	}
	return "", fmt.Errorf("lot %s has no gate of direction %s", lot.Code, way)
}

// mostAtOnce is the largest batch of the contract.
const mostAtOnce = 500

const recordObservations = `mutation($inputs: [RecordObservationInput!]!) {
  recordObservations(inputs: $inputs) { results { duplicate userErrors { code } } userErrors { code } }
}`

// tally is what became of observations.
type tally struct {
	sent, duplicates int
	refused          map[string]int // by code
}

// report sends a lot's observations in order of time, batch after batch, at the given pace.
func (c *client) report(ctx context.Context, set set, s *scene, pace pace, sent func(n int)) (tally, error) {
	total := tally{refused: map[string]int{}}
	for all := observationsOf(s.stays); len(all) > 0; {
		due, err := pace.due(ctx, all)
		if err != nil {
			return total, err
		}
		batch := all[:min(due, mostAtOnce)]
		if err := c.sendBatch(ctx, set, s, batch, &total); err != nil {
			return total, fmt.Errorf("report observations of %s: %w", s.lot.Code, err)
		}
		sent(len(batch))
		all = all[len(batch):]
	}
	for _, code := range slices.Sorted(maps.Keys(total.refused)) {
		c.note("%s: %d observations were refused: %s", s.lot.Code, total.refused[code], code)
	}
	return total, nil
}

func (c *client) sendBatch(ctx context.Context, set set, s *scene, batch []observation, total *tally) error {
	var answer struct {
		RecordObservations struct {
			Results []struct {
				Duplicate  bool
				UserErrors userErrors
			}
			UserErrors userErrors
		}
	}
	inputs := s.inputs(set, batch)
	err := c.insist(ctx, func(ctx context.Context) error {
		return c.ask(ctx, s.gate, request{recordObservations, map[string]any{"inputs": inputs}}, &answer)
	})
	if err != nil {
		return err
	}
	outcome := answer.RecordObservations
	if err := outcome.UserErrors.refusal(); err != nil {
		return err
	}
	if len(outcome.Results) != len(batch) {
		return fmt.Errorf("%d observations got %d answers", len(batch), len(outcome.Results))
	}
	total.sent += len(batch)
	for _, result := range outcome.Results {
		if result.Duplicate {
			total.duplicates++
		}
		if len(result.UserErrors) > 0 {
			total.refused[result.UserErrors[0].Code]++
		}
	}
	return nil
}

// input is RecordObservationInput of the contract.
type input struct {
	EventID    string    `json:"eventId"`
	LotCode    string    `json:"lotCode"`
	GateCode   string    `json:"gateCode"`
	Direction  direction `json:"direction"`
	Plate      string    `json:"plate"`
	PlateColor string    `json:"plateColor"`
	ObservedAt time.Time `json:"observedAt"`
}

func (s *scene) inputs(set set, batch []observation) []input {
	inputs := make([]input, len(batch))
	for i, o := range batch {
		gate := s.in
		if o.direction == leaving {
			gate = s.out
		}
		inputs[i] = input{
			EventID: set.eventID(s.lot.Code, o.stay.row, o.direction), LotCode: s.lot.Code, GateCode: gate,
			Direction: o.direction, Plate: o.stay.plate, PlateColor: plateColor, ObservedAt: o.at,
		}
	}
	return inputs
}
