package delivery

import (
	"context"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/delivery"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/messagequota"
	"parkbff/ent/notice"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/task"
	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	notices "parkbff/internal/notice"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/message"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// The jobs that this package does as the system.
const (
	jobDecide  = "decide how a notice leaves"
	jobHand    = "hand a notice over"
	jobSettle  = "settle a delivery"
	jobSetting = "set how messages come"
	jobPrune   = "forget old deliveries"
)

// Errors of all three below: message.Gone, message.Quota, message.Invalid and message.Unsure, after which nothing
// is tried again; every other error means that the message was not taken, and may be.

// Pusher hands notifications to phones. One whose key it has seen is not shown again.
type Pusher interface {
	// Key answers the key of the message of a name. It is kept before the first try and used for every one.
	Key(ctx context.Context, name string) (string, error)
	Push(ctx context.Context, key string, p message.Push) error
}

// Messenger hands messages to the people of a mini-program, in templates that they accept one by one. It has no
// key by which a message that comes again would be known.
type Messenger interface {
	// Template answers the platform's id of the template of a kind; false: there is none.
	Template(kind notice.Kind) (id string, offered bool)
	Send(ctx context.Context, subject string, kind notice.Kind, words message.Words) error
}

// Texter sends texts. It has no key by which a text that comes again would be known; name is for the operator's
// own tracing.
type Texter interface {
	Offers(kind notice.Kind) bool
	SendNotice(ctx context.Context, name string, to cnid.Mobile, kind notice.Kind, words message.Words) error
}

// People knows who people are at this moment; see identity.Service.
type People interface {
	Addressee(ctx context.Context, accountID int64) (*viewer.Viewer, error)
	WantsNews(ctx context.Context, accountID, vehicleID int64, kind notice.Kind) (bool, error)
	MobileOf(ctx context.Context, accountID int64) (cnid.Mobile, error)
	SubjectOf(ctx context.Context, accountID int64, ch linkedaccount.Channel) (subject string, linked bool, err error)
}

// Notices reads what is to be said; see notice.Service.
type Notices interface {
	Addressed(ctx context.Context, to *viewer.Viewer, row int64) (*notices.Notice, error)
}

// Outbox takes the work; see outbox.Service.
type Outbox interface {
	Put(ctx context.Context, tx *ent.Tx, kind task.Kind, aboutID, accountID int64) error
	Handle(kind task.Kind, do outbox.Handler)
}

// Office tells whether the viewer is staff of the platform.
type Office interface {
	Office(ctx context.Context, role viewer.Role) (*viewer.Viewer, error)
}

// Config is what a Service is made of. A channel that is missing is not used.
type Config struct {
	Store   *store.Store
	Vault   *vault.Vault
	Clock   clock.Clock
	Log     *slog.Logger
	Outbox  Outbox
	Notices Notices
	People  People
	Office  Office

	// PublicID answers what clients call the notice in a row.
	PublicID func(noticeRow int64) string
	// NoticesKept is how long notices are; the record of those that are told of stays goes with them.
	NoticesKept time.Duration

	Pushers    map[pushendpoint.Provider]Pusher
	Messengers map[messagequota.Channel]Messenger
	Texter     Texter
	// InUse are the partners that the program has been set up with, by the names of their packages.
	InUse []string
}

// Service is safe for concurrent use.
type Service struct{ Config }

// New answers a service that has told its outbox what it does; call it before the outbox runs.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{c}
	c.Outbox.Handle(task.KindNOTICE, s.decide)
	c.Outbox.Handle(task.KindDELIVERY, s.deliver)
	return s
}

// write runs fn in a transaction, as the program itself. The action must have been allowed before.
func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.Store.WithTx(viewer.AsSystem(ctx, job), fn)
}

// pushers are the channels of phones, in the order in which they are looked at.
var pushers = []struct {
	channel  delivery.Channel
	provider pushendpoint.Provider
}{
	{delivery.ChannelJPUSH, pushendpoint.ProviderJPUSH},
	{delivery.ChannelGETUI, pushendpoint.ProviderGETUI},
}

// messengers are the channels of mini-programs.
var messengers = []struct {
	channel delivery.Channel
	quota   messagequota.Channel
	link    linkedaccount.Channel
}{
	{delivery.ChannelWECHAT_MINI, messagequota.ChannelWECHAT_MINI, linkedaccount.ChannelWECHAT_MINI},
	{delivery.ChannelALIPAY_MINI, messagequota.ChannelALIPAY_MINI, linkedaccount.ChannelALIPAY_MINI},
}
