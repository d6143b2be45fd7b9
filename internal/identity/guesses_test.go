package identity_test

import (
	"context"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/riskevent"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
)

// noted are the outcomes of the risks of a kind, in the order in which they were noted.
func (h *house) noted(kind riskevent.Kind) []riskevent.Outcome {
	h.t.Helper()
	outcomes := []riskevent.Outcome{}
	h.system(func(ctx context.Context, tx *ent.Tx) {
		for _, e := range tx.RiskEvent.Query().Where(riskevent.KindEQ(kind)).Order(riskevent.ByID()).AllX(ctx) {
			outcomes = append(outcomes, e.Outcome)
		}
	})
	return outcomes
}

// guesses tries a wrong code for a mobile, so often.
func (h *house) guesses(mobile string, times int) {
	h.t.Helper()
	for range times {
		_, err := h.SignIn(h.t.Context(), identity.Login{Mobile: mobile, Code: wrong(h.sent(mobile)), Channel: signin.ChannelH5})
		refused(h.t, err, identity.CodeInvalid)
	}
}

// guessedOut locks a mobile by fifteen wrong attempts at three codes.
func (h *house) guessedOut(mobile string) {
	h.t.Helper()
	for range 3 {
		h.code(mobile)
		h.guesses(mobile, 5)
	}
}

func TestFifteenWrongCodesLockTheMobileForAnHour(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.arrives(mobile, signin.ChannelAPP)
		for _, m := range []string{mobile, "13900139000"} { // of an account, and of none
			h.guessedOut(m)
			in := identity.Login{Mobile: m, Code: h.sent(m), Channel: signin.ChannelH5}
			for wait := time.Hour; wait > 0; wait -= 20 * time.Minute {
				_, err := h.SignIn(t.Context(), in)
				mustWait(t, err, wait)
				_, err = h.SendCode(t.Context(), m, identity.CodeForLogin)
				mustWait(t, err, wait)
				if m == mobile {
					_, err = h.StepUp(owner.ctx, in.Code)
					mustWait(t, err, wait)
					_, err = h.SendStepUpCode(owner.ctx)
					mustWait(t, err, wait)
				}
				h.clock.Pass(20 * time.Minute)
			}
			in.Code = h.code(m)
			_, err := h.SignIn(t.Context(), in)
			h.must(err)
		}
		if got := h.noted(riskevent.KindCODE_GUESSED); len(got) != 2 || got[0] != riskevent.OutcomeBLOCKED {
			t.Errorf("noted %v", got)
		}
	})
}

func mustWait(t *testing.T, err error, want time.Duration) {
	t.Helper()
	refused(t, err, fault.RateLimited)
	if got := fault.As(err).Details()["retryAfter"]; got != int(want/time.Second) {
		t.Errorf("retry after %v seconds, want %v", got, want)
	}
}

func TestTheRightCodeIsTakenAfterFourteenWrongOnes(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, times := range []int{5, 5, 4} {
			h.code(mobile)
			h.guesses(mobile, times)
		}
		_, err := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: h.sent(mobile), Channel: signin.ChannelH5})
		h.must(err)
		h.code(mobile)
		h.guesses(mobile, 1) // the fifteenth of the day
		_, err = h.SendCode(t.Context(), mobile, identity.CodeForLogin)
		mustWait(t, err, time.Hour)
	})
}

func TestWrongCodesOfYesterdayAndThoseThatLockedAreNotCountedAgain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for range 2 {
			h.code(mobile)
			h.guesses(mobile, 5)
		}
		h.clock.Pass(24 * time.Hour)
		h.guessedOut(mobile)
		h.clock.Pass(time.Hour)
		h.code(mobile)
		h.guesses(mobile, 5)
		h.code(mobile) // five since the lock: not locked
	})
}

func TestWrongCodesTriedAtOnceAreAllCounted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for range 3 {
			code := h.code(mobile)
			atOnce(8, func(int) error {
				_, err := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: wrong(code), Channel: signin.ChannelH5})
				return err
			})
		}
		_, err := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: h.sent(mobile), Channel: signin.ChannelH5})
		mustWait(t, err, time.Hour)
		if got := h.noted(riskevent.KindCODE_GUESSED); len(got) != 1 {
			t.Errorf("noted %v", got)
		}
	})
}
