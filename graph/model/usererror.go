package model

import (
	"context"

	"parkbff/internal/fault"
	"parkbff/internal/language"
)

// UserError is an outcome of a mutation that a client handles.
type UserError struct {
	Code    string
	Field   *string // of the input
	english string
}

// NewUserError answers what is said of a refusal.
func NewUserError(f *fault.Error) *UserError {
	refused := &UserError{Code: f.Code(), english: f.Message()}
	if field := f.Field(); field != "" {
		refused.Field = &field
	}
	return refused
}

// Message says it in the language of the request.
func (e *UserError) Message(ctx context.Context) string {
	return language.Say(ctx, e.Code, e.english)
}
