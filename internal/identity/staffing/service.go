package staffing

import (
	"parkbff/internal/clock"
	"parkbff/internal/store"
)

// Config is what a Service is made of.
type Config struct {
	Store *store.Store
	Clock clock.Clock
}

// Service is safe for concurrent use.
type Service struct {
	store *store.Store
	clock clock.Clock
}

// New answers a service.
func New(c Config) *Service { return &Service{store: c.Store, clock: c.Clock} }
