package wechat_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
	"parkbff/internal/partner/sandbox/trouble"
	sandbox "parkbff/internal/partner/sandbox/wechat"
	"parkbff/internal/partner/wechat"
)

var (
	exited = message.Template{ID: "tmpl-exited", Page: "pages/notices", Fields: map[string]message.Part{
		"thing1": message.LotName, "thing2": message.Plate, "thing3": message.Time, "amount4": message.Fee, "thing5": message.Title,
	}}
	words = message.Words{
		message.LotName: "万**停车场", message.Plate: "粤B***45", message.Time: "2026年11月21日 晚间", message.Fee: "12.50", message.Title: "车辆出场",
	}
)

// newReader is a world in which alice reads messages of the mini-program.
func newReader(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t)
	w.Approve(mini, exited.ID, "thing1", "thing2", "thing3", "amount4", "thing5")
	return w, w.OpenID("alice", mini)
}

func TestAMessageReachesWhoAcceptedItOnceForEachTime(t *testing.T) {
	w, alice := newReader(t)
	if err := w.mini.Send(t.Context(), alice, exited, words); !errors.Is(err, message.Quota) || message.Again(err) {
		t.Errorf("before any acceptance: %v", err)
	}
	w.Accept(alice, exited.ID)
	w.Accept(alice, exited.ID)
	for range 2 {
		if err := w.mini.Send(t.Context(), alice, exited, words); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.mini.Send(t.Context(), alice, exited, words); !errors.Is(err, message.Quota) {
		t.Errorf("a third time: %v", err)
	}
	want := sandbox.Message{To: alice, Template: exited.ID, Page: "pages/notices", Fields: map[string]string{
		"thing1": "万**停车场", "thing2": "粤B***45", "thing3": "2026年11月21日 晚间", "amount4": "12.50", "thing5": "车辆出场",
	}}
	if diff := cmp.Diff([]sandbox.Message{want, want}, w.Sent()); diff != "" {
		t.Error(diff)
	}
}

func TestATokenThatIsWorthlessIsRenewedOnceForAMessage(t *testing.T) {
	w, alice := newReader(t)
	for range 3 {
		w.Accept(alice, exited.ID)
		if err := w.mini.Send(t.Context(), alice, exited, words); err != nil {
			t.Fatal(err)
		}
		w.clock.Pass(3 * time.Hour)
	}
	if got := w.Sent(); len(got) != 3 {
		t.Errorf("%d of 3 arrived", len(got))
	}
}

func TestTheFateOfAMessageWithoutAnAnswerIsUnknown(t *testing.T) {
	w, alice := newReader(t)
	w.Accept(alice, exited.ID)
	w.Accept(alice, exited.ID)
	for kind, want := range map[trouble.Kind]error{trouble.LostAnswers: message.Unsure, trouble.Down: message.Unsure, trouble.Limited: fault.RateLimited} {
		w.Trouble.Make(kind, 1)
		err := w.mini.Send(t.Context(), alice, exited, words)
		if !errors.Is(err, want) || message.Again(err) != (want == fault.RateLimited) {
			t.Errorf("%d: %v", kind, err)
		}
		says(t, err, alice, "粤B", exited.ID)
	}
	if got := w.Sent(); len(got) != 1 {
		t.Errorf("%d arrived", len(got))
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	w.url = gone.URL
	err := newMini(t, w, wechat.App{ID: mini, Secret: "s-" + mini}).Send(t.Context(), alice, exited, words)
	if !errors.Is(err, fault.Unavailable) || !message.Again(err) {
		t.Errorf("not reached: %v", err)
	}
}

func TestWhoIsNotOurReaderIsGone(t *testing.T) {
	w, _ := newReader(t)
	for name, to := range map[string]string{"another app's": w.OpenID("alice", other), "nobody": "oNobody", "none": ""} {
		if err := w.mini.Send(t.Context(), to, exited, words); !errors.Is(err, message.Gone) || message.Again(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRefusalsOfMessagesAreTranslatedWithoutWhatTheyQuote(t *testing.T) {
	for reply, want := range map[string]error{
		`{"errcode":0,"errmsg":"ok"}`:                            nil,
		`{"errcode":40003,"errmsg":"oAlice"}`:                    message.Gone,
		`{"errcode":43101,"errmsg":"user refuse oAlice"}`:        message.Quota,
		`{"errcode":47003,"errmsg":"data.thing2.value invalid"}`: message.Invalid,
		`{"errcode":40037}`:                                      message.Invalid,
		`{"errcode":41030}`:                                      message.Invalid,
		`{"errcode":45009}`:                                      fault.RateLimited,
		`{"errcode":45011}`:                                      fault.RateLimited,
		`{"errcode":-1,"errmsg":"system error"}`:                 fault.Unavailable,
		`{"errcode":40001}`:                                      fault.Unavailable, // with the second token too
		`{"errcode":48001}`:                                      fault.Unavailable,
		`{}`:                                                     message.Unsure,
		`<html>oAlice`:                                           message.Unsure,
	} {
		w := newWorld(t)
		w.url = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/cgi-bin/stable_token" {
				_, _ = io.WriteString(rw, `{"access_token":"hush","expires_in":7200}`)
				return
			}
			_, _ = io.WriteString(rw, reply)
		}))
		err := newMini(t, w, wechat.App{ID: mini, Secret: "s"}).Send(t.Context(), "oAlice", exited, words)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", reply, err)
		}
		says(t, err, "oAlice", "hush", "粤B")
	}
}

func TestATemplateThatCannotCarryWhatMayBeMaskedIsRefused(t *testing.T) {
	if err := wechat.CheckTemplate(exited); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		field string
		part  message.Part
	}{
		"a plate as a car number": {"car_number1", message.Plate}, "a plate as a string": {"character_string1", message.Plate},
		"a part of the day as a time": {"time1", message.Time}, "a part of the day as a date": {"date1", message.Time},
		"a lot as a name": {"name1", message.LotName}, "a lot as a phrase": {"phrase1", message.LotName},
		"a title as a phrase": {"phrase1", message.Title}, "a fee as a number": {"number1", message.Fee},
		"an enumerated field": {"enum1", message.Title}, "a field without a number": {"thing", message.Title}, "no such part": {"thing1", "MOBILE"},
	} {
		err := wechat.CheckTemplate(message.Template{ID: "t", Fields: map[string]message.Part{c.field: c.part}})
		if err == nil || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTheStandInRefusesWhatTheTemplateRulesForget leaves the check out, as somebody might.
func TestTheStandInRefusesWhatTheTemplateRulesForget(t *testing.T) {
	w, alice := newReader(t)
	for field, part := range map[string]message.Part{"car_number1": message.Plate, "time1": message.Time, "date1": message.Time, "phrase1": message.LotName} {
		w.Approve(mini, "careless", field)
		w.Accept(alice, "careless")
		careless := message.Template{ID: "careless", Fields: map[string]message.Part{field: part}}
		if err := w.mini.Send(t.Context(), alice, careless, words); !errors.Is(err, message.Invalid) {
			t.Errorf("%s: %v", field, err)
		}
	}
	w.Accept(alice, exited.ID)
	few := message.Template{ID: exited.ID, Fields: map[string]message.Part{"thing1": message.LotName}}
	if err := w.mini.Send(t.Context(), alice, few, words); !errors.Is(err, message.Invalid) {
		t.Errorf("fields that are missing: %v", err)
	}
	if err := w.mini.Send(t.Context(), alice, message.Template{ID: "unknown", Fields: exited.Fields}, words); !errors.Is(err, message.Invalid) {
		t.Errorf("a template that is not ours: %v", err)
	}
}

func TestWhateverALotIsCalledItsMessageIsTaken(t *testing.T) {
	w, alice := newReader(t)
	rapid.Check(t, func(rt *rapid.T) {
		w.Accept(alice, exited.ID)
		said := message.Words{
			message.LotName: rapid.String().Draw(rt, "lot"), message.Plate: rapid.String().Draw(rt, "plate"),
			message.Time: "2026年11月21日 晚间", message.Fee: "0.00", message.Title: "车辆出场",
		}
		err := w.mini.Send(t.Context(), alice, exited, said)
		// What has no character that WeChat shows is refused by ourselves.
		if err != nil && !errors.Is(err, message.Invalid) {
			rt.Fatalf("%q: %v", said[message.LotName], err)
		}
		if err != nil && !strings.Contains(errors.Unwrap(err).Error(), "does not fit") {
			rt.Fatalf("WeChat refused it: %v", errors.Unwrap(err))
		}
	})
}

func TestTheStateOfTheMiniProgramIsOneOfThree(t *testing.T) {
	w := newWorld(t)
	for state, good := range map[string]bool{"": true, "formal": true, "trial": true, "developer": true, "release": false} {
		_, err := wechat.NewMini(wechat.Config{BaseURL: w.url, App: wechat.App{ID: mini, Secret: "s"}, State: state}, w.clock)
		if (err == nil) != good {
			t.Errorf("%q: %v", state, err)
		}
	}
}
