package server_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/identity/token"
	"parkbff/server/servertest"
)

const refreshing = `mutation($t: String!) { refreshToken(input: {refreshToken: $t}) { accessToken refreshToken userErrors { code } } }`

// signed is a token that the house itself would make of the claims.
func signed(h *servertest.House, c token.Claims) string {
	h.T.Helper()
	if c.ExpiresAt.IsZero() {
		c.ExpiresAt = h.Clock.Now().Add(15 * time.Minute)
	}
	raw, err := h.Tokens.Issue(c)
	if err != nil {
		h.T.Fatal(err)
	}
	return raw
}

// TestAGoodSignatureIsNotEnough shows tokens of the house's own key that stand for nobody (RFC 8725
// sections 3.8 to 3.12).
func TestAGoodSignatureIsNotEnough(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver, other, gate, staff := h.Driver("APP"), h.Driver("APP"), h.Gate("WXC"), h.Staff("WXC")
		claims := func(c *servertest.Client) token.Claims {
			read, err := h.Tokens.Verify(c.Token)
			if err != nil {
				t.Fatal(err)
			}
			return read
		}
		mine, theirs, machine, member := claims(driver), claims(other), claims(gate.Client), claims(staff)
		now := h.Clock.Now()
		for name, bad := range map[string]struct {
			claims token.Claims
			reason string
		}{
			"another's sign-in":             {token.Claims{Use: token.Access, Subject: mine.Subject, SignIn: theirs.SignIn}, "SIGN_IN_ENDED"},
			"no sign-in":                    {token.Claims{Use: token.Access, Subject: mine.Subject}, "SIGN_IN_ENDED"},
			"a sign-in to come":             {token.Claims{Use: token.Access, Subject: mine.Subject, SignIn: 1 << 40}, "SIGN_IN_ENDED"},
			"no such account":               {token.Claims{Use: token.Access, Subject: 1 << 40, SignIn: mine.SignIn}, "SIGN_IN_ENDED"},
			"a gate's row as an account":    {token.Claims{Use: token.Access, Subject: 1 << 41, SignIn: machine.SignIn}, "SIGN_IN_ENDED"},
			"no such gate":                  {token.Claims{Use: token.Gate, Subject: 1 << 40, SignIn: 1}, "TOKEN_INVALID"},
			"a gate's generation to come":   {token.Claims{Use: token.Gate, Subject: machine.Subject, SignIn: machine.SignIn + 1}, "TOKEN_INVALID"},
			"a gate without a generation":   {token.Claims{Use: token.Gate, Subject: machine.Subject}, "TOKEN_INVALID"},
			"no such member of staff":       {token.Claims{Use: token.Staff, Subject: 1 << 40, SignIn: 1}, "TOKEN_INVALID"},
			"staff without a generation":    {token.Claims{Use: token.Staff, Subject: member.Subject}, "TOKEN_INVALID"},
			"staff's generation to come":    {token.Claims{Use: token.Staff, Subject: member.Subject, SignIn: member.SignIn + 1}, "TOKEN_INVALID"},
			"an end a minute ago":           {token.Claims{Use: token.Access, Subject: mine.Subject, SignIn: mine.SignIn, IssuedAt: now.Add(-time.Hour), ExpiresAt: now.Add(-time.Minute)}, "TOKEN_EXPIRED"},
			"a beginning in a minute":       {token.Claims{Use: token.Access, Subject: mine.Subject, SignIn: mine.SignIn, IssuedAt: now.Add(time.Minute)}, "TOKEN_INVALID"},
			"the end of a gate's long life": {token.Claims{Use: token.Gate, Subject: machine.Subject, SignIn: machine.SignIn, IssuedAt: now.Add(-time.Hour), ExpiresAt: now.Add(-31 * time.Second)}, "TOKEN_EXPIRED"},
		} {
			t.Run(name, func(t *testing.T) {
				h.With(signed(h, bad.claims)).Asks(facts).MustBeRefused("UNAUTHENTICATED").
					MustContain(`"reason":"`+bad.reason+`"`).MustNotContain("tier", "REGISTERED")
			})
		}
		skewed := mine
		skewed.IssuedAt, skewed.ExpiresAt = now.Add(29*time.Second), now.Add(time.Hour)
		h.With(signed(h, skewed)).Asks(facts).OK()
	})
}

func TestATokenOfOneKindDoesNothingOfAnother(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver, gate, staff := h.Driver("APP"), h.Gate("WXC"), h.Staff("WXC")
		bind, order := binding("粤B12345", "", true), command("k", "OPEN", "")
		report := servertest.Vars{"in": gate.Report("粤B12345", servertest.Entering, h.Clock.Now())}
		for name, answer := range map[string]*servertest.Answer{
			"a gate binds a plate":         gate.Asks(bindPlate, bind),
			"a gate lists risks":           gate.Asks(riskEvents),
			"a gate steps up":              gate.Asks(sendStepUp),
			"a gate opens its own barrier": gate.Asks(sendCommand, order),
			"staff bind a plate":           staff.Asks(bindPlate, bind),
			"staff report a car":           staff.Asks(servertest.RecordObservation, report),
			"staff rotate a gate's token":  staff.Asks(rotate),
			"a driver reports a car":       driver.Asks(servertest.RecordObservation, report),
			"a driver opens a barrier":     driver.Asks(sendCommand, order),
			"a driver rotates a token":     driver.Asks(rotate),
		} {
			t.Run(name, func(t *testing.T) { answer.MustBeRefused("FORBIDDEN").MustNotContain("12345") })
		}
		for name, raw := range map[string]string{"a gate's": gate.Token, "staff's": staff.Token, "an access token": driver.Token} {
			t.Run("refreshing with "+name, func(t *testing.T) {
				h.Anonymous().Asks(refreshing, servertest.Vars{"t": raw}).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"TOKEN_INVALID"`)
			})
		}
		h.With(driver.Refresh).Asks(facts).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"TOKEN_INVALID"`)
	})
}

// TestARefreshTokenIsGoodOnceAndForItsOwnSignIn follows RFC 9700 section 4.14.2.
func TestARefreshTokenIsGoodOnceAndForItsOwnSignIn(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const logout = `mutation { logout { userErrors { code } } }`
		refreshes := func(raw string) *servertest.Answer {
			return h.Anonymous().Asks(refreshing, servertest.Vars{"t": raw})
		}
		halves := func(c *servertest.Client) (family, own string) {
			family, own, _ = strings.Cut(c.Refresh, ".")
			return family, own
		}
		for name, stage := range map[string]func() (shown string, signIn *servertest.Client){
			"spent and replaced": func() (string, *servertest.Client) {
				c := h.Driver("APP")
				next := c.Refreshes()
				h.Clock.Pass(11 * time.Second)
				return c.Refresh, next
			},
			"spent twice over": func() (string, *servertest.Client) {
				c := h.Driver("APP")
				next := c.Refreshes().Refreshes()
				return c.Refresh, next // within the grace, but not the one before the newest
			},
			"after logging out": func() (string, *servertest.Client) {
				c := h.Driver("APP")
				c.Asks(logout).OK()
				return c.Refresh, c
			},
			"of a forgotten device": func() (string, *servertest.Client) {
				c := h.Driver("APP")
				id := c.Asks(devices).OK().String("viewer.account.devices.edges.0.node.id")
				c.Asks(forgetDevice, servertest.Vars{"id": id}).OK()
				return c.Refresh, c
			},
			"of a family with a made-up secret": func() (string, *servertest.Client) {
				c := h.Driver("APP")
				family, _ := halves(c)
				return family + "." + strings.Repeat("A", 43), c
			},
			"of one family with another's secret": func() (string, *servertest.Client) {
				c, other := h.Driver("APP"), h.Driver("APP")
				family, _ := halves(c)
				_, own := halves(other)
				return family + "." + own, c
			},
		} {
			t.Run(name, func(t *testing.T) {
				shown, signIn := stage()
				refreshes(shown).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"TOKEN_INVALID"`, `"data":{"refreshToken":null}`).MustNotContain(shown)
				signIn.Asks(facts).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"SIGN_IN_ENDED"`)
				refreshes(signIn.Refresh).MustBeRefused("UNAUTHENTICATED")
			})
		}
		for name, change := range map[string]func(raw string) string{
			"nothing": func(string) string { return "" }, "a dot": func(string) string { return "." },
			"cut short":        func(raw string) string { return raw[:len(raw)-1] },
			"without a family": func(raw string) string { return raw[strings.IndexByte(raw, '.'):] },
			"in capitals":      strings.ToUpper, "with a blank": func(raw string) string { return raw + " " },
			"oversized": func(raw string) string { return raw + strings.Repeat("A", 100_000) },
			"SQL":       func(string) string { return "' OR '1'='1.x" },
		} {
			t.Run(name, func(t *testing.T) {
				refreshes(change(h.Driver("APP").Refresh)).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"TOKEN_INVALID"`)
			})
		}
		t.Run("the one before the newest, within the grace", func(t *testing.T) {
			c := h.Driver("APP")
			next := c.Refreshes()
			if again := c.Refreshes(); again.Refresh != next.Refresh {
				t.Error("an app whose answer was lost gets another token")
			}
			next.Asks(facts).OK()
		})
		t.Run("after sixty days", func(t *testing.T) {
			c := h.Driver("APP")
			h.Clock.Pass(60 * 24 * time.Hour)
			refreshes(c.Refresh).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"TOKEN_INVALID"`)
		})
	})
}
