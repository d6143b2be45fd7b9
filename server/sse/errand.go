package sse

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"parkbff/internal/bus"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/language"
	"parkbff/server/live"
)

// Bus brings errands to the replica that holds a stream. See bus.Bus.
type Bus interface {
	Request(ctx context.Context, subject string, payload []byte) ([]byte, error)
	Answer(subject string, handle func(payload []byte) (answer []byte)) (cancel func(), err error)
}

// errand is what a request wants of the stream that its ticket names, wherever that is.
type errand struct {
	Kind      errandKind `json:"kind"`
	Who       *string    `json:"who,omitempty"` // live.Principal.Subject; nil: the ticket is all that is shown
	Operation operation  `json:"operation,omitzero"`
	Stop      string     `json:"stop,omitempty"` // id of an operation
}

type errandKind string

const (
	open errandKind = "open"
	run  errandKind = "run"
	stop errandKind = "stop"
)

// operation is a request that a stream carries out, and of whom.
type operation struct {
	ID         string            `json:"id"`
	Query      string            `json:"query"`
	Name       string            `json:"name,omitempty"`
	Variables  json.RawMessage   `json:"variables,omitempty"`
	Extensions json.RawMessage   `json:"extensions,omitempty"`
	ReadOnly   bool              `json:"readOnly,omitempty"`
	Spoken     language.Language `json:"spoken,omitempty"`
	From       string            `json:"from,omitempty"` // see viewer.Address
}

func (o operation) request() live.Request {
	return live.Request{Query: o.Query, OperationName: o.Name, Variables: o.Variables, Extensions: o.Extensions, ReadOnly: o.ReadOnly}
}

func (o operation) size() int {
	return len(o.Query) + len(o.Variables) + len(o.Extensions) + len(o.Name)
}

// outcome is what became of an errand: an HTTP status, or elsewhere.
type outcome struct {
	Status        int         `json:"status"`
	Authorization string      `json:"authorization,omitempty"` // of who reserved; of open
	Waiting       []operation `json:"waiting,omitempty"`       // asked for before the stream was open; of open
}

// elsewhere is said by a reservation whose stream is open: ask that one.
const elsewhere = http.StatusMisdirectedRequest

// The two who may answer for a ticket: the stream, on whatever replica it is open, and the reservation.
const (
	atStream      = "events.stream."
	atReservation = "events.reservation."
)

// courier brings errands over the bus. They hold what people ask for, so that they are sealed; a subject is a
// hash of the ticket, which is itself drawn at random and means nothing.
type courier struct {
	bus  Bus
	aead cipher.AEAD
	// pauses before each try to find who answers for a ticket: replicas learn of each other's streams moments
	// after they are opened.
	pauses []time.Duration
}

func newCourier(b Bus, key []byte) (*courier, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "parkbff event stream errands v1", 32)
	if err != nil {
		return nil, fmt.Errorf("sse: deriving the key of errands: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("sse: the key of errands: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("sse: the seal of errands: %w", err)
	}
	return &courier{bus: b, aead: aead, pauses: []time.Duration{0, 20 * time.Millisecond, 200 * time.Millisecond}}, nil
}

func subject(place, ticket string) string {
	hash := sha256.Sum256([]byte(ticket))
	return place + hex.EncodeToString(hash[:16])
}

// bring answers what became of an errand; 404 when no stream answers for the ticket. Error: the bus is away.
func (c *courier) bring(ctx context.Context, ticket string, e errand) (outcome, error) {
	for _, pause := range c.pauses {
		if err := clock.Wait(ctx, pause); err != nil {
			return outcome{}, err
		}
		for _, place := range []string{atStream, atReservation} {
			got, err := c.ask(ctx, subject(place, ticket), e)
			switch {
			case errors.Is(err, bus.ErrNobody), err == nil && got.Status == elsewhere:
			default:
				return got, err
			}
		}
	}
	return outcome{Status: http.StatusNotFound}, nil
}

func (c *courier) ask(ctx context.Context, subject string, e errand) (outcome, error) {
	sealed, err := c.seal(subject, e)
	if err != nil {
		return outcome{}, err
	}
	answer, err := c.bus.Request(ctx, subject, sealed)
	if errors.Is(err, bus.ErrNobody) {
		return outcome{}, err
	}
	if err != nil {
		return outcome{}, fault.Unavailable.Because(err)
	}
	var got outcome
	return got, c.unseal(subject, answer, &got)
}

// answer lets handle carry out the errands for a ticket that come to a place.
func (c *courier) answer(place, ticket string, handle func(errand) outcome) (cancel func(), err error) {
	at := subject(place, ticket)
	cancel, err = c.bus.Answer(at, func(payload []byte) []byte {
		var e errand
		became := outcome{Status: http.StatusNotFound}
		if c.unseal(at, payload, &e) == nil {
			became = handle(e)
		}
		sealed, _ := c.seal(at, became) // what cannot be written is not understood, and an error there
		return sealed
	})
	if err != nil {
		return nil, fault.Unavailable.Because(err)
	}
	return cancel, nil
}

func (c *courier) seal(subject string, what any) ([]byte, error) {
	plain, err := json.Marshal(what)
	if err != nil {
		return nil, fmt.Errorf("sse: write an errand: %w", err)
	}
	return c.aead.Seal(nil, nil, plain, []byte(subject)), nil
}

func (c *courier) unseal(subject string, sealed []byte, into any) error {
	plain, err := c.aead.Open(nil, nil, sealed, []byte(subject))
	if err == nil {
		err = json.Unmarshal(plain, into)
	}
	if err != nil {
		return errors.New("sse: an errand cannot be read") // the error of JSON would quote it
	}
	return nil
}
