package server_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

func TestAConsentTakenBackHereIsFeltOnTheOtherReplicaAtOnce(t *testing.T) {
	testkit.Covers(t, "R092")
	const plate = "粤B12345"
	one, two := replicas(t)
	here, other := one.Driver("APP"), one.Driver("APP")
	car := here.Binds(plate)
	there := &servertest.Client{House: two, Token: here.Token, Mobile: here.Mobile}
	stay := idOf(one.Gate("WXC").Sees(plate, servertest.Entering, servertest.Morning))
	there.Asks(names, servertest.Vars{"id": stay}).OK().MustContain(`"lotName"`)
	live, others := there.Watches(noticed), (&servertest.Client{House: two, Token: other.Token}).Watches(noticed)

	here.Asks(withdrawConsent, agreeing("MOVEMENT_TRACK", "", car)).OK()
	eventually(t, "the stay is still seen there", func() bool {
		return strings.Contains(there.Asks(names, servertest.Vars{"id": stay}).OK().Text, `"node":null`)
	})
	one.Clock.Pass(time.Minute)
	two.Clock.Pass(time.Minute)
	one.Gate("WXC").Sees(plate, servertest.Leaving, one.Clock.Now()).OK()
	live.Quiet(200 * time.Millisecond)

	began := time.Now()
	here.Asks(withdrawConsent, agreeing("PARKING_CORE", "", "")).OK()
	live.Refused().MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"PARKING_CORE"`)
	if took := time.Since(began); took > time.Second {
		t.Errorf("the subscription there ended after %v", took)
	}
	there.Asks(ownStays).MustBeRefused("CONSENT_REQUIRED")
	others.Quiet(50 * time.Millisecond)
}

// eventually waits a second at most for word from the other replica.
func eventually(t *testing.T, otherwise string, holds func() bool) {
	t.Helper()
	for start := time.Now(); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > time.Second {
			t.Fatal(otherwise)
		}
	}
}
