// Package parking owns lots, gates, observations and stays: what a gate saw becomes a stay, a stay gets
// a price, and whoever may see it sees it.
package parking

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parkbff/ent"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/notice"
	"parkbff/internal/pace"
	"parkbff/internal/risk"
	"parkbff/internal/store"
	"parkbff/internal/tariff"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Teller writes notices inside the transaction that causes them.
type Teller interface {
	Tell(ctx context.Context, tx *ent.Tx, t notice.Telling) error
}

// Publisher tells the other replicas that something changed. Subjects and payloads carry row ids only.
type Publisher interface {
	Publish(subject string, payload []byte) error
}

// Risks keeps what looked like an attack.
type Risks interface {
	Note(ctx context.Context, h risk.Happening)
}

// Config is what a Service is made of. Nothing in it is optional but Risks.
type Config struct {
	Store    *store.Store
	Vault    *vault.Vault
	Clock    clock.Clock
	Random   io.Reader
	Calendar tariff.Calendar
	Teller   Teller
	Bus      Publisher
	Policies Policies
	Risks    Risks // nil: nobody notes them
	Log      *slog.Logger
	// QuoteKey seals quotes: 32 secret bytes or more, equal on all replicas.
	QuoteKey []byte
}

// Service is the domain of parking. It is safe for concurrent use.
type Service struct {
	store     *store.Store
	vault     *vault.Vault
	clock     clock.Clock
	random    io.Reader
	calendar  tariff.Calendar
	teller    Teller
	bus       Publisher
	policies  Policies
	risks     Risks
	log       *slog.Logger
	pace      *pace.Pace
	catalogue atomic.Pointer[catalogue]
	reloading sync.Mutex
	vacancies vacancyBoard

	statements statements
	offers     *offers
	collector  Collector // nil: everybody pays by themselves
}

// New answers a service that knows no lots until Reload.
func New(c Config) (*Service, error) {
	offers, err := newOffers(c.QuoteKey)
	if err != nil {
		return nil, err
	}
	s := &Service{
		offers: offers,
		store:  c.Store, vault: c.Vault, clock: c.Clock, random: c.Random, calendar: c.Calendar,
		teller: c.Teller, bus: c.Bus, policies: c.Policies, risks: c.Risks, log: c.Log, pace: pace.New(c.Clock),
		statements: writeStatements(c.Store.Dialect()),
	}
	s.catalogue.Store(newCatalogue())
	return s, nil
}

// Limits of what gates may report.
const (
	// lateAfter is the age at which an observation is a late upload (补传).
	lateAfter = 24 * time.Hour
	// clockSkew is how far a gate's clock may be ahead of ours.
	clockSkew = 2 * time.Minute
	// rereadWithin is how long the same car may stand before the same camera and be read again.
	rereadWithin = 2 * time.Minute
	// mostAtOnce bounds a batch of observations.
	mostAtOnce = 500
)

// Fields of sealed columns.
const (
	sealedStayPlate        = "parking_session.plate"
	sealedObservationPlate = "observation.plate"
)

// PlateIndex is the kind of blind index under which plates are found, in every table.
const PlateIndex = "plate"

// EventIndex is the kind of index by which the events of gates are known again.
const EventIndex = "event"

// Faults of this package.
var (
	UnknownLot      = fault.New("UNKNOWN_LOT", "There is no lot of that code.")
	UnknownGate     = fault.New("UNKNOWN_GATE", "The lot has no gate of that code.")
	ForeignLot      = fault.New("FOREIGN_LOT", "This machine does not belong to that lot.")
	InFuture        = fault.New("OBSERVED_IN_FUTURE", "The observation lies in the future: set the clock.")
	TooOld          = fault.New("OBSERVED_TOO_LONG_AGO", "The observation is older than any record kept.")
	InvalidEventID  = fault.New("INVALID_EVENT_ID", "An event id has 1 to 64 printable ASCII characters.")
	InvalidSureness = fault.New("INVALID_CONFIDENCE", "A confidence lies between 0 and 1.")
	TooMany         = fault.New("TOO_MANY_OBSERVATIONS", "A batch has 1 to 500 observations.")
	EntryNotFound   = fault.New("ENTRY_NOT_FOUND", "No entry of this car is known. The observation is kept and will be matched when the entry arrives.")
	EventMismatch   = fault.New("EVENT_ID_REUSED", "Another observation was reported under this event id.")
	LocationMissing = fault.New("LOCATION_NOT_PROVIDED", "A radius needs a point.")
	OutOfWindow     = fault.New("OUT_OF_WINDOW", "Only the last three months can be browsed.")
	NothingToReview = fault.New("NOTHING_TO_REVIEW", "No match of this stay waits for review.")
	QuoteNeedsLane  = fault.New("LANE_CODE_REQUIRED", "Ask by the code on the screen of the lane.")
	InvalidLotCount = fault.New("INVALID_LOT_COUNT", "A count lies between 0 and 100000.")
	AlreadyPaid     = fault.New("SESSION_PAID", "The stay has been paid; refund it instead.")
	KeyReused       = fault.New("IDEMPOTENCY_KEY_REUSED", "Another order was sent under this key.")
	BadCommand      = fault.New("INVALID_COMMAND", "The order is not one a gate can carry out.")
)

// The jobs that this package does as the system.
const (
	jobObserve   = "observe"
	jobImport    = "import lots"
	jobCatalogue = "read catalogue"
	jobReview    = "review match"
	jobCommand   = "gate command"
	jobQuote     = "quote"
	jobVacancy   = "vacancy"
	jobPayment   = "payment"
	jobHide      = "hide record"
	jobCount     = "lot count"
)

// Subjects on the bus. Payloads are empty.
const (
	// SubjectLots says that lots were imported.
	SubjectLots = "lots.changed"
	// SubjectVacancies says that free bays were counted.
	SubjectVacancies = "lots.counted"

	subjectCommands = "gate.commands." // and the gate's row id
)

// gateAtWork answers the viewer when it is a gate, and why not otherwise.
func gateAtWork(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	switch v.Kind {
	case viewer.Gate:
		return v, nil
	case viewer.Anonymous:
		return nil, fault.Unauthenticated
	}
	return nil, fault.Forbidden
}

// staffAt answers the viewer when it is staff of the lot, and why not otherwise.
func staffAt(ctx context.Context, lotID int64) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	switch {
	case v.Kind == viewer.Anonymous:
		return nil, fault.Unauthenticated
	case v.Kind != viewer.Staff || !v.WorksAt(lotID):
		return nil, fault.Forbidden
	}
	return v, nil
}
