package einvoice_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parkbff/internal/fault"
	"parkbff/internal/partner/einvoice"
	sandbox "parkbff/internal/partner/sandbox/einvoice"
)

func TestAnInvoiceIsSentOnceMore(t *testing.T) {
	w := newWorld(t)
	r := request("A1")
	r.Mail, r.Mobile = "", ""
	issued := w.issue(t, r)
	for _, to := range []sandbox.Delivery{{Mail: someMail}, {Mobile: somePhone}, {Mail: someMail, Mobile: somePhone}} {
		if err := w.client.Deliver(t.Context(), issued.InvoiceNumber, to.Mail, to.Mobile); err != nil {
			t.Errorf("%v: %v", to, err)
		}
	}
	if got := w.Deliveries(); len(got) != 3 || got[2].Mail != someMail || got[2].Mobile != somePhone || got[2].InvoiceNumber != issued.InvoiceNumber {
		t.Errorf("%v", got)
	}
	for name, to := range map[string][3]string{
		"nowhere": {issued.InvoiceNumber, "", ""}, "no mail": {issued.InvoiceNumber, "alice", ""}, "no mobile": {issued.InvoiceNumber, "", "12345"},
		"no invoice": {"26000000000000099999", someMail, ""},
	} {
		if err := w.client.Deliver(t.Context(), to[0], to[1], to[2]); !errors.Is(err, einvoice.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFilesAreFetchedFromTheServiceAlone(t *testing.T) {
	w := newWorld(t)
	elsewhere := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was asked") }))
	pdf := w.issue(t, request("A1")).PDF
	at, err := url.Parse(pdf)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"", "/fp/1.pdf", elsewhere + "/1.pdf", "http://" + einvoice.FilesHost + "/1.pdf", "file:///etc/passwd", "http://a:b@" + at.Host + at.Path,
		"ftp://" + at.Host + at.Path, "http://" + at.Host + ".example.cn" + at.Path,
	} {
		if _, err := w.client.Fetch(t.Context(), address); !errors.Is(err, einvoice.Refused) {
			t.Errorf("%s: %v", address, err)
		}
	}
	_, err = w.client.Fetch(t.Context(), strings.Replace(pdf, "/fp/", "/fp/0", 1))
	if !errors.Is(err, fault.Unavailable) {
		t.Errorf("no such file: %v", err)
	}
	says(t, err, at.Path)
	for name, h := range map[string]http.HandlerFunc{
		"no PDF": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"too large": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append([]byte("%PDF-"), make([]byte, 8<<20)...))
		},
		"elsewhere": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) },
		"cut":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		base := serve(t, h)
		w.config.Files = []string{strings.TrimPrefix(base, "http://")}
		_, err := client(t, w.config, w.clock).Fetch(t.Context(), base+"/fp/secret.pdf")
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "secret.pdf")
	}
}
