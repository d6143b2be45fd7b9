package einvoice_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"parkbff/internal/fault"
	"parkbff/internal/partner/einvoice"
)

// replying is a client whose service answers every call the same.
func replying(t *testing.T, status int, reply string) *einvoice.Client {
	t.Helper()
	w := newWorld(t)
	w.config.BaseURL = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reply)
	}))
	return client(t, w.config, w.clock)
}

func TestRepliesAreTranslatedWithoutWhatTheyQuote(t *testing.T) {
	for reply, want := range map[string]error{
		`{"code":"E9999","describe":"腾讯粤B"}`: einvoice.Refused,
		`{"code":"E9103","describe":"腾讯"}`:   einvoice.Refused,
		`{"code":"0201","describe":"腾讯"}`:    einvoice.Refused,
		`{"code":"E9613"}`:                   fault.RateLimited,
		`{"code":"070201"}`:                  fault.RateLimited,
		`{"code":"070204"}`:                  fault.RateLimited,
		`{"code":"070301"}`:                  fault.Unavailable, // the second token too
		`{"code":"070401"}`:                  fault.Unavailable,
		`{"code":"070601"}`:                  fault.Unavailable,
		`{"code":70601}`:                     fault.Unavailable,
		`{"code":"0203"}`:                    fault.Unavailable,
		`{"code":"粤B12345"}`:                 fault.Unavailable,
		`{"code":"E0000"}`:                   fault.Unavailable, // and no serial
		`{"code":"E0000","result":{}}`:       fault.Unavailable,
		`{"code":"E0000","result":"腾讯"}`:     fault.Unavailable,
		`{}`:                                 fault.Unavailable,
		`<html>腾讯`:                           fault.Unavailable,
		`{"code":"0000","result":{"invoiceSerialNum":"20","more":""}}`: nil,
	} {
		_, err := replying(t, http.StatusOK, reply).Issue(t.Context(), request("A1"))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", reply, err)
		}
		says(t, err, "腾讯", "粤B", "secret")
	}
	for status, want := range map[int]error{http.StatusTooManyRequests: fault.RateLimited, http.StatusBadGateway: fault.Unavailable} {
		if _, err := replying(t, status, `{"code":"E0000","result":{"invoiceSerialNum":"20"}}`).Issue(t.Context(), request("A1")); !errors.Is(err, want) {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

func TestWhatIsToldOfAnInvoiceIsReadWithCare(t *testing.T) {
	const whole = `{"code":"E0000","result":[{"serialNo":"26","status":"2","orderAmount":"30.00","invoiceTime":1790324095000,"allElectronicInvoiceNumber":"26442000000123456789","pdfUrl":"https://inv.jss.com.cn/1.pdf"}]}`
	found, err := replying(t, http.StatusOK, whole).Find(t.Context(), "A1")
	if err != nil || found.State != einvoice.Issued || found.Fen != 3000 || found.IssuedAt.UnixMilli() != 1790324095000 || found.PDF != "https://inv.jss.com.cn/1.pdf" {
		t.Errorf("%v, %v", found.State, err)
	}
	for change, want := range map[[2]string]einvoice.State{
		{`"status":"2"`, `"status":20`}:                                        einvoice.Issuing,
		{`"status":"2"`, `"status":"21"`}:                                      einvoice.Issuing,
		{`"status":"2"`, `"status":"24"`}:                                      einvoice.Issuing,
		{`"status":"2"`, `"status":"22","failCause":"粤B12345 E3101 失败"`}:       einvoice.Failed,
		{`"status":"2"`, `"status":"3"`}:                                       einvoice.Failed,
		{`1790324095000`, `"1790324095000"`}:                                   einvoice.Issued,
		{`"allElectronicInvoiceNumber"`, `"invoiceNo"`}:                        einvoice.Issued,
		{`[{`, `[],"x":[{`}:                                                    einvoice.Unknown,
		{`"code":"E0000"`, `"code":"E9500"`}:                                   einvoice.Unknown,
		{`"orderAmount":"30.00"`, `"orderAmount":30`}:                          einvoice.Issued,
		{`"orderAmount":"30.00"`, `"orderAmount":"30.001"`}:                    "",
		{`"orderAmount":"30.00",`, ``}:                                         "",
		{`26442000000123456789`, `12345678`}:                                   "",
		{`26442000000123456789`, `2644200000012345678X`}:                       "",
		{`1790324095000`, `null`}:                                              "",
		{`"serialNo":"26",`, ``}:                                               "",
		{`[{"serialNo"`, `{"serialNo"`}:                                        "",
		{`"status":"2"`, `"status":{}`}:                                        einvoice.Failed,
		{`"status":"2"`, `"status":"22","failCause":"` + buyerTax + `E31012"`}: einvoice.Failed,
	} {
		found, err := replying(t, http.StatusOK, strings.Replace(whole, change[0], change[1], 1)).Find(t.Context(), "A1")
		if found.State != want || want == "" && !errors.Is(err, fault.Unavailable) || want != "" && err != nil {
			t.Errorf("%s: %q, %v", change[1], found.State, err)
		}
		says(t, err, "粤B", buyerTax)
		if strings.Contains(found.FailureCode, "B1") || strings.Contains(found.FailureCode, "91") {
			t.Errorf("%s: the code is %s", change[1], found.FailureCode)
		}
	}
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	for reply, want := range map[string]error{
		`{"error":"070304"}`: fault.Unavailable, `<html>`: fault.Unavailable, `{"access_token":"t","expires_in":"soon"}`: fault.Unavailable,
	} {
		w := newWorld(t)
		w.config.TokenURL = serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) }))
		w.config.BaseURL = serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
		if _, err := client(t, w.config, w.clock).Find(t.Context(), "A1"); !errors.Is(err, want) {
			t.Errorf("%s: %v", reply, err)
		}
	}
}

func TestANumberThatIsTakenButNotYetKnownIsAskedForLater(t *testing.T) {
	w := newWorld(t)
	w.config.BaseURL = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := "E9106"
		if strings.HasSuffix(r.Header.Get("method"), "queryInvoiceResult") {
			code = "E9500"
		}
		_, _ = io.WriteString(w, `{"code":"`+code+`"}`)
	}))
	if serial, err := client(t, w.config, w.clock).Issue(t.Context(), request("A1")); !errors.Is(err, fault.Unavailable) {
		t.Errorf("%q, %v", serial, err)
	}
}
