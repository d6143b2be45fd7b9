package identity_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent/signin"
	"parkbff/internal/identity/token"
	"parkbff/internal/testkit"
)

func TestARefreshTokenIsChangedForTheNext(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		for range 3 {
			h.clock.Pass(15 * time.Minute)
			next, err := h.Refresh(t.Context(), p.tokens.Refresh)
			h.must(err)
			if next.Refresh == p.tokens.Refresh || next.Access == p.tokens.Access || next.ExpiresIn != 900 {
				t.Error("the tokens are the same")
			}
			p.tokens = next
			h.must(p.returns())
		}
	})
}

func TestATokenJustSpentIsAnsweredWithTheSameSuccessor(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		first, err := h.Refresh(t.Context(), p.tokens.Refresh)
		h.must(err)
		h.clock.Pass(10*time.Second - time.Millisecond)
		again, err := h.Refresh(t.Context(), p.tokens.Refresh)
		h.must(err)
		if again.Refresh != first.Refresh {
			t.Error("another successor")
		}
		_, err = h.Refresh(t.Context(), first.Refresh)
		h.must(err)
	})
}

func TestATokenSpentEarlierEndsTheSignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for name, spend := range map[string]func(p *person) string{
			"the predecessor after the grace": func(p *person) string {
				_, err := h.Refresh(t.Context(), p.tokens.Refresh)
				h.must(err)
				h.clock.Pass(10 * time.Second)
				return p.tokens.Refresh
			},
			"an older one within the grace": func(p *person) string {
				next, err := h.Refresh(t.Context(), p.tokens.Refresh)
				h.must(err)
				_, err = h.Refresh(t.Context(), next.Refresh)
				h.must(err)
				return p.tokens.Refresh
			},
		} {
			p := h.arrives(mobile, signin.ChannelAPP)
			ended, cancel := h.SignInEnded(p.viewer().SignInID)
			reused := spend(p)
			_, err := h.Refresh(t.Context(), reused)
			refused(t, err, token.Invalid)
			select {
			case <-ended:
			default:
				t.Errorf("%s: open sockets do not hear of it", name)
			}
			cancel()
			if err := p.returns(); err == nil {
				t.Errorf("%s: the sign-in lives on", name)
			}
		}
		if h.arrives(mobile, signin.ChannelH5).viewer().Follows() {
			t.Error("a stolen sign-in goes on following")
		}
	})
}

func TestRefreshesAtOnceAgree(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		got := make([]string, 8)
		for _, err := range atOnce(8, func(i int) error {
			tokens, err := h.Refresh(t.Context(), p.tokens.Refresh)
			got[i] = tokens.Refresh
			return err
		}) {
			h.must(err)
		}
		if slices.Sort(got); got[0] != got[7] {
			t.Error("two successors of one token")
		}
	})
}

func TestWhatIsNoRefreshTokenEndsNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		_, own, _ := strings.Cut(p.tokens.Refresh, ".")
		for _, text := range []string{"", ".", "x", "x.y", own, "." + own, p.tokens.Access, strings.Repeat("a", 1<<20)} {
			_, err := h.Refresh(t.Context(), text)
			refused(t, err, token.Invalid)
		}
		h.must(p.returns())
	})
}

// A model of the rule: the newest token rotates, its predecessor repeats within ten seconds, all others of
// the family end it, and after the end nothing is good.
func TestRefreshTokensFollowTheModel(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	number := 0
	rapid.Check(t, func(rt *rapid.T) {
		number++
		h.clock.Pass(24 * time.Hour)
		p := h.arrives("1380013"+fourDigits(number), signin.ChannelAPP)
		family, rotated, ended := []string{p.tokens.Refresh}, h.clock.Now(), false
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			h.clock.Pass(time.Duration(rapid.IntRange(0, 12).Draw(rt, "seconds")) * time.Second)
			shown := rapid.IntRange(max(0, len(family)-3), len(family)-1).Draw(rt, "shown")
			tokens, err := h.Refresh(t.Context(), family[shown])
			newest := len(family) - 1
			switch {
			case !ended && shown == newest:
				h.must(err)
				family, rotated = append(family, tokens.Refresh), h.clock.Now()
			case !ended && shown == newest-1 && h.clock.Now().Sub(rotated) < 10*time.Second:
				h.must(err)
				if tokens.Refresh != family[newest] {
					rt.Fatal("another successor")
				}
			default:
				ended = true
				refused(t, err, token.Invalid)
			}
			if err := p.returns(); (err != nil) != ended {
				rt.Fatalf("ended %v, viewer %v", ended, err)
			}
		}
	})
}

func fourDigits(n int) string {
	const digits = "0123456789"
	return string([]byte{digits[n/1000%10], digits[n/100%10], digits[n/10%10], digits[n%10]})
}
