package ocr

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parkbff/internal/partner/ocr/tc3"
)

var (
	known = tc3.Credentials{ID: "id", Secret: "secret"}
	today = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
)

type still struct{}

func (still) Now() time.Time { return today }

func TestFaultyCallsAreRefusedByTheirCode(t *testing.T) {
	card := base64.StdEncoding.EncodeToString([]byte(`{"name":"张三","idNumber":"1"}`))
	for name, c := range map[string]struct{ action, version, body, want string }{
		"good":            {"IDCardOCR", "2018-11-19", `{"ImageBase64":"` + card + `","CardSide":"FRONT"}`, `"IdNum":"1"`},
		"another action":  {"BankCardOCR", "2018-11-19", `{"ImageBase64":"` + card + `","CardSide":"FRONT"}`, `"InvalidAction"`},
		"another version": {"IDCardOCR", "2017-03-12", `{"ImageBase64":"` + card + `","CardSide":"FRONT"}`, "NoSuchVersion"},
		"the other side":  {"IDCardOCR", "2018-11-19", `{"ImageBase64":"` + card + `","CardSide":"BACK"}`, "InvalidParameter"},
		"no JSON":         {"IDCardOCR", "2018-11-19", "", "InvalidParameter"},
		"no Base64":       {"IDCardOCR", "2018-11-19", `{"ImageBase64":"*","CardSide":"FRONT"}`, "ImageDecodeFailed"},
		"large image":     {"IDCardOCR", "2018-11-19", `{"ImageBase64":"` + strings.Repeat("A", maxImage+4) + `","CardSide":"FRONT"}`, "TooLargeFileError"},
		"large body":      {"IDCardOCR", "2018-11-19", strings.Repeat(" ", maxBody+1), "TooLargeFileError"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		r.Header.Set("X-TC-Action", c.action)
		r.Header.Set("X-TC-Version", c.version)
		tc3.Sign(r, []byte(c.body), known, "ocr", today)
		w := httptest.NewRecorder()
		New(known, still{}).ServeHTTP(w, r)
		if got := w.Body.String(); !strings.Contains(got, c.want) || !strings.Contains(got, "sandbox-00000001") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
