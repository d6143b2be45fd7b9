package message_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
)

func TestAWorkerCanTellWhetherToTryAgain(t *testing.T) {
	cause := errors.New("because")
	for name, c := range map[string]struct {
		err   error
		again bool
		after time.Duration
	}{
		"carried":      {nil, false, 0},
		"gone":         {message.Gone.Because(cause), false, 0},
		"not allowed":  {message.Quota.Because(cause), false, 0},
		"invalid":      {message.Invalid.Because(cause), false, 0},
		"unsure":       {message.Unsure.Because(cause), false, 0},
		"unavailable":  {fault.Unavailable.Because(cause), true, 0},
		"busy":         {message.Busy(cause, 0), true, 0},
		"busy a while": {message.Busy(cause, 1500*time.Millisecond), true, 2 * time.Second},
		"anything":     {cause, true, 0},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("hand over: %w", err)
		}
		if got := message.Again(err); got != c.again {
			t.Errorf("%s: again %t", name, got)
		}
		if got := message.RetryAfter(err); got != c.after {
			t.Errorf("%s: after %s", name, got)
		}
	}
	if !errors.Is(message.Busy(cause, time.Second), fault.RateLimited) {
		t.Error("busy is not RATE_LIMITED")
	}
}

func TestTheFateOfAMessageIsUnknownOnlyOnceItLeft(t *testing.T) {
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for address, want := range map[string]error{cut.URL: message.Unsure, gone.URL: fault.Unavailable} {
		ctx, departure := message.Watch(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = response.Body.Close()
			t.Fatal("answered")
		}
		if got := departure.Fate(err); !errors.Is(got, want) || !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestATemplateIsFilledFieldByField(t *testing.T) {
	template := message.Template{ID: "t", Fields: map[string]message.Part{"a": message.Plate, "b": message.LotName, "c": message.Fee}}
	short := func(_, value string) (string, bool) { return value, len(value) < 12 }
	got, err := template.Fill(message.Words{message.Plate: "粤B***45", message.Fee: "12.50"}, short)
	if diff := cmp.Diff(map[string]string{"a": "粤B***45", "b": "—", "c": "12.50"}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	_, err = template.Fill(message.Words{message.Plate: "粤B1234567890"}, short)
	if !errors.Is(err, message.Invalid) || strings.Contains(fmt.Sprint(err, errors.Unwrap(err)), "粤B1") {
		t.Errorf("got %v because %v", err, errors.Unwrap(err))
	}
	for name, wrong := range map[string]message.Template{
		"no id": {Fields: template.Fields}, "no fields": {ID: "t"}, "no such part": {ID: "t", Fields: map[string]message.Part{"a": "MOBILE"}},
	} {
		if wrong.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := template.Check(); err != nil {
		t.Error(err)
	}
}

func TestATextIsCutAndKeptOnOneLine(t *testing.T) {
	for text, want := range map[string]string{"": "", "四个字吧": "四个字吧", "一二三四五": "一二三…", "a\nb\x00": "a b ", "\u2028": " "} {
		if got := message.Shorten(text, 4); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestNothingThatIsSaidIsPrinted(t *testing.T) {
	said := fmt.Sprintf("%v %+v %#v %s", message.Words{message.Plate: "粤B12345"}, message.Push{To: "phone", Body: "粤B12345"},
		message.Push{To: "phone"}, message.Words{message.LotName: "万象城"})
	if said != "words push push words" {
		t.Error(said)
	}
}
