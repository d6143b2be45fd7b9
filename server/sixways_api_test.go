package server_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// somebody is a person as platforms and carriers know them.
type somebody struct{ name, mobile string }

// scene is a house in which mallory wants to be who.
type scene struct {
	*servertest.House
	who, mallory somebody
}

// stage is a scene of two persons whom the house has never seen.
func stage(t *testing.T, h *servertest.House, number int) scene {
	here := *h
	here.T = t
	return scene{
		&here,
		somebody{fmt.Sprintf("alice-%03d", number), fmt.Sprintf("1381234%04d", number)},
		somebody{fmt.Sprintf("mallo-%03d", number), fmt.Sprintf("1371234%04d", number)},
	}
}

// entry is one try of signing in: an operation whose answer is called "entered", and its input.
type entry struct {
	operation string
	in        servertest.Vars
}

// with is the same try with another value.
func (e entry) with(field string, value any) entry {
	in := maps.Clone(e.in)
	in[field] = value
	return entry{e.operation, in}
}

func (s scene) tries(e entry) *servertest.Answer {
	s.T.Helper()
	return s.Anonymous().Asks(e.operation, servertest.Vars{"in": e.in})
}

// enters signs somebody in and answers the account's id.
func (s scene) enters(e entry) string {
	s.T.Helper()
	return s.tries(e).OK().String("entered.viewer.account.id")
}

// used is a good try that was made before.
func (s scene) used(e entry) entry {
	s.T.Helper()
	s.tries(e).OK()
	return e
}

// late is a good try, five minutes too late.
func (s scene) late(e entry) entry {
	s.Clock.Pass(5 * time.Minute)
	return e
}

// written counts what a refused try must not have written.
func (s scene) written() string {
	ctx := s.AsSystem()
	db := s.Store.Client(ctx)
	return fmt.Sprint("accounts ", db.Account.Query().CountX(ctx), " consents ", db.Consent.Query().CountX(ctx),
		" links ", db.LinkedAccount.Query().CountX(ctx), " channels ", db.ChannelLink.Query().CountX(ctx),
		" sign-ins ", db.SignIn.Query().CountX(ctx))
}

// refuses fails unless a try is refused as told, nothing is written and nothing shown is repeated.
func (s scene) refuses(e entry, as string) *servertest.Answer {
	s.T.Helper()
	before := s.written()
	got := s.tries(e).MustNotContain(`"accessToken":"`, `"REGISTERED"`, s.who.name, s.who.mobile, s.mallory.name, s.mallory.mobile)
	code, field, _ := strings.Cut(as, " at ")
	got.MustBeRefused(code).MustContain(`"field":"` + field + `"`)
	for _, shown := range secretsOf(e.in) {
		got.MustNotContain(shown)
	}
	if after := s.written(); after != before {
		s.T.Errorf("a refused try has written something: %s, before %s", after, before)
	}
	return got
}

// secretsOf are what a client shows in the hope of being let in.
func secretsOf(in map[string]any) (all []string) {
	for field, value := range in {
		switch value := value.(type) {
		case servertest.Vars:
			all = append(all, secretsOf(value)...)
		case string:
			if field != "channel" && field != "carrier" && value != "" {
				all = append(all, value)
			}
		}
	}
	return all
}

// forged is a code that a stand-in gave mallory, made to speak of another; its signature is as it was.
func forged(code, own, others string) string {
	body, signature, _ := strings.Cut(code, ".")
	said, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || !strings.Contains(string(said), own) {
		panic("the stand-ins' codes have changed: forge them as they are now")
	}
	said = []byte(strings.ReplaceAll(string(said), own, others))
	return base64.RawURLEncoding.EncodeToString(said) + "." + signature
}

// What can be wrong with a try, the columns of the table.
const (
	isForged     = "forged"
	isReplayed   = "replayed"
	isExpired    = "expired"
	isOfOtherApp = "wrong app"
	isOutOfTurn  = "wrong state"
)

var wrongs = []string{isForged, isReplayed, isExpired, isOfOtherApp, isOutOfTurn}

// way is a way of signing in: what is good there, and what is not.
type way struct {
	name   string
	known  func(s scene, who somebody) // before a way on which nobody comes for the first time; or nil
	good   func(s scene, who somebody) entry
	trials []trial
}

// trial is one try that is refused "CODE at field". What is checked here, and not by the partner, no partner
// can let through.
type trial struct {
	wrong, what string
	shown       func(s scene) entry
	refused     string
	here        bool
}

// wait has whoever needs it known here.
func (w way) wait(s scene) {
	if w.known != nil {
		w.known(s, s.who)
	}
}

func TestSixWaysIn(t *testing.T) {
	testkit.Covers(t, "R058", "R084")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		var table strings.Builder
		out := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
		fmt.Fprintln(out, "\nway\tgood\t"+strings.Join(wrongs, "\t"))
		number := 0
		next := func(t *testing.T) scene {
			number++
			return stage(t, h, number)
		}
		for _, w := range sixWays() {
			cells := map[string]int{}
			good := t.Run(w.name+"/good", func(t *testing.T) { w.mustLetIn(next(t)) })
			alike := map[string]*servertest.Answer{}
			for _, bad := range w.trials {
				if t.Run(w.name+"/"+bad.wrong+"/"+bad.what, func(t *testing.T) {
					s := next(t)
					w.wait(s)
					got := s.refuses(bad.shown(s), bad.refused)
					if t.Failed() {
						return
					}
					if first := alike[bad.refused]; first != nil {
						mustBeEqual(t, "what is wrong is not told", first, got)
					}
					alike[bad.refused] = got
				}) {
					cells[bad.wrong]++
				}
			}
			fmt.Fprintf(out, "%s\t%v\t%s\n", w.name, map[bool]string{true: "in", false: "NOT IN"}[good], w.row(cells))
		}
		if err := out.Flush(); err != nil {
			t.Fatal(err)
		}
		t.Log(table.String())
	})
}

// mustLetIn fails unless a good try signs in to the account of the mobile.
func (w way) mustLetIn(s scene) {
	s.T.Helper()
	w.wait(s)
	account := s.enters(w.good(s, s.who))
	s.Clock.Pass(61 * time.Second)
	if own := s.ownAccount(s.who); account != own {
		s.T.Error("signed in to another account than the mobile's")
	}
}

// ownAccount is the account of somebody who proves the mobile by a code.
func (s scene) ownAccount(who somebody) string {
	s.T.Helper()
	return s.SignIn(who.mobile, "H5").Asks(`{ viewer { account { id } } }`).OK().String("viewer.account.id")
}

// row says of each wrong how many of its trials were refused.
func (w way) row(refused map[string]int) string {
	tried := map[string]int{}
	for _, bad := range w.trials {
		tried[bad.wrong]++
	}
	cells := make([]string, len(wrongs))
	for i, wrong := range wrongs {
		switch n := tried[wrong]; {
		case n == 0:
			cells[i] = "NOT TRIED"
		case refused[wrong] < n:
			cells[i] = fmt.Sprintf("LET IN %d of %d", n-refused[wrong], n)
		default:
			cells[i] = fmt.Sprintf("refused %d of %d", n, n)
		}
	}
	return strings.Join(cells, "\t")
}

func TestEveryWayIsTriedWithEveryWrong(t *testing.T) {
	for _, w := range sixWays() {
		for _, cell := range strings.Split(w.row(nil), "\t") {
			if cell == "NOT TRIED" {
				t.Errorf("%s: something is not tried", w.name)
			}
		}
	}
}

// What keeps forgeries out is the check of signatures: without it the same tries sign mallory in as somebody
// else. What this house checks itself is refused as before.
func TestWithoutTheStandInsChecksForgeriesGetIn(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.Partners.Wechat.Lenient()
		h.Partners.Alipay.Lenient()
		h.Partners.OneClickNumbers.Lenient()
		number := 0
		for _, w := range sixWays() {
			for _, bad := range w.trials {
				if bad.wrong != isForged {
					continue
				}
				number++
				t.Run(w.name+"/"+bad.what, func(t *testing.T) {
					s := stage(t, h, number)
					w.wait(s)
					shown := bad.shown(s)
					if bad.here {
						s.refuses(shown, bad.refused)
						return
					}
					account := s.enters(shown)
					s.Clock.Pass(61 * time.Second)
					if account != s.ownAccount(s.who) {
						t.Error("the forgery was taken, and for whom it was not made")
					}
				})
			}
		}
	})
}
