// Package identity knows who people and machines are: accounts, sign-ins and their tokens, the channels an
// account follows, the plates it has bound and verified, gates and staff; and it tells the facts about a
// viewer of which the rest of the house is made.
//
// Services check the action first and then write under viewer.AsSystem. A mutation that changes facts
// replaces the viewer in its context after the commit. Personal values are sealed by the vault; VIN, engine
// number, owner, model and identity number pass through a verification and are never kept (R071).
package identity

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"parkbff/ent"
	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/identity/token"
	notices "parkbff/internal/notice"
	"parkbff/internal/pace"
	"parkbff/internal/partner/ocr"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/risk"
	"parkbff/internal/round"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// day is the window of every daily limit: the last 24 hours, not the calendar's day.
const day = 24 * time.Hour

// Sender sends a code by SMS, in the text of its purpose. Errors are faults and name neither mobile nor code.
type Sender interface {
	SendCode(ctx context.Context, mobile cnid.Mobile, purpose CodePurpose, code string) error
}

// DocumentReader reads the documents of a verification. Errors: ocr.Unreadable and ocr.NotOriginal, which
// refuse the verification; ocr.TooLarge; fault.Unavailable.
type DocumentReader interface {
	// Takes lists the media types that can be read.
	Takes() []string
	ReadDrivingLicence(ctx context.Context, image []byte) (ocr.DrivingLicence, error)
	ReadIDCard(ctx context.Context, image []byte) (ocr.IDCard, error)
	ReadBusinessLicence(ctx context.Context, image []byte) (ocr.BusinessLicence, error)
	ReadPropertyCertificate(ctx context.Context, image []byte) (ocr.PropertyCertificate, error)
}

// Teller writes notices in the transaction in which what they tell of happens.
type Teller interface {
	Tell(ctx context.Context, tx *ent.Tx, t notices.Telling) error
}

// Bus carries hints to other replicas. Subjects name row ids and payloads are empty.
type Bus interface {
	Publish(subject string, payload []byte) error
	Subscribe(subject string, handle func(subject string, payload []byte)) (cancel func(), err error)
	OnReconnect(func())
}

// Risks keeps what looked like an attack.
type Risks interface {
	Note(ctx context.Context, h risk.Happening)
}

// StepUps says whether the member of staff who asks has shown a second factor lately. Error: STEP_UP_REQUIRED.
type StepUps interface {
	SteppedUp(ctx context.Context) error
}

// Config is what a Service is made of. Everything but Bus, Stirred, Platforms, Numbers and Log is required.
type Config struct {
	Store  *store.Store
	Vault  *vault.Vault
	Tokens *token.Issuer
	Bus    Bus // nil: there is no other replica
	Clock  clock.Clock
	Random io.Reader // crypto/rand.Reader outside tests; read by many goroutines at once
	SMS    Sender
	Reader DocumentReader
	Teller Teller
	Risks  Risks
	Log    *slog.Logger

	StepUps StepUps

	Catalogue *consents.Catalogue   // what can be agreed to, by version of the policy
	Stirred   func(accountID int64) // hears of every change of an account's facts, here or on another replica; quick

	Platforms Platforms // who vouches for people, by channel
	Numbers   Numbers   // nil: there is no sign-in at one click
	// ProveChannels wants proof of the mini-program somebody says to sign in on (LoginInput.channelCode):
	// without it the sign-in is good, but is not following. Always so in production.
	ProveChannels bool
}

func (c Config) check() error {
	if c.Store == nil || c.Vault == nil || c.Tokens == nil || c.Clock == nil || c.Random == nil ||
		c.SMS == nil || c.Reader == nil || c.Teller == nil || c.Risks == nil || c.StepUps == nil || c.Catalogue == nil {
		return errors.New("identity: the configuration is not complete")
	}
	return nil
}

// Service is safe for concurrent use.
type Service struct {
	store   *store.Store
	vault   *vault.Vault
	issuer  *token.Issuer
	bus     Bus
	clock   clock.Clock
	random  io.Reader
	sms     Sender
	reader  DocumentReader
	teller  Teller
	risks   Risks
	stepUps StepUps
	log     *slog.Logger

	catalogue *consents.Catalogue
	stirred   func(accountID int64)
	untracked atomic.Pointer[string] // the version of the policy for which outdated tracking was ended

	platforms     Platforms
	numbers       Numbers
	proveChannels bool

	pace       *pace.Pace
	known      *factCache
	factRounds factRounds
	ending     *endings
	doubt      chan struct{} // asks Watch to check the watched tokens
	suspects   chan subject  // asks it to check those of one
}

// New answers a service. An error is a mistake of the set-up.
func New(c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Stirred == nil {
		c.Stirred = func(int64) {}
	}
	s := &Service{
		store: c.Store, vault: c.Vault, issuer: c.Tokens, bus: c.Bus, clock: c.Clock, random: c.Random,
		sms: c.SMS, reader: c.Reader, teller: c.Teller, risks: c.Risks, stepUps: c.StepUps, log: c.Log,
		catalogue: c.Catalogue, stirred: c.Stirred,
		platforms: c.Platforms, numbers: c.Numbers, proveChannels: c.ProveChannels,
		pace: pace.New(c.Clock), known: newFactCache(), ending: newEndings(), doubt: make(chan struct{}, 1), suspects: make(chan subject, 64),
	}
	s.factRounds = factRounds{rounds: round.New(s.readFacts), asked: make(map[int64]*question)}
	return s, nil
}

// write runs fn in a transaction, as the program itself. The action must have been allowed before.
func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.store.WithTx(viewer.AsSystem(ctx, job), fn)
}
