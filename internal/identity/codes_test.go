package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/viewer"
)

const mobile = "13800138000"

func TestACodeSignsInOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		code := h.code(mobile)
		_, err := h.SignIn(t.Context(), identity.Login{Mobile: "+86 138-0013-8000", Code: code, Channel: signin.ChannelH5})
		h.must(err)
		_, err = h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: code, Channel: signin.ChannelH5})
		refused(t, err, identity.CodeInvalid)
	})
}

func TestFiveWrongAttemptsVoidACode(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		code := h.code(mobile)
		for range 5 {
			_, err := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: wrong(code), Channel: signin.ChannelH5})
			refused(t, err, identity.CodeInvalid)
		}
		_, err := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: code, Channel: signin.ChannelH5})
		refused(t, err, identity.CodeInvalid)

		_, err = h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: h.code(mobile), Channel: signin.ChannelH5})
		h.must(err)
	})
}

func TestACodeIsGoodForFiveMinutesAndUntilTheNext(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		old := h.code(mobile)
		h.clock.Pass(5 * time.Minute)
		_, err := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: old, Channel: signin.ChannelH5})
		refused(t, err, identity.CodeInvalid)

		first := h.code(mobile)
		second := h.code(mobile)
		if first != second {
			_, err = h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: first, Channel: signin.ChannelH5})
			refused(t, err, identity.CodeInvalid)
		}
		h.clock.Pass(5*time.Minute - time.Second)
		_, err = h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: second, Channel: signin.ChannelH5})
		h.must(err)
	})
}

func TestACodeIsForOneMobile(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		code := h.code(mobile)
		h.code("13900139000")
		if code != h.sent("13900139000") {
			_, err := h.SignIn(t.Context(), identity.Login{Mobile: "13900139000", Code: code, Channel: signin.ChannelH5})
			refused(t, err, identity.CodeInvalid)
		}
		_, err := h.SignIn(t.Context(), identity.Login{Mobile: "13700137000", Code: code, Channel: signin.ChannelH5})
		refused(t, err, identity.CodeInvalid)
	})
}

func TestCodesAreSentOnceAMinuteAndTenTimesADay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for range 10 {
			h.code(mobile)
			_, err := h.SendCode(t.Context(), mobile, identity.CodeForLogin)
			refused(t, err, fault.RateLimited)
			if wait, ok := fault.As(err).Details()["retryAfter"].(int); !ok || wait < 60 {
				t.Fatalf("retry after %d", wait)
			}
		}
		h.clock.Pass(time.Hour)
		_, err := h.SendCode(t.Context(), mobile, identity.CodeForLogin)
		refused(t, err, fault.RateLimited)
		if wait := fault.As(err).Details()["retryAfter"]; wait != int((23*time.Hour-9*time.Minute)/time.Second) {
			t.Errorf("retry after %v", wait)
		}
		h.code("13900139000") // others are not concerned

		h.clock.Pass(24 * time.Hour)
		h.code(mobile)
	})
}

func TestTwoCodesAskedForAtOnceAreOne(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		errs := atOnce(6, func(int) error {
			_, err := h.SendCode(t.Context(), mobile, identity.CodeForLogin)
			return err
		})
		if n := successes(errs); n != 1 {
			t.Errorf("%d codes were sent: %v", n, errs)
		}
	})
}

func TestTheAnswerToAskingForACodeDoesNotTellOfAnAccount(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.arrives(mobile, signin.ChannelAPP)
		h.clock.Pass(time.Minute)
		for _, m := range []string{mobile, "13900139000"} {
			if seconds, err := h.SendCode(t.Context(), m, identity.CodeForLogin); seconds != 300 || err != nil {
				t.Errorf("%d, %v", seconds, err)
			}
			_, err := h.SignIn(t.Context(), identity.Login{Mobile: m, Code: wrong(h.sent(m)), Channel: signin.ChannelH5})
			if fault.As(err).Error() != identity.CodeInvalid.Error() {
				t.Error(err)
			}
		}
	})
}

func TestNonsenseIsRefusedBeforeAnythingIsSent(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		_, err := h.SendCode(t.Context(), "12345", identity.CodeForLogin)
		refused(t, err, cnid.InvalidMobile)
		if fault.As(err).Field() != "mobile" {
			t.Error("the field is not named")
		}
		_, err = h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: "", Channel: signin.Channel("FAX")})
		refused(t, err, fault.BadInput)
		_, err = h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: "", Channel: signin.ChannelH5})
		refused(t, err, identity.CodeInvalid)
	})
}

// deaf is a partner that is away.
type deaf struct{}

func (deaf) SendCode(context.Context, cnid.Mobile, identity.CodePurpose, string) error {
	return fault.Unavailable.Because(errors.New("away"))
}

func TestAnAbsentPartnerIsSaidSo(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.config.SMS = deaf{}
		s, err := identity.New(h.config)
		h.must(err)
		_, err = s.SendCode(t.Context(), mobile, identity.CodeForLogin)
		refused(t, err, fault.Unavailable)
	})
}

func TestCodesThatNoLimitLooksAtAreForgottenWhoeverAskedForThem(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.code(mobile)
		h.clock.Pass(23*time.Hour + 59*time.Minute)
		kept := h.code("13900139000")
		h.must(h.ForgetCodes(t.Context()))
		h.system(func(ctx context.Context, tx *ent.Tx) {
			if n := tx.LoginCode.Query().CountX(ctx); n != 1 {
				t.Errorf("%d codes are kept", n)
			}
		})
		_, err := h.SignIn(viewer.With(t.Context(), viewer.Nobody()), identity.Login{Mobile: "13900139000", Code: kept, Channel: signin.ChannelAPP})
		h.must(err)
	})
}

func TestTheTextOfACodeSaysWhatItIsForAndHowLongItIsGood(t *testing.T) {
	seen := map[string]identity.CodePurpose{}
	for purpose, text := range identity.CodeTexts() {
		if strings.Count(text, "${code}") != 1 || !strings.Contains(text, "5分钟") {
			t.Errorf("%s: %s", purpose, text)
		}
		if other, said := seen[text]; said {
			t.Errorf("%s is said in the words of %s", purpose, other)
		}
		seen[text] = purpose
	}
}

func TestAWrongPurposeIsAWrongGuessAndLeavesTheCodeGood(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		login := func(code string) error {
			_, err := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: code, Channel: signin.ChannelH5})
			return err
		}
		h.clock.Pass(time.Minute)
		_, err := h.SendStepUpCode(p.ctx)
		h.must(err)
		code := h.sent(mobile)
		for range 4 {
			refused(t, login(code), identity.CodeInvalid)
		}
		_, err = h.StepUp(p.ctx, code)
		h.must(err)

		for range 2 {
			code = h.codeFor(identity.CodeForMerge, mobile)
			for range 5 {
				refused(t, login(code), identity.CodeInvalid)
			}
		}
		h.code(mobile)
		refused(t, h.MergeAccounts(h.arrives("13900139000", signin.ChannelAPP).ctx, mobile, h.sent(mobile)), identity.CodeInvalid)
		mustWait(t, login(h.sent(mobile)), time.Hour) // four, ten and one
	})
}
