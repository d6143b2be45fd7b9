// Package mail stands in for an SMTP server and the mailboxes behind it: whatever is sent lies in one inbox, of
// which the last mails are kept. Every address is a mailbox until it is closed.
package mail

import (
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"parkbff/internal/partner/sandbox/trouble"
)

const (
	kept    = 100 // mails; each may have megabytes
	maxMail = 20 << 20
)

// Account is who may send. The zero Account: anybody may.
type Account struct{ User, Password string }

// Mail is one as its reader sees it.
type Mail struct {
	ID, From, To  string // as in SMTP's envelope; ID is Message-ID
	FromName, For string // names beside them
	Subject, Text string
	Headers       int // how many there are
	File, Media   string
	Content       []byte
}

// Sandbox is an SMTP server. It is ready once Serve was called.
type Sandbox struct {
	Trouble trouble.Maker // of mails

	account Account
	server  *smtp.Server

	mu     sync.Mutex
	inbox  []Mail
	closed map[string]bool
	hasty  bool
	strict bool
}

// New answers a server that offers STARTTLS where it has a certificate.
func New(account Account, certificate *tls.Config) *Sandbox {
	s := &Sandbox{account: account, closed: map[string]bool{}}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{sandbox: s, conn: c}, nil }))
	s.server.Domain, s.server.TLSConfig, s.server.AllowInsecureAuth = "localhost", certificate, true
	s.server.MaxMessageBytes, s.server.MaxRecipients = maxMail, 1
	s.server.ReadTimeout, s.server.WriteTimeout = time.Minute, time.Minute
	s.server.ErrorLog = silent{}
	return s
}

// silent is for a server whose connections are cut on purpose.
type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// Serve answers until Close.
func (s *Sandbox) Serve(l net.Listener) error {
	if err := s.server.Serve(l); !errors.Is(err, smtp.ErrServerClosed) {
		return err
	}
	return nil
}

// Close ends all connections.
func (s *Sandbox) Close() error { return s.server.Close() }

// CloseMailbox makes an address nobody's.
func (s *Sandbox) CloseMailbox(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed[address] = true
}

// HangUp makes the server end each connection as soon as it has taken a mail.
func (s *Sandbox) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hasty = true
}

// RefuseContent makes the server take no mail for what it says.
func (s *Sandbox) RefuseContent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.strict = true
}

// Inbox are the last mails, the oldest first.
func (s *Sandbox) Inbox() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.inbox...)
}

// session is one connection.
type session struct {
	sandbox  *Sandbox
	conn     *smtp.Conn
	signedIn bool
	trouble  trouble.Kind
	from, to string
	taken    bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		known := s.sandbox.account
		if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(known.User+"\x00"+known.Password)) != 1 {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.sandbox.account != (Account{}) && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.trouble = s.sandbox.Trouble.Next()
	switch s.trouble {
	case trouble.Down:
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "shutting down"}
	case trouble.Limited:
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "too many mails"}
	case trouble.None, trouble.LostAnswers:
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.sandbox.mu.Lock()
	defer s.sandbox.mu.Unlock()
	if s.sandbox.closed[to] {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user: " + to}
	}
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	read, err := s.read(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "not readable"}
	}
	if !s.sandbox.keep(read) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "looks like spam"}
	}
	s.taken = true
	if s.trouble == trouble.LostAnswers {
		return s.conn.Conn().Close()
	}
	return nil
}

// Reset is called once a mail has been answered, too.
func (s *session) Reset() {
	s.from, s.to = "", ""
	s.sandbox.mu.Lock()
	defer s.sandbox.mu.Unlock()
	if s.taken && s.sandbox.hasty {
		_ = s.conn.Conn().Close()
	}
}

func (s *session) Logout() error { return nil }

// keep takes a mail in, if the server likes it.
func (s *Sandbox) keep(m Mail) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.strict {
		return false
	}
	s.inbox = append(s.inbox, m)
	if len(s.inbox) > kept {
		s.inbox = append([]Mail(nil), s.inbox[1:]...)
	}
	return true
}

func (s *session) read(r io.Reader) (Mail, error) {
	m := Mail{From: s.from, To: s.to}
	reader, err := mail.CreateReader(r)
	if err != nil {
		return m, err
	}
	var failures [4]error
	var from, to []*mail.Address
	m.ID, failures[0] = reader.Header.MessageID()
	m.Subject, failures[1] = reader.Header.Subject()
	from, failures[2] = reader.Header.AddressList("From")
	to, failures[3] = reader.Header.AddressList("To")
	if err := errors.Join(failures[:]...); err != nil {
		return m, err
	}
	if len(from) != 1 || len(to) != 1 || from[0].Address != s.from || to[0].Address != s.to {
		return m, errors.New("sandbox: the mail is not of whom, or not for whom, the envelope says")
	}
	m.FromName, m.For = from[0].Name, to[0].Name
	for fields := reader.Header.Fields(); fields.Next(); {
		m.Headers++
	}
	return m, m.parts(reader)
}

func (m *Mail) parts(reader *mail.Reader) error {
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(part.Body)
		if err != nil {
			return err
		}
		switch header := part.Header.(type) {
		case *mail.InlineHeader:
			m.Text = string(content)
		case *mail.AttachmentHeader:
			m.Content = content
			if m.File, err = header.Filename(); err != nil {
				return err
			}
			if m.Media, _, err = header.ContentType(); err != nil {
				return err
			}
		}
	}
}
