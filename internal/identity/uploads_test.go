package identity_test

import (
	"strings"
	"testing"

	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/partner/ocr"
	"parkbff/internal/partner/ocr/tc3"
	"parkbff/internal/testkit"
)

func TestTheRealReaderTakesNoFilesOfTheStandIns(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	p := h.arrives(mobile, signin.ChannelAPP)
	v := p.binds(plate)
	real := h.config
	var err error
	real.Reader, err = ocr.New(ocr.Config{BaseURL: "http://127.0.0.1:9", Credentials: tc3.Credentials{ID: "id", Secret: "secret"}}, h.clock)
	h.must(err)
	s, err := identity.New(real)
	h.must(err)
	_, err = s.VerifyVehicle(p.ctx, v.Row, paper(strings.NewReader(licence(plate, "张三"))), paper(strings.NewReader(card("张三", adult))))
	refused(t, err, identity.DocumentTypeRefused)
}

func FuzzADocumentIsOneThatTheReaderTakesOrRefusedByItsCode(f *testing.F) {
	f.Add([]byte(`{"plate":"粤B12345"}`), "application/json")
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "image/png")
	f.Add([]byte("\xff\xd8\xff\xe0"), "image/jpeg; q")
	f.Add([]byte{}, "")
	h := newHouse(f, testkit.SQLite(f))
	f.Fuzz(func(t *testing.T, content []byte, declared string) {
		err := h.CheckDocument(content, declared)
		if f := fault.As(err); err != nil && (f == nil || !strings.HasPrefix(f.Code(), "DOCUMENT_")) {
			t.Errorf("refused with %v", err)
		}
	})
}
