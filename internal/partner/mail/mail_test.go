package mail_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/partner/mail"
	"parkbff/internal/partner/message"
	sandbox "parkbff/internal/partner/sandbox/mail"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/testkit"
)

const alice = "alice@example.cn"

type world struct {
	*sandbox.Sandbox
	config mail.Config
	client *mail.Client
}

func newWorld(t *testing.T, certificate *tls.Config) *world {
	t.Helper()
	return worldFor(t, sandbox.Account{User: "invoices", Password: "hush"}, certificate)
}

func worldFor(t *testing.T, account sandbox.Account, certificate *tls.Config) *world {
	t.Helper()
	w := &world{Sandbox: sandbox.New(account, certificate)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Serve(listener) }()
	t.Cleanup(func() {
		if err := errors.Join(w.Close(), <-ended); err != nil {
			t.Error(err)
		}
	})
	w.config = mail.Config{Address: listener.Addr().String(), User: account.User, Password: account.Password, From: "fapiao@park.example.cn", Name: "智慧停车"}
	w.client = client(t, w.config)
	return w
}

func client(t *testing.T, c mail.Config) *mail.Client {
	t.Helper()
	made, err := mail.New(c, testkit.NewClock(time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func letter() mail.Letter {
	return mail.Letter{
		Number: "INV-1", To: alice, Name: "王小明", Subject: "您的电子发票", Text: "您好：\n附件是您的电子发票。\n", File: "26442000000123456789.pdf",
		PDF: append([]byte("%PDF-1.7\n\x00\xff"), bytes.Repeat([]byte("0123456789\n.\n"), 10_000)...),
	}
}

func TestAMailArrivesWithItsFile(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.client.Send(t.Context(), letter()); err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	got := w.Inbox()
	want := []sandbox.Mail{{
		ID: "INV-1@park.example.cn", From: "fapiao@park.example.cn", FromName: "智慧停车", To: alice, For: "王小明", Subject: "您的电子发票",
		Text: "您好：\r\n附件是您的电子发票。\r\n", Headers: 7, File: letter().File, Media: "application/pdf", Content: letter().PDF,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamesAndSubjectsEndNoHeader(t *testing.T) {
	w := newWorld(t, nil)
	l := letter()
	l.Name = "王\r\nBcc: mallory@example.cn\r\n"
	l.Subject = "发票\r\nBcc: mallory@example.cn\r\n\r\nbody\u2028x"
	if err := w.client.Send(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	got := w.Inbox()[0]
	if strings.ContainsAny(got.Subject+got.For, "\r\n\u2028") {
		t.Errorf("%q, %q", got.Subject, got.For)
	}
	if got.Headers != 7 || got.To != alice || !strings.Contains(got.Subject, "Bcc: mallory@example.cn") || !strings.Contains(got.For, "Bcc: mallory") || got.Text != "您好：\r\n附件是您的电子发票。\r\n" {
		t.Errorf("%d headers, %q, %q, %q", got.Headers, got.Subject, got.For, got.Text)
	}
}

func TestWhatIsNoMailIsNotSent(t *testing.T) {
	w := newWorld(t, nil)
	for name, spoil := range map[string]func(*mail.Letter){
		"two addresses": func(l *mail.Letter) { l.To = "alice@example.cn,mallory@example.cn" },
		"a line break":  func(l *mail.Letter) { l.To = "alice@example.cn\r\nRCPT TO:<mallory@example.cn>" },
		"no address":    func(l *mail.Letter) { l.To = "alice" },
		"quotes":        func(l *mail.Letter) { l.To = `"alice x"@example.cn` },
		"no number":     func(l *mail.Letter) { l.Number = "1>\r\nX: y" },
		"no subject":    func(l *mail.Letter) { l.Subject = " " },
		"no text":       func(l *mail.Letter) { l.Text = "" },
		"file name":     func(l *mail.Letter) { l.File = "a\"; x=\".pdf" },
		"no PDF":        func(l *mail.Letter) { l.PDF = []byte("<html>") },
		"too large":     func(l *mail.Letter) { l.PDF = append([]byte("%PDF-"), make([]byte, 10<<20)...) },
	} {
		l := letter()
		spoil(&l)
		err := w.client.Send(t.Context(), l)
		if !errors.Is(err, message.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "alice", "mallory")
	}
	if len(w.Inbox()) != 0 {
		t.Error("something was sent")
	}
}

func TestTroubleIsToldApart(t *testing.T) {
	w := newWorld(t, nil)
	w.CloseMailbox("bob@example.cn")
	l := letter()
	l.To = "bob@example.cn"
	err := w.client.Send(t.Context(), l)
	if !errors.Is(err, message.Gone) {
		t.Errorf("no such mailbox: %v", err)
	}
	says(t, err, "bob")
	for _, c := range []struct {
		kind trouble.Kind
		want error
		left int
	}{{trouble.Down, fault.Unavailable, 0}, {trouble.Limited, fault.Unavailable, 0}, {trouble.LostAnswers, message.Unsure, 1}} {
		w.Trouble.Make(c.kind, 1)
		err := w.client.Send(t.Context(), letter())
		if !errors.Is(err, c.want) || len(w.Inbox()) != c.left {
			t.Errorf("%d: %v, %v, %d mails", c.kind, err, errors.Unwrap(err), len(w.Inbox()))
		}
		says(t, err, alice, "王小明", "hush", "INV-1")
	}
	w.config.Password = "guessed"
	if err := client(t, w.config).Send(t.Context(), letter()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another password: %v", err)
	}
	w.config.User, w.config.Password = "", ""
	if err := client(t, w.config).Send(t.Context(), letter()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("no password: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.client.Send(ctx, letter()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("too late: %v", err)
	}
}

func TestAMailThatWasTakenIsSentHoweverTheServerLeaves(t *testing.T) {
	w := newWorld(t, nil)
	w.HangUp()
	if err := w.client.Send(t.Context(), letter()); err != nil || len(w.Inbox()) != 1 {
		t.Errorf("%v, %d mails", err, len(w.Inbox()))
	}
}

func TestAMailRefusedForWhatItSaysLeavesItsAddressAlone(t *testing.T) {
	w := newWorld(t, nil)
	w.RefuseContent()
	if err := w.client.Send(t.Context(), letter()); !errors.Is(err, message.Invalid) {
		t.Error(err)
	}
}

// certified answers a certificate for example.com and what trusts it.
func certified(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}, roots
}

func TestBeyondThisMachineNothingIsSentWithoutTLS(t *testing.T) {
	certificate, roots := certified(t)
	for name, c := range map[string]struct {
		certificate *tls.Config
		roots       *x509.CertPool
		host        string
		want        error
	}{
		"over TLS":           {certificate, roots, "example.com", nil},
		"in the open":        {nil, roots, "example.com", fault.Unavailable},
		"somebody else's":    {certificate, roots, "smtp.example.org", fault.Unavailable},
		"nobody vouches":     {certificate, nil, "example.com", fault.Unavailable},
		"a loopback by name": {nil, roots, "localhost", fault.Unavailable},
	} {
		w := worldFor(t, sandbox.Account{}, c.certificate) // not even a password keeps it from being sent
		there := w.config.Address
		w.config.Address, w.config.Roots = c.host+":587", c.roots
		w.config.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, there)
		}
		err := client(t, w.config).Send(t.Context(), letter())
		if !errors.Is(err, c.want) || (len(w.Inbox()) == 1) != (c.want == nil) {
			t.Errorf("%s: %v, %d mails", name, err, len(w.Inbox()))
		}
	}
}

func TestTLSFromTheFirstByte(t *testing.T) {
	certificate, roots := certified(t)
	s := sandbox.New(sandbox.Account{User: "invoices", Password: "hush"}, nil)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", certificate)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(listener) }()
	c := mail.Config{Address: listener.Addr().String(), ImplicitTLS: true, User: "invoices", Password: "hush", From: "fapiao@park.example.cn", Roots: roots}
	if err := client(t, c).Send(t.Context(), letter()); err != nil || len(s.Inbox()) != 1 {
		t.Errorf("%v, %d mails", err, len(s.Inbox()))
	}
	stranger := c
	stranger.Roots = nil
	if err := client(t, stranger).Send(t.Context(), letter()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("nobody vouches for the server: %v", err)
	}
	c.ImplicitTLS = false
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	if err := client(t, c).Send(ctx, letter()); !errors.Is(err, fault.Unavailable) || time.Since(began) > 15*time.Second {
		t.Errorf("in the open, to a server that waits for TLS: %v after %v", err, time.Since(began))
	}
	if err := errors.Join(s.Close(), <-ended); err != nil {
		t.Error(err)
	}
}

func TestAnIncompleteConfigurationIsRefused(t *testing.T) {
	whole := mail.Config{Address: "smtp.example.cn:465", ImplicitTLS: true, User: "u", Password: "p", From: "a@example.cn"}
	for name, spoil := range map[string]func(*mail.Config){
		"no port": func(c *mail.Config) { c.Address = "smtp.example.cn" }, "no host": func(c *mail.Config) { c.Address = ":25" },
		"a port": func(c *mail.Config) { c.Address = "smtp.example.cn:0" }, "no sender": func(c *mail.Config) { c.From = "a" },
		"no password": func(c *mail.Config) { c.Password = "" }, "no user": func(c *mail.Config) { c.User = "" },
		"two ways": func(c *mail.Config) { c.Dial = (&net.Dialer{}).DialContext },
	} {
		wrong := whole
		spoil(&wrong)
		if _, err := mail.New(wrong, testkit.NewClock(time.Time{})); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestNothingPersonalIsPrinted(t *testing.T) {
	var out bytes.Buffer
	for _, value := range []any{letter(), mail.Config{Password: "hush"}} {
		fmt.Fprintf(&out, "%v %+v %#v", value, value, value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("sent", "value", value)
	}
	for _, secret := range []string{alice, "王小明", "hush", "发票"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s appears", secret)
		}
	}
}

// says fails when the whole chain of an error, as a log would show it, holds any of the words.
func says(t *testing.T, err error, never ...string) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, word := range never {
			if strings.Contains(err.Error(), word) {
				t.Errorf("the error says %s", err)
			}
		}
	}
}
