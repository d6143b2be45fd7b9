package edge_test

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
)

const whoami = `{ whoami }`

func TestATokenTellsWhoIsAsking(t *testing.T) {
	h := newHouse(t)

	h.asks(whoami).is(http.StatusOK, `"whoami":"0"`)
	h.asks(whoami, "Authorization", "").is(http.StatusOK, `"whoami":"0"`)
	h.asks(whoami, "Authorization", h.tokenOf(42)).is(http.StatusOK, `"whoami":"42"`)
	h.asks(whoami, "Authorization", strings.Replace(h.tokenOf(42), "Bearer", "bearer", 1)).is(http.StatusOK, `"whoami":"42"`)
}

func TestAWrongTokenIsNeverAnonymous(t *testing.T) {
	h := newHouse(t)
	good := h.tokenOf(42)
	for name, value := range map[string]string{
		"forged": good[:len(good)-4] + "AAAA", "nonsense": "Bearer " + plate, "nothing": "Bearer", "blank": "Bearer ",
		"basic": "Basic " + plate, "without scheme": strings.TrimPrefix(good, "Bearer "), "long": "Bearer " + strings.Repeat("a", 9000),
	} {
		t.Run(name, func(t *testing.T) {
			got := h.asks(whoami, "Authorization", value).
				is(http.StatusUnauthorized, coded("UNAUTHENTICATED"), `"reason":"TOKEN_INVALID"`).hides(plate, "whoami", good[20:60])
			if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	h.asks(whoami, "Authorization", good, "Authorization", good).is(http.StatusUnauthorized, `"reason":"TOKEN_INVALID"`)
}

func TestAnExpiredTokenAsksForARefresh(t *testing.T) {
	h := newHouse(t)
	old := h.tokenOf(42)
	h.asks(whoami, "Authorization", old).is(http.StatusOK)
	h.clock.now = h.clock.now.Add(time.Hour)

	h.asks(whoami, "Authorization", old).is(http.StatusUnauthorized, coded("UNAUTHENTICATED"), `"reason":"TOKEN_EXPIRED"`)
}

func TestAViewerThatCannotBeFoundIsRefusedByReason(t *testing.T) {
	h := newHouse(t)
	for _, test := range []struct {
		err    error
		status int
		part   string
	}{
		{fault.New("SIGN_IN_ENDED", "Over."), http.StatusUnauthorized, `"reason":"SIGN_IN_ENDED"`},
		{token.Invalid, http.StatusUnauthorized, `"reason":"TOKEN_INVALID"`},
		{fmt.Errorf("%s: %w", plate, driver.ErrBadConn), http.StatusServiceUnavailable, coded("UNAVAILABLE")},
		{errors.New("no such row"), http.StatusInternalServerError, coded("INTERNAL")},
	} {
		h.viewers.err = test.err
		h.asks(whoami, "Authorization", h.tokenOf(42)).is(test.status, test.part).hides(plate)
	}
}

func TestACursorIsOfOneViewerAlone(t *testing.T) {
	h := newHouse(t)
	cursorOf := func(authorization string) string {
		body := h.asks(`{ cursor }`, "Authorization", authorization).is(http.StatusOK).body
		return strings.TrimSuffix(strings.TrimPrefix(body, `{"data":{"cursor":"`), `"}}`)
	}
	ask := func(cursor, authorization string) reply {
		return h.asks(`{ cursor(after: "`+cursor+`") }`, "Authorization", authorization)
	}
	own := cursorOf(h.tokenOf(42))

	ask(own, h.tokenOf(42)).is(http.StatusOK, `"cursor":"7"`)
	for name, other := range map[string]string{"another account": h.tokenOf(43), "nobody": ""} {
		if got := ask(own, other); strings.Contains(got.body, `"cursor":"7"`) {
			t.Errorf("%s reads on: %s", name, got.body)
		}
	}
	if own == cursorOf("") || own != cursorOf(h.tokenOf(42)) {
		t.Error("the tag does not follow the account")
	}
}

func TestAConnectionSignsInAsARequestDoes(t *testing.T) {
	h := newHouse(t)

	who, err := h.signIn.Authenticate(t.Context(), h.tokenOf(42))
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.signIn.Authenticate(t.Context(), h.tokenOf(42))
	if err != nil {
		t.Fatal(err)
	}
	if who.Subject() == "" || who.Subject() != again.Subject() || !who.ExpiresAt().Equal(h.clock.now.Add(15*time.Minute)) {
		t.Errorf("subject %q until %v", who.Subject(), who.ExpiresAt())
	}
	nobody, err := h.signIn.Authenticate(t.Context(), "")
	if err != nil || nobody.Subject() != "" || !nobody.ExpiresAt().IsZero() {
		t.Errorf("nobody is %v, %v", nobody, err)
	}
	if _, err := h.signIn.Authenticate(t.Context(), "Bearer "+plate); !errors.Is(err, token.Invalid) {
		t.Errorf("a wrong token: %v", err)
	}
	h.viewers.err = fault.New("SIGN_IN_ENDED", "Over.")
	if _, err := who.Context(t.Context()); fault.As(err) == nil {
		t.Errorf("after the sign-in ended: %v", err)
	}
}

func TestARevokedSignInReachesOpenConnections(t *testing.T) {
	h := newHouse(t)
	who, err := h.signIn.Authenticate(t.Context(), h.tokenOf(42))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-who.Ended():
		t.Error("ended before it was revoked")
	default:
	}

	close(h.endings.ended)

	<-who.Ended()
}

func TestASignInIsWatchedOnlyWhileAConnectionHoldsIt(t *testing.T) {
	h := newHouse(t)
	if _, err := h.signIn.Authenticate(t.Context(), h.tokenOf(42)); err != nil {
		t.Fatal(err)
	}

	for range 50 {
		runtime.GC()
		select {
		case <-h.endings.forgotten:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("still watched")
}
