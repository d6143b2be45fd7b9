package unionpay_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/sandbox/trouble"
	sandbox "parkbff/internal/partner/sandbox/unionpay"
	"parkbff/internal/partner/unionpay/acp"
	"parkbff/internal/partner/unionpay/zm"
)

func TestTheStatementNamesWhatMoved(t *testing.T) {
	w := newWorld(t)
	_, receipt := w.paid(t)
	w.clock.Pass(time.Minute)
	r := w.back(receipt)
	if _, err := w.ours.Refund(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	w.clock.Pass(28 * time.Hour)
	got, err := w.ours.Statement(t.Context(), start)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d lines: %v", len(got), err)
	}
	if want := (charge.Line{Number: number, Transaction: receipt.Transaction, Fen: 1250, At: receipt.PaidAt}); got[0] != want {
		t.Errorf("%+v", got[0])
	}
	if want := (charge.Line{Number: number, RefundNumber: refundNo, Transaction: receipt.Transaction, Fen: 500, At: r.CreatedAt}); got[1] != want {
		t.Errorf("%+v", got[1])
	}
	if lines, err := w.other.Statement(t.Context(), start); err != nil || len(lines) != 0 {
		t.Errorf("another merchant is given ours: %v", err)
	}
	if err := w.Fail(refundNo, "60"); err != nil {
		t.Fatal(err)
	}
	if lines, err := w.ours.Statement(t.Context(), start); err != nil || len(lines) != 1 {
		t.Errorf("a refund that failed moved: %v", err)
	}
}

// A settlement day ends at 23:00, and what moves later is of the next: even of next year's.
func TestWhatMovesAfterElevenAtNightIsOfTheNextDay(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(time.Date(2026, 12, 31, 15, 10, 0, 0, time.UTC)) // 23:10 in Beijing
	_, receipt := w.paid(t)
	w.clock.Pass(40 * time.Hour)
	newYear := time.Date(2027, 1, 1, 4, 0, 0, 0, time.UTC)
	if got, err := w.ours.Statement(t.Context(), newYear.AddDate(0, 0, -1)); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err := w.ours.Statement(t.Context(), newYear)
	if err != nil || len(got) != 1 || !got[0].At.Equal(receipt.PaidAt) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestThatThereIsNoFileMeansNothingBeforeNoonOfTheNextDay(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(time.Date(2026, 11, 22, 3, 59, 0, 0, time.UTC))
	if _, err := w.ours.Statement(t.Context(), start); !errors.Is(err, fault.Unavailable) {
		t.Errorf("before noon: %v", err)
	}
	w.clock.Pass(time.Minute)
	if got, err := w.ours.Statement(t.Context(), start); err != nil || len(got) != 0 {
		t.Errorf("at noon: %v, %v", got, err)
	}
	w.Trouble.Make(trouble.Down, 1)
	if _, err := w.ours.Statement(t.Context(), start); !errors.Is(err, fault.Unavailable) {
		t.Errorf("down: %v", err)
	}
}

func TestDaysThatUnionPayCannotTellApartAreNotAskedFor(t *testing.T) {
	w := newWorld(t)
	for _, day := range []time.Time{start.AddDate(-1, 0, 0), start.AddDate(0, 0, 1)} {
		if _, err := w.ours.Statement(t.Context(), day); !errors.Is(err, charge.Refused) {
			t.Error(err)
		}
	}
}

const tradeFile = "INN26112188ZM_" + merchant

// carrying is our client of a UnionPay whose file transfers carry something.
func (w *world) carrying(t *testing.T, content string) ([]charge.Line, error) {
	t.Helper()
	config := w.config(merchant)
	config.Files = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		form, err := w.Sign(acp.Message{
			"respCode": "00", "merId": merchant, "txnTime": r.PostForm.Get("txnTime"), "settleDate": r.PostForm.Get("settleDate"), "fileContent": content,
		})
		if err != nil {
			t.Error(err)
		}
		m, err := acp.FromForm(form)
		if err != nil {
			t.Error(err)
		}
		_, _ = rw.Write([]byte(m.Reply()))
	}))
	return w.client(t, config).Statement(t.Context(), start)
}

func packed(t *testing.T, files map[string]string) string {
	t.Helper()
	content, err := sandbox.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func deflated(t *testing.T, raw []byte) string {
	t.Helper()
	content, err := sandbox.Deflate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestAFileThatCannotBeReadIsTroubleAndNoEmptyDay(t *testing.T) {
	w := newWorld(t)
	for name, content := range map[string]string{
		"nothing":             "",
		"no Base64":           "###",
		"not deflated":        "AAAA",
		"no archive":          deflated(t, []byte("no archive")),
		"broken off":          packed(t, map[string]string{tradeFile: "S22"})[:60],
		"half a line":         packed(t, map[string]string{tradeFile: "S22 00010000    00049992"}),
		"several":             packed(t, map[string]string{tradeFile: "", "a/" + tradeFile: ""}),
		"a bomb":              deflated(t, append(make([]byte, 64<<20), archive(t, "")...)),
		"a line without end":  packed(t, map[string]string{tradeFile: strings.Repeat(" ", 1<<20)}),
		"an archive of bombs": deflated(t, archive(t, bomb)),
	} {
		got, err := w.carrying(t, content)
		if !errors.Is(err, fault.Unavailable) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bomb is a file of many lines that say nothing, more than is read.
var bomb = strings.Repeat(strings.Repeat(" ", 1023)+"\n", zm.Most>>10+1)

// archive is an archive of one file of trade.
func archive(t *testing.T, content string) []byte {
	t.Helper()
	var raw bytes.Buffer
	zipped := zip.NewWriter(&raw)
	file, err := zipped.Create(tradeFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func TestAnArchiveWithoutOrdinaryTradeIsAnEmptyDay(t *testing.T) {
	w := newWorld(t)
	got, err := w.carrying(t, packed(t, map[string]string{"INN26112188ZME_" + merchant: "E74", "readme": "?"}))
	if err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}
