// Package mail sends mails with a PDF attached through an SMTP server (RFC 5321, RFC 3207). What is sent goes over
// TLS, but for a stand-in on this machine. No error repeats an address, a name or a word of a mail.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"

	smtp "github.com/wneessen/go-mail"

	"parkbff/internal/clock"
)

const timeout = 30 * time.Second

// Config says which server takes our mails, and in whose name. User, Roots and Dial may be left out.
type Config struct {
	Address     string // host and port, such as smtp.exmail.qq.com:465
	ImplicitTLS bool   // TLS from the first byte, as on port 465; else by STARTTLS
	User        string // empty: nobody signs in
	Password    string
	From        string // address
	Name        string // shown beside it
	Roots       *x509.CertPool
	Dial        func(ctx context.Context, network, address string) (net.Conn, error)
}

// Format prints no secret.
func (Config) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "config") }

// Letter is one mail. It prints as "letter".
type Letter struct {
	Number  string // ours, unique: who gets a mail twice gets it under one Message-ID
	To      string // address
	Name    string // of whom it is for; may be empty
	Subject string
	Text    string
	File    string // name of the PDF: letters, digits, - and _, and .pdf
	PDF     []byte // 10 MiB at most
}

// Format prints no address and no word.
func (Letter) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "letter") }

// LogValue keeps it out of structured logs.
func (Letter) LogValue() slog.Value { return slog.StringValue("letter") }

// Client sends in one name. It may be used by many goroutines at once.
type Client struct {
	config Config
	host   string
	port   int
	domain string
	clock  clock.Clock
}

// address is one that SMTP takes without quotes.
var address = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

// New answers a client. The error names the setting that is wrong.
func New(c Config, k clock.Clock) (*Client, error) {
	host, service, err := net.SplitHostPort(c.Address)
	port, portErr := strconv.Atoi(service)
	if err != nil || portErr != nil || host == "" || port < 1 || port > 65535 {
		return nil, errors.New("mail: the server's address is a host and a port")
	}
	if !address.MatchString(c.From) {
		return nil, errors.New("mail: the sender's address is none")
	}
	if (c.User == "") != (c.Password == "") {
		return nil, errors.New("mail: user and password belong together")
	}
	if c.ImplicitTLS && c.Dial != nil {
		return nil, errors.New("mail: who dials by themselves speaks STARTTLS")
	}
	return &Client{config: c, host: host, port: port, domain: c.From[strings.LastIndex(c.From, "@")+1:], clock: k}, nil
}

// server answers the means to reach the server once, by connections that end with the context.
func (c *Client) server(ctx context.Context) (server *smtp.Client, stop func(), err error) {
	policy, auth := smtp.TLSMandatory, smtp.SMTPAuthAutoDiscover
	if c.config.ImplicitTLS {
		policy = smtp.TLSOpportunistic // the connection has it already
	} else if ip := net.ParseIP(c.host); ip != nil && ip.IsLoopback() {
		policy, auth = smtp.TLSOpportunistic, smtp.SMTPAuthPlainNoEnc
	}
	options := []smtp.Option{
		smtp.WithPort(c.port), smtp.WithTimeout(timeout), smtp.WithHELO(c.domain), smtp.WithTLSPolicy(policy),
		smtp.WithTLSConfig(c.tls()),
	}
	ended := make(chan struct{})
	options = append(options, smtp.WithDialContextFunc(func(dialling context.Context, network, at string) (net.Conn, error) {
		conn, err := c.dial(dialling, network, at)
		if err != nil {
			return nil, err
		}
		go func() {
			select {
			case <-ctx.Done():
				_ = conn.Close()
			case <-ended:
			}
		}()
		return conn, nil
	}))
	if c.config.User != "" {
		options = append(options, smtp.WithSMTPAuth(auth), smtp.WithUsername(c.config.User), smtp.WithPassword(c.config.Password))
	}
	server, err = smtp.NewClient(c.host, options...)
	return server, func() { close(ended) }, err
}

func (c *Client) tls() *tls.Config {
	return &tls.Config{ServerName: c.host, RootCAs: c.config.Roots, MinVersion: tls.VersionTLS12}
}

func (c *Client) dial(ctx context.Context, network, at string) (net.Conn, error) {
	switch {
	case c.config.Dial != nil:
		return c.config.Dial(ctx, network, at)
	case c.config.ImplicitTLS:
		return (&tls.Dialer{Config: c.tls()}).DialContext(ctx, network, at)
	}
	return (&net.Dialer{}).DialContext(ctx, network, at)
}

// letter writes a mail. Names and subjects are encoded, so that none ends its header.
func (c *Client) letter(l Letter) (*smtp.Msg, error) {
	m := smtp.NewMsg(smtp.WithNoDefaultUserAgent())
	m.FromMailAddress(&mail.Address{Name: c.config.Name, Address: c.config.From})
	m.ToMailAddress(&mail.Address{Name: plain(l.Name), Address: l.To})
	m.Subject(plain(l.Subject))
	m.SetDateWithValue(c.clock.Now().In(clock.Shanghai))
	m.SetMessageIDWithValue(l.Number + "@" + c.domain)
	m.SetBodyString(smtp.TypeTextPlain, l.Text)
	if err := m.AttachReader(l.File, strings.NewReader(string(l.PDF)), smtp.WithFileContentType("application/pdf")); err != nil {
		return nil, err
	}
	return m, nil
}

// plain is a text without control characters.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}
