package appconfig

import (
	"parkbff/internal/clock"
	"parkbff/internal/store"
)

// Config is what a Service is made of.
type ServiceConfig struct {
	Store *store.Store
	Clock clock.Clock
}

// Service is safe for concurrent use.
type Service struct {
	store *store.Store
	clock clock.Clock
}

// New answers a service.
func New(c ServiceConfig) *Service { return &Service{store: c.Store, clock: c.Clock} }
