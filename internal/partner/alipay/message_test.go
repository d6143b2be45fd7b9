package alipay_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/message"
	sandbox "parkbff/internal/partner/sandbox/alipay"
	"parkbff/internal/partner/sandbox/trouble"
)

var (
	entered = message.Template{ID: "tmpl-entered", Page: "pages/notices", Fields: map[string]message.Part{
		"keyword1": message.LotName, "keyword2": message.Plate, "keyword3": message.Time,
	}}
	words = message.Words{message.LotName: "万**停车场", message.Plate: "粤B***45", message.Time: "2026年11月21日 晚间"}
)

func newReader(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t)
	w.Approve(mini, entered.ID, "keyword1", "keyword2", "keyword3")
	return w, w.UserID("alice")
}

func TestAMessageReachesWhoSubscribedOnceForEachTime(t *testing.T) {
	w, alice := newReader(t)
	if err := w.mini.Send(t.Context(), alice, entered, words); !errors.Is(err, message.Quota) || message.Again(err) {
		t.Errorf("before any subscription: %v", err)
	}
	w.Accept(alice, entered.ID)
	if err := w.mini.Send(t.Context(), alice, entered, words); err != nil {
		t.Fatal(err)
	}
	w.Accept(alice, entered.ID)
	long := message.Words{message.LotName: strings.Repeat("字", 60) + "\n", message.Plate: "粤B***45"}
	if err := w.mini.Send(t.Context(), alice, entered, long); err != nil {
		t.Fatal(err)
	}
	if err := w.mini.Send(t.Context(), alice, entered, words); !errors.Is(err, message.Quota) {
		t.Errorf("a third time: %v", err)
	}
	want := []sandbox.Message{
		{To: alice, Template: entered.ID, Page: "pages/notices", Fields: map[string]string{
			"keyword1": "万**停车场", "keyword2": "粤B***45", "keyword3": "2026年11月21日 晚间",
		}},
		{To: alice, Template: entered.ID, Page: "pages/notices", Fields: map[string]string{
			"keyword1": strings.Repeat("字", 49) + "…", "keyword2": "粤B***45", "keyword3": "—",
		}},
	}
	if diff := cmp.Diff(want, w.Sent()); diff != "" {
		t.Error(diff)
	}
}

func TestAnAppWithOpenIDsSendsToThose(t *testing.T) {
	w, _ := newReader(t)
	const open = "047D8gkWnRNIDBoHiz1-pxCM10NYtLwbgq9aP_h4yJw8Zs2"
	w.Accept(open, entered.ID)
	if err := w.mini.Send(t.Context(), open, entered, words); err != nil || len(w.Sent()) != 1 {
		t.Errorf("%d arrived: %v", len(w.Sent()), err)
	}
}

func TestTheFateOfAMessageWithoutAnAnswerIsUnknown(t *testing.T) {
	w, alice := newReader(t)
	w.Accept(alice, entered.ID)
	w.Accept(alice, entered.ID)
	for kind, want := range map[trouble.Kind]error{trouble.LostAnswers: message.Unsure, trouble.Down: message.Unsure, trouble.Limited: fault.RateLimited} {
		w.Trouble.Make(kind, 1)
		err := w.mini.Send(t.Context(), alice, entered, words)
		if !errors.Is(err, want) || message.Again(err) != (want == fault.RateLimited) {
			t.Errorf("%d: %v", kind, err)
		}
		says(t, err, alice, "粤B")
	}
	if got := w.Sent(); len(got) != 1 {
		t.Errorf("%d arrived", len(got))
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	w.url = gone.URL
	if err := client(t, w, w.config(mini, miniKey)).Send(t.Context(), alice, entered, words); !errors.Is(err, fault.Unavailable) || !message.Again(err) {
		t.Errorf("not reached: %v", err)
	}
}

func TestOnlyOurSignatureSends(t *testing.T) {
	w, alice := newReader(t)
	w.Accept(alice, entered.ID)
	forger := w.config(mini, miniKey)
	another := sandbox.Keys{App: w.keys.Alipay, Alipay: w.keys.App}
	forger.PrivateKey = another.AppPrivate()
	if err := client(t, w, forger).Send(t.Context(), alice, entered, words); !errors.Is(err, fault.Unavailable) || len(w.Sent()) != 0 {
		t.Errorf("another key: %v", err)
	}
	if err := w.life.Send(t.Context(), alice, entered, words); !errors.Is(err, message.Invalid) {
		t.Errorf("another app's template: %v", err)
	}
	forged := w.config(mini, miniKey)
	forged.AlipayPublicKey = another.AlipayPublic()
	if err := client(t, w, forged).Send(t.Context(), alice, entered, words); !errors.Is(err, message.Unsure) {
		t.Errorf("an answer that Alipay did not sign: %v", err)
	}
}

func TestRefusalsOfMessagesAreTranslatedWithoutWhatTheyQuote(t *testing.T) {
	for said, want := range map[string]error{
		`"code":"40004","sub_code":"USER_TEMPLATE_ILLEGAL"`:                 message.Invalid,
		`"code":"40002","sub_code":"isv.invalid-parameter"`:                 message.Invalid,
		`"code":"40001","sub_code":"isv.missing-parameter"`:                 message.Invalid,
		`"code":"40002","sub_code":"isv.invalid-signature"`:                 fault.Unavailable,
		`"code":"40002","sub_code":"isv.invalid-app-id"`:                    fault.Unavailable,
		`"code":"40004","sub_code":"FORM_ID_NOT_MATCH_APPID"`:               message.Quota,
		`"code":"40004","sub_code":"USER_UNSUBSCRIBED","sub_msg":"2088102"`: message.Quota,
		`"code":"40004","sub_code":"USER_NOT_EXIST"`:                        message.Gone,
		`"code":"40004","sub_code":"SYSTEM_ERROR","sub_msg":"2088102"`:      fault.Unavailable,
		`"code":"40005","sub_code":"isv.call-limited"`:                      fault.RateLimited,
		`"code":"20000","sub_code":"isp.unknow-error"`:                      message.Unsure,
		`"note":"nothing that can be understood"`:                           message.Unsure,
	} {
		w := newWorld(t)
		w.url = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = rw.Write([]byte(`{"error_response":{` + said + `}}`))
		}))
		err := client(t, w, w.config(mini, miniKey)).Send(t.Context(), "2088102122458832", entered, words)
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", said, err)
		}
		says(t, err, "2088102", "粤B")
	}
}

func TestATemplateWithoutKeywordsIsRefused(t *testing.T) {
	if err := alipay.CheckTemplate(entered); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"thing1", "keyword0", "keyword", "keyword100"} {
		if alipay.CheckTemplate(message.Template{ID: "t", Fields: map[string]message.Part{name: message.Title}}) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
