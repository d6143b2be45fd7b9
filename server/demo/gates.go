package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// atOnce bounds a batch, so that the catch-up of a start never holds the one writer for long.
const atOnce = 100

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// errBadToken says that the gate's token is no longer good.
var errBadToken = errors.New("the gate's token is refused")

// gates report over the public API, each lot's with its own token.
type gates struct {
	url    string
	http   *http.Client
	house  House
	tokens map[string]string // by lot code
}

const report = `mutation DemoReport($inputs: [RecordObservationInput!]!) {
  recordObservations(inputs: $inputs) { results { duplicate userErrors { code } } userErrors { code } }
}`

type observationInput struct {
	EventID    string    `json:"eventId"`
	LotCode    string    `json:"lotCode"`
	GateCode   string    `json:"gateCode"`
	Direction  string    `json:"direction"`
	Plate      string    `json:"plate"`
	PlateColor string    `json:"plateColor"`
	ObservedAt time.Time `json:"observedAt"`
	Confidence float64   `json:"confidence"`
}

// reply is an answer to report.
type reply struct {
	Errors []struct {
		Extensions struct {
			Code string `json:"code"`
		} `json:"extensions"`
	} `json:"errors"`
	Data struct {
		RecordObservations *struct {
			Results []struct {
				Duplicate  bool        `json:"duplicate"`
				UserErrors []userError `json:"userErrors"`
			} `json:"results"`
			UserErrors []userError `json:"userErrors"`
		} `json:"recordObservations"`
	} `json:"data"`
}

type userError struct {
	Code string `json:"code"`
}

// send reports events of one lot, in their order. It answers how many were refused. An error means that
// nothing is known to be recorded, and that the same events may be sent again.
func (g *gates) send(ctx context.Context, events []Event) (refused int, err error) {
	lot := events[0].LotCode
	if g.tokens[lot] == "" {
		if g.tokens[lot], err = g.house.GateToken(ctx, lot, gateCode); err != nil {
			return 0, fmt.Errorf("token for a gate: %w", err)
		}
	}
	answer, err := g.ask(ctx, g.tokens[lot], inputsOf(events))
	if errors.Is(err, errBadToken) {
		delete(g.tokens, lot)
	}
	if err != nil {
		return 0, err
	}
	for _, result := range answer.Data.RecordObservations.Results {
		if len(result.UserErrors) > 0 {
			refused++
		}
	}
	return refused, nil
}

// gateCode is the gate that reports; every lot has it and it looks both ways.
const gateCode = "G1"

func inputsOf(events []Event) []observationInput {
	inputs := make([]observationInput, len(events))
	for i, e := range events {
		inputs[i] = observationInput{
			EventID: e.ID, LotCode: e.LotCode, GateCode: gateCode, Direction: string(e.Direction),
			Plate: e.Plate.Text(), PlateColor: string(e.Plate.Color()), ObservedAt: e.At, Confidence: e.Confidence,
		}
	}
	return inputs
}

func (g *gates) ask(ctx context.Context, token string, inputs []observationInput) (*reply, error) {
	body, err := json.Marshal(map[string]any{"query": report, "variables": map[string]any{"inputs": inputs}})
	if err != nil {
		return nil, fmt.Errorf("write a report: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(g.url, "/")+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a report: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := g.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("send a report: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end or given up
	if response.StatusCode == http.StatusUnauthorized {
		return nil, errBadToken
	}
	return readReply(response)
}

func readReply(response *http.Response) (*reply, error) {
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	answer := &reply{}
	if err := json.Unmarshal(text, answer); err != nil {
		return nil, fmt.Errorf("read an answer of status %d: %w", response.StatusCode, err)
	}
	switch {
	case len(answer.Errors) > 0 && answer.Errors[0].Extensions.Code == "UNAUTHENTICATED":
		return nil, errBadToken
	case len(answer.Errors) > 0:
		return nil, fmt.Errorf("the report was refused: %s", answer.Errors[0].Extensions.Code)
	case answer.Data.RecordObservations == nil:
		return nil, fmt.Errorf("an answer of status %d says nothing", response.StatusCode)
	case len(answer.Data.RecordObservations.UserErrors) > 0:
		return nil, fmt.Errorf("the report was refused: %s", answer.Data.RecordObservations.UserErrors[0].Code)
	}
	return answer, nil
}
