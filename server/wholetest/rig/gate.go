package rig

import (
	"context"
	"time"
)

// Observation is what a gate reports, in the words of the contract.
type Observation struct {
	EventID    string   `json:"eventId"`
	LotCode    string   `json:"lotCode"`
	GateCode   string   `json:"gateCode"`
	Direction  string   `json:"direction"`
	Plate      string   `json:"plate"`
	PlateColor string   `json:"plateColor,omitempty"`
	ObservedAt string   `json:"observedAt"`
	Confidence *float64 `json:"confidence,omitempty"`
}

// Directions of an observation.
const (
	Entry = "ENTRY"
	Exit  = "EXIT"
)

const recordObservation = `mutation($input: RecordObservationInput!) {
  recordObservation(input: $input) { session { id state } barrier { decision reason } duplicate userErrors { code field message } } }`

// Seen is an observation by the gate G1.
func Seen(event, lotCode, direction, plate string, at time.Time) Observation {
	return Observation{
		EventID: event, LotCode: lotCode, GateCode: "G1", Direction: direction,
		Plate: plate, PlateColor: "BLUE", ObservedAt: at.Format(time.RFC3339Nano),
	}
}

// Report sends one observation.
func (c Client) Report(ctx context.Context, o Observation) (Answer, error) {
	return c.Ask(ctx, recordObservation, map[string]Observation{"input": o})
}

// ReportAll sends observations in one batch, of which all are recorded or none.
func (c Client) ReportAll(ctx context.Context, batch []Observation) (Answer, error) {
	return c.Ask(ctx, `mutation($inputs: [RecordObservationInput!]!) {
  recordObservations(inputs: $inputs) { results { duplicate userErrors { code } } userErrors { code } } }`,
		map[string][]Observation{"inputs": batch})
}
