package ocr_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/ocr"
	"parkbff/internal/partner/ocr/tc3"
	sandbox "parkbff/internal/partner/sandbox/ocr"
)

const (
	licenceImage = `{"plate":"粤B12345","vin":"1M8GDM9AXKP042788","engineNumber":"E123","owner":"张三","brandModel":"比亚迪 秦"}`
	cardImage    = `{"name":"张三","idNumber":"11010519491231002X"}`
	companyImage = `{"name":"深圳市顺易通信息科技有限公司","creditCode":"91440300552114241P","person":"李四"}`
)

var (
	ours     = tc3.Credentials{ID: "id", Secret: "secret"}
	contents = []string{"粤B12345", "1M8GDM9AXKP042788", "E123", "张三", "比亚迪", "11010519491231002X", "91440300552114241P", "李四"}
)

type noon struct{}

func (noon) Now() time.Time { return time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC) }

func client(t *testing.T, base string, by tc3.Credentials) *ocr.Client {
	t.Helper()
	c, err := ocr.New(ocr.Config{BaseURL: base, Region: "ap-guangzhou", Credentials: by}, noon{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestDocumentsAreRead(t *testing.T) {
	c := client(t, serve(t, sandbox.New(ours, noon{})), ours)
	licence, err := c.ReadDrivingLicence(t.Context(), []byte(licenceImage))
	want := ocr.DrivingLicence{Plate: "粤B12345", VIN: "1M8GDM9AXKP042788", EngineNumber: "E123", Owner: "张三", BrandModel: "比亚迪 秦"}
	if err != nil || licence != want {
		t.Errorf("licence: %q %q, %v", licence.Plate, licence.Owner, err)
	}
	card, err := c.ReadIDCard(t.Context(), []byte(cardImage))
	if err != nil || card != (ocr.IDCard{Name: "张三", IDNumber: "11010519491231002X"}) {
		t.Errorf("card: %q %q, %v", card.Name, card.IDNumber, err)
	}
	company, err := c.ReadBusinessLicence(t.Context(), []byte(companyImage))
	wanted := ocr.BusinessLicence{Name: "深圳市顺易通信息科技有限公司", CreditCode: "91440300552114241P", LegalRepresentative: "李四"}
	if err != nil || company != wanted {
		t.Errorf("company: %q %q, %v", company.Name, company.CreditCode, err)
	}
}

func TestWhatIsNoSuchDocumentIsUnreadable(t *testing.T) {
	c := client(t, serve(t, sandbox.New(ours, noon{})), ours)
	for name, image := range map[string]string{
		"empty": "", "a photo": "\x89PNG\r\n", "another document": `{"passport":"1"}`, "two": cardImage + cardImage,
		"too much": `{"name":"张三","idNumber":"1","plate":"粤B12345"}`, "nothing": "{}",
		"no VIN, no number": `{"plate":"粤B12345"}`, "no plate, no name": `{"vin":"1M8GDM9AXKP042788"}`,
	} {
		if _, err := c.ReadDrivingLicence(t.Context(), []byte(image)); !errors.Is(err, ocr.Unreadable) {
			t.Errorf("%s as a licence: %v", name, err)
		}
		if _, err := c.ReadIDCard(t.Context(), []byte(image)); !errors.Is(err, ocr.Unreadable) {
			t.Errorf("%s as a card: %v", name, err)
		}
		if _, err := c.ReadBusinessLicence(t.Context(), []byte(image)); !errors.Is(err, ocr.Unreadable) {
			t.Errorf("%s as a business licence: %v", name, err)
		}
	}
	if _, err := c.ReadDrivingLicence(t.Context(), []byte(cardImage)); !errors.Is(err, ocr.Unreadable) {
		t.Errorf("a card as a licence: %v", err)
	}
	if _, err := c.ReadIDCard(t.Context(), []byte(licenceImage)); !errors.Is(err, ocr.Unreadable) {
		t.Errorf("a licence as a card: %v", err)
	}
	if _, err := c.ReadBusinessLicence(t.Context(), []byte(`{"creditCode":"91440300552114241P"}`)); !errors.Is(err, ocr.Unreadable) {
		t.Errorf("a business licence without a name: %v", err)
	}
	if _, err := c.ReadIDCard(t.Context(), []byte(`{"name":"","idNumber":"1"}`)); !errors.Is(err, ocr.Unreadable) {
		t.Errorf("a card without a name: %v", err)
	}
}

func TestAnImageTooLargeIsNotSent(t *testing.T) {
	stand := sandbox.New(ours, noon{})
	sent := 0
	c := client(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { sent++; stand.ServeHTTP(w, r) })), ours)
	if _, err := c.ReadIDCard(t.Context(), bytes.Repeat([]byte{0}, ocr.MaxImage+1)); !errors.Is(err, ocr.TooLarge) || sent != 0 {
		t.Errorf("%v after %d calls", err, sent)
	}
	if _, err := c.ReadIDCard(t.Context(), bytes.Repeat([]byte{0}, ocr.MaxImage)); !errors.Is(err, ocr.Unreadable) || sent != 1 {
		t.Errorf("the largest image: %v after %d calls", err, sent)
	}
}

func TestAnotherKeyReadsNothing(t *testing.T) {
	base := serve(t, sandbox.New(ours, noon{}))
	for code, by := range map[string]tc3.Credentials{
		"AuthFailure.SignatureFailure": {ID: "id", Secret: "guessed"},
		"AuthFailure.SecretIdNotFound": {ID: "other", Secret: "secret"},
	} {
		_, err := client(t, base, by).ReadIDCard(t.Context(), []byte(cardImage))
		if !errors.Is(err, fault.Unavailable) || !strings.Contains(cause(err), code) {
			t.Errorf("%v because %s", err, cause(err))
		}
	}
}

func TestRepliesAreTranslatedWithoutTheDocument(t *testing.T) {
	const content = `"FrontInfo":{"PlateNo":"粤B12345","Vin":"1M8GDM9AXKP042788","Owner":"张三"},"Name":"张三","IdNum":"11010519491231002X","RegNum":"91440300552114241P","Person":"李四"`
	for reply, want := range map[string]error{
		`{"Response":{` + content + `}}`: nil,
		`{"Response":{` + content + `,"RecognizeWarnCode":[-9102],"AdvancedInfo":"{\"WarnInfos\":[-9102]}"}}`:     ocr.NotOriginal,
		`{"Response":{` + content + `,"RecognizeWarnCode":[1,-9103],"AdvancedInfo":"{\"WarnInfos\":[1,-9103]}"}}`: ocr.NotOriginal,
		`{"Response":{` + content + `,"RecognizeWarnCode":[-9106],"AdvancedInfo":"{\"WarnInfos\":[-9106]}"}}`:     ocr.NotOriginal,
		`{"Response":{` + content + `,"RecognizeWarnCode":[-9107],"AdvancedInfo":"{\"WarnInfos\":[-9107]}"}}`:     nil,
		`{"Response":{` + content + `,"RecognizeWarnCode":"粤B12345","AdvancedInfo":"11010519491231002X 张三"}}`:     fault.Unavailable,
		`{"Response":{"FrontInfo":null}}`: ocr.Unreadable,
		`{"Response":{"Error":{"Code":"FailedOperation.ImageBlur","Message":"张三 11010519491231002X is blurred"}}}`: ocr.Unreadable,
		`{"Response":{"Error":{"Code":"LimitExceeded.TooLargeFileError"}}}`:                                        ocr.TooLarge,
		`{"Response":{"Error":{"Code":"RequestLimitExceeded"}}}`:                                                   fault.Unavailable,
		`{"Response":{"Error":{"Code":"FailedOperation.ArrearsError"}}}`:                                           fault.Unavailable,
		`{"Response":{"FrontInfo":"粤B12345","IdNum":["张三"]}}`:                                                      fault.Unavailable,
		`{"Response":"张三"}`: fault.Unavailable,
		`{}`:                fault.Unavailable,
		`粤B12345`:           fault.Unavailable,
	} {
		c := client(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) })), ours)
		_, licenceErr := c.ReadDrivingLicence(t.Context(), []byte(licenceImage))
		_, cardErr := c.ReadIDCard(t.Context(), []byte(cardImage))
		_, companyErr := c.ReadBusinessLicence(t.Context(), []byte(companyImage))
		for _, secret := range contents {
			if strings.Contains(cause(companyErr), secret) {
				t.Errorf("%s: the error says %s", reply, cause(companyErr))
			}
		}
		for _, err := range []error{licenceErr, cardErr} {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v", reply, err)
			}
			for _, secret := range contents {
				if strings.Contains(cause(err), secret) {
					t.Errorf("%s: the error says %s", reply, cause(err))
				}
			}
		}
	}
}

func TestACopyOfABusinessLicenceIsNotTheOriginal(t *testing.T) {
	for code, want := range map[int]error{-9102: ocr.NotOriginal, -9104: ocr.NotOriginal, -9103: nil} {
		var asked struct {
			CardSide       *string
			EnableCopyWarn bool
		}
		c := client(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
				t.Error(err)
			}
			_, _ = fmt.Fprintf(w, `{"Response":{"RegNum":"1","Name":"公司","RecognizeWarnCode":[%d]}}`, code)
		})), ours)
		if _, err := c.ReadBusinessLicence(t.Context(), []byte(companyImage)); !errors.Is(err, want) {
			t.Errorf("%d: %v", code, err)
		}
		if asked.CardSide != nil || !asked.EnableCopyWarn {
			t.Errorf("asked as %+v", asked)
		}
	}
}

func TestOnlyAStandInTakesMoreThanPictures(t *testing.T) {
	if got := client(t, ocr.Endpoint, ours).Takes(); !slices.Equal(got, []string{"image/jpeg", "image/png"}) {
		t.Errorf("the service takes %v", got)
	}
	c, err := ocr.New(ocr.Config{BaseURL: ocr.Endpoint, Credentials: ours, AlsoTakes: []string{sandbox.MediaType}}, noon{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Takes(); !slices.Contains(got, "application/json") {
		t.Errorf("the stand-in takes %v", got)
	}
}

func TestAServiceThatCannotBeReachedIsUnavailable(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if _, err := client(t, gone.URL, ours).ReadIDCard(t.Context(), []byte(cardImage)); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	elsewhere := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the document went elsewhere") }))
	redirecting := serve(t, http.RedirectHandler(elsewhere, http.StatusPermanentRedirect))
	if _, err := client(t, redirecting, ours).ReadIDCard(t.Context(), []byte(cardImage)); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestDocumentsAreNotPrintedOrEncoded(t *testing.T) {
	licence := ocr.DrivingLicence{Plate: contents[0], VIN: contents[1], EngineNumber: contents[2], Owner: contents[3], BrandModel: contents[4]}
	card := ocr.IDCard{Name: contents[3], IDNumber: contents[5]}
	company := ocr.BusinessLicence{Name: contents[3], CreditCode: contents[6], LegalRepresentative: contents[7]}
	for _, value := range []any{licence, card, company, &licence, &card, &company} {
		encoded, err := json.Marshal(value)
		if err != nil || string(encoded) != `"document"` {
			t.Errorf("encodes as %s, %v", encoded, err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(verb, value); got != "document" {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
}

func TestAnIncompleteConfigurationIsRefused(t *testing.T) {
	for name, wrong := range map[string]ocr.Config{
		"no URL":    {Credentials: ours},
		"no scheme": {BaseURL: "ocr", Credentials: ours},
		"no secret": {BaseURL: ocr.Endpoint, Credentials: tc3.Credentials{ID: "id"}},
	} {
		if _, err := ocr.New(wrong, noon{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// cause is the whole chain of an error, as a log would show it.
func cause(err error) string {
	var all []string
	for ; err != nil; err = errors.Unwrap(err) {
		all = append(all, err.Error())
	}
	return strings.Join(all, " <- ")
}
