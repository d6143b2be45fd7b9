package server_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// codeTrial is one purpose of codes: how a code for it is come by, and where it is good.
type codeTrial struct {
	purpose, said string // said stands in its text and in no other
	sends         func(s codeScene) string
	tries         func(s codeScene, code string) *servertest.Answer
	passes        string // the code of what comes after a right code, where that is not the whole answer
}

// codeScene is somebody with a mobile, and somebody else who has an account of their own.
type codeScene struct {
	*servertest.House
	holder, other *servertest.Client
}

func askedFor(purpose string) func(codeScene) string {
	return func(s codeScene) string { return s.CodeFor(purpose, s.holder.Mobile) }
}

// aboutHolder asks, as the other, about the holder's mobile.
func (s codeScene) aboutHolder(operation, code string) *servertest.Answer {
	return s.other.Asks(operation, servertest.Vars{"m": s.holder.Mobile, "c": code})
}

var codeTrials = []codeTrial{
	{
		purpose: "LOGIN", said: "登录", sends: askedFor("LOGIN"),
		tries: func(s codeScene, code string) *servertest.Answer {
			in := servertest.Vars{"mobile": s.holder.Mobile, "code": code, "channel": "H5"}
			return s.Anonymous().Asks(signIn, servertest.Vars{"in": in})
		},
	},
	{
		purpose: "STEP_UP", said: "重要操作",
		sends: func(s codeScene) string {
			s.holder.Asks(sendStepUp).OK()
			return s.SentCode(s.holder.Mobile)
		},
		tries: func(s codeScene, code string) *servertest.Answer {
			return s.holder.Asks(stepUp, servertest.Vars{"c": code})
		},
	},
	{
		purpose: "MERGE", said: "并入", sends: askedFor("MERGE"),
		tries: func(s codeScene, code string) *servertest.Answer { return s.aboutHolder(merge, code) },
	},
	{
		purpose: "CHANGE_MOBILE", said: "更换为", sends: askedFor("CHANGE_MOBILE"), passes: "MOBILE_TAKEN",
		tries: func(s codeScene, code string) *servertest.Answer { return s.aboutHolder(changeMobile, code) },
	},
	{
		purpose: "GUARDIAN_CONSENT", said: "监护人", sends: askedFor("GUARDIAN_CONSENT"),
		tries: func(s codeScene, code string) *servertest.Answer { return s.aboutHolder(giveConsent, code) },
	},
}

// codeSceneIn lets a holder and another in, young enough for what asks for a second factor.
func codeSceneIn(h *servertest.House) codeScene {
	s := codeScene{House: h, holder: h.Driver("APP"), other: h.Driver("APP")}
	h.Clock.Pass(61 * time.Second)
	return s
}

func TestACodeIsGoodForItsPurposeAloneAndItsTextSaysWhich(t *testing.T) {
	testkit.Covers(t, "R061", "R141")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for _, sent := range codeTrials {
			s := codeSceneIn(h)
			code := sent.sends(s)
			text := h.Sent(s.holder.Mobile).Text
			for _, at := range codeTrials {
				if strings.Contains(text, at.said) != (at.purpose == sent.purpose) || !strings.Contains(text, code) {
					t.Errorf("a code for %s comes as %q", sent.purpose, text)
				}
				if at.purpose == sent.purpose {
					continue
				}
				at.tries(s, code).MustBeRefused("CODE_INVALID").MustNotContain(code)
			}
			if got := sent.tries(s, code); sent.passes == "" {
				got.OK() // the four tries elsewhere have not used it up
			} else {
				got.MustBeRefused(sent.passes)
			}
		}
	})
}

func TestAWrongPurposeIsAGuessAndPurposesShareTheLimits(t *testing.T) {
	testkit.Covers(t, "R086")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const mobile = "13900009999" // of nobody
		child := h.Driver("APP")
		consents := func(code string) *servertest.Answer {
			return child.Asks(giveConsent, servertest.Vars{"m": mobile, "c": code})
		}
		for _, purpose := range []string{"LOGIN", "MERGE", "CHANGE_MOBILE"} {
			h.Clock.Pass(61 * time.Second)
			code := h.CodeFor(purpose, mobile)
			for _, other := range []string{"LOGIN", "MERGE", "CHANGE_MOBILE", "GUARDIAN_CONSENT"} {
				ask := servertest.Vars{"in": servertest.Vars{"mobile": mobile, "purpose": other}}
				h.Anonymous().Asks(sendCodeFor, ask).MustBeRefused("RATE_LIMITED").MustContain(`"retryAfter":60`)
			}
			mustBeEqual(t, "a code for "+purpose, consents(code), consents(wrongCode(code)))
			for range 3 {
				consents(code).MustBeRefused("CODE_INVALID")
			}
		}
		h.Clock.Pass(61 * time.Second)
		consents("000000").MustBeRefused("RATE_LIMITED").MustContain(`"retryAfter":3539`)
		h.Officer().Asks(riskEvents).OK().MustContain(`"kind":"CODE_GUESSED","outcome":"BLOCKED"`).MustNotContain(mobile)

		h.Clock.Pass(time.Hour)
		for i := range 7 { // ten with those three
			h.CodeFor([]string{"GUARDIAN_CONSENT", "LOGIN"}[i%2], mobile)
			h.Clock.Pass(61 * time.Second)
		}
		h.Anonymous().Asks(sendCode, servertest.Vars{"m": mobile}).MustBeRefused("RATE_LIMITED")
	})
}

func TestOnlyTheAccountItselfAsksForItsSecondFactor(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		h.Clock.Pass(61 * time.Second)
		for _, who := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), driver} {
			ask := servertest.Vars{"in": servertest.Vars{"mobile": driver.Mobile, "purpose": "STEP_UP"}}
			if got := who.Asks(sendCodeFor, ask); len(got.Codes()) == 0 {
				t.Errorf("a code is sent: %s", got.Text)
			}
		}
		driver.Asks(sendStepUp).OK() // none of them was sent, or it would be too soon
	})
}
