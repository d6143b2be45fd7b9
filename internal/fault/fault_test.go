package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"parkbff/internal/fault"
)

var unknown = fault.New("UNKNOWN_THING", "There is no such thing.")

func TestAFaultIsKnownByItsCodeHoweverItIsDressed(t *testing.T) {
	cause := errors.New("disk")
	dressed := fmt.Errorf("look it up: %w", unknown.At("name").With("retryAfter", 3).Because(cause))

	if !errors.Is(dressed, unknown) || !errors.Is(dressed, cause) || errors.Is(dressed, fault.NotFound) {
		t.Errorf("got %v", dressed)
	}
	f := fault.As(dressed)
	if f.Code() != "UNKNOWN_THING" || f.Field() != "name" || f.Details()["retryAfter"] != 3 {
		t.Errorf("got %v %q %v", f, f.Field(), f.Details())
	}
	if unknown.Field() != "" || unknown.Details() != nil {
		t.Error("dressing a fault changed the fault itself")
	}
	if fault.As(cause) != nil || fault.As(nil) != nil {
		t.Error("another error passes for a fault")
	}
}
