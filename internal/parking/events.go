package parking

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/observation"
)

// event is one thing that a gate saw, by the key of what the gate calls it.
type event struct {
	gateID int64
	key    string
}

// events are those that have been recorded.
type events map[event]bool

func (seen *sighting) event() event { return event{seen.gate.Row, seen.key} }

// eventsKnown finds which of the sightings are reports of an event that is recorded already, in one
// statement for the whole batch. Refused observations are nil.
func eventsKnown(ctx context.Context, tx *ent.Tx, seen []*sighting) (events, error) {
	known := events{}
	var ids []string
	var gates []int64
	asked := map[int64]bool{}
	for _, one := range seen {
		if one == nil {
			continue
		}
		ids = append(ids, one.key)
		if !asked[one.gate.Row] {
			asked[one.gate.Row] = true
			gates = append(gates, one.gate.Row)
		}
	}
	if len(ids) == 0 {
		return known, nil
	}
	found, err := tx.Observation.Query().
		Where(observation.GateIDIn(gates...), observation.EventIDIn(evened(ids)...)).
		Select(observation.FieldGateID, observation.FieldEventID).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for the events: %w", err)
	}
	for _, o := range found {
		known[event{o.GateID, o.EventID}] = true
	}
	return known, nil
}

// evened repeats the last value until their number is a power of two, so that batches of all sizes share
// a few prepared statements instead of pushing all others out of the cache.
func evened(values []string) []string {
	last := values[len(values)-1]
	for len(values)&(len(values)-1) != 0 {
		values = append(values, last)
	}
	return values
}
