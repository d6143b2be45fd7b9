// Package fault holds errors that carry a public code.
//
// A rule that can be broken declares its error as a value beside the thing it concerns, and the edge
// of the program turns it into the answer of its protocol. Whatever is not a fault is answered as
// "Internal error." with an id that only the log can explain.
package fault

import (
	"errors"
	"maps"
)

// Error is a refusal a client may read. Code is stable and part of the contract; Message is English
// and names no personal value. Two errors with one code are the same error to errors.Is.
type Error struct {
	code    string
	message string
	field   string
	details map[string]any
	cause   error
}

// New declares an error. Code is SCREAMING_SNAKE_CASE.
func New(code, message string) *Error { return &Error{code: code, message: message} }

// Code of the contract, as in `extensions.code` or `userErrors.code`.
func (e *Error) Code() string { return e.code }

// Message for a developer; clients translate by code.
func (e *Error) Message() string { return e.message }

// Field is the input field at fault, or empty.
func (e *Error) Field() string { return e.field }

// Details are the further extensions of the answer, such as fact, purpose or retryAfter.
func (e *Error) Details() map[string]any { return e.details }

func (e *Error) Error() string { return e.code + ": " + e.message }

func (e *Error) Unwrap() error { return e.cause }

// Is holds when target is a fault of the same code.
func (e *Error) Is(target error) bool {
	var other *Error
	return errors.As(target, &other) && other.code == e.code
}

// With answers a copy that says one thing more in its extensions.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.details = maps.Clone(e.details)
	if c.details == nil {
		c.details = map[string]any{}
	}
	c.details[key] = value
	return &c
}

// At answers a copy that names the input field at fault.
func (e *Error) At(field string) *Error {
	c := *e
	c.field = field
	return &c
}

// Because answers a copy that keeps its cause for the log. The cause is never shown.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// As finds the fault within err, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Faults that more than one domain answers. Not found and forbidden look alike where a difference
// would tell that something exists.
var (
	BadInput        = New("BAD_USER_INPUT", "The input is not valid.")
	NotFound        = New("NOT_FOUND", "There is no such thing, or it is not yours to see.")
	Forbidden       = New("FORBIDDEN", "This viewer may not do that.")
	Unauthenticated = New("UNAUTHENTICATED", "Sign in first.")
	RateLimited     = New("RATE_LIMITED", "Too many attempts. Try again later.")
	Unavailable     = New("UNAVAILABLE", "The service cannot answer just now. Try again.")
)
