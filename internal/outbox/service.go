package outbox

import (
	"context"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/internal/page"
)

// Config is what a Service is made of.
type Config struct{}

// Service is safe for concurrent use.
type Service struct{}

// New answers a service.
func New(Config) *Service { return &Service{} }

// Put writes a task in the transaction tx, which ctx must be inside, and hands it out once that has committed.
// AccountID zero: it is nobody's. Of one kind and about one row there is one task.
func (s *Service) Put(ctx context.Context, tx *ent.Tx, kind task.Kind, aboutID, accountID int64) error {
	panic("not implemented")
}

// Handle says who does the jobs of a kind. Call it before Run.
func (s *Service) Handle(kind task.Kind, do Handler) { panic("not implemented") }

// Run does jobs until ctx ends, and waits for those at work.
func (s *Service) Run(ctx context.Context) { panic("not implemented") }

// DeadLetters lists what is dead, newest first, for an administrator.
func (s *Service) DeadLetters(ctx context.Context, p page.Request) (page.Of[*DeadLetter], error) {
	panic("not implemented")
}

// DeadLetter answers one.
func (s *Service) DeadLetter(ctx context.Context, row int64) (*DeadLetter, error) {
	panic("not implemented")
}

// Retry has one tried again.
func (s *Service) Retry(ctx context.Context, row int64) error { panic("not implemented") }

// Discard gives one up.
func (s *Service) Discard(ctx context.Context, row int64) error { panic("not implemented") }
