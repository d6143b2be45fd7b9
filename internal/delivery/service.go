package delivery

import (
	"context"

	"parkbff/ent/messagequota"
	"parkbff/ent/notice"
	"parkbff/ent/pushendpoint"
	"parkbff/internal/page"
)

// Config is what a Service is made of.
type Config struct{}

// Service is safe for concurrent use.
type Service struct{}

// New answers a service.
func New(Config) *Service { return &Service{} }

// Templates lists what the mini-program of a channel can ask its person to accept.
func (s *Service) Templates(ctx context.Context, channel messagequota.Channel) ([]*Template, error) {
	panic("not implemented")
}

// Accept counts messages that the asking person has just accepted.
func (s *Service) Accept(ctx context.Context, channel messagequota.Channel, kinds []notice.Kind) ([]*Template, error) {
	panic("not implemented")
}

// Register says where the asking person's device is reached.
func (s *Service) Register(ctx context.Context, provider pushendpoint.Provider, platform pushendpoint.Platform, token string) (*Channels, error) {
	panic("not implemented")
}

// Remove forgets where the asking person's device is reached.
func (s *Service) Remove(ctx context.Context) (*Channels, error) { panic("not implemented") }

// Channels answers those of the asking person.
func (s *Service) Channels(ctx context.Context) (*Channels, error) { panic("not implemented") }

// SetChannels sets what is not nil.
func (s *Service) SetChannels(ctx context.Context, push, sms *bool) (*Channels, error) {
	panic("not implemented")
}

// SetQuietHours sets them; nil takes them away.
func (s *Service) SetQuietHours(ctx context.Context, quiet *QuietHours) (*Channels, error) {
	panic("not implemented")
}

// Page lists the asking person's deliveries, newest first.
func (s *Service) Page(ctx context.Context, p page.Request) (page.Of[*Delivery], error) {
	panic("not implemented")
}

// All lists everybody's for an officer.
func (s *Service) All(ctx context.Context, of Filter, p page.Request) (page.Of[*Delivery], error) {
	panic("not implemented")
}

// Delivery answers one, to its person and to officers.
func (s *Service) Delivery(ctx context.Context, row int64) (*Delivery, error) {
	panic("not implemented")
}

// Recipients lists with whom personal data is shared.
func (s *Service) Recipients() []*Recipient { panic("not implemented") }
