package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	smtp "github.com/wneessen/go-mail"

	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
)

const mostFile = 10 << 20

var (
	number = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)
	file   = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}\.pdf$`)
)

// Send hands a mail over to the server; what becomes of it beyond is not told. Errors: message.Invalid,
// message.Gone where the server knows that nobody has the address, message.Unsure where the mail left and no answer
// came, fault.Unavailable.
func (c *Client) Send(ctx context.Context, l Letter) error {
	if err := l.check(); err != nil {
		return message.Invalid.Because(err)
	}
	letter, err := c.letter(l)
	if err != nil {
		return message.Invalid.Because(errors.New("mail: the mail cannot be written"))
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	server, stop, err := c.server(ctx)
	defer stop()
	if err != nil {
		return fault.Unavailable.Because(errors.New("mail: the server's settings are wrong"))
	}
	connection, err := server.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fault.Unavailable.Because(errors.New("mail: the server cannot be reached, offers no TLS or does not sign us in"))
	}
	err = server.SendWithSMTPClient(connection, letter)
	// What the server says to our leaving does not matter any more.
	defer func() { _ = server.CloseWithSMTPClient(connection) }()
	if letter.IsDelivered() {
		return nil
	}
	return refusal(err)
}

func (l Letter) check() error {
	switch {
	case !number.MatchString(l.Number):
		return errors.New("mail: the number is none")
	case !address.MatchString(l.To):
		return errors.New("mail: the address is none")
	case strings.TrimSpace(l.Subject) == "" || strings.TrimSpace(l.Text) == "":
		return errors.New("mail: there is nothing to read")
	case !file.MatchString(l.File) || !bytes.HasPrefix(l.PDF, []byte("%PDF-")) || len(l.PDF) > mostFile:
		return errors.New("mail: the file is no PDF, or too large")
	}
	return nil
}

// Replies of servers to an address (RFC 5321 §4.2.3, RFC 3463 X.1): there is no such mailbox.
const (
	noMailbox   = 550
	notLocal    = 551
	noSuchName  = 553
	ofAddresses = "5.1."
)

// refusal translates what the server said. Its words quote the address, and are not repeated.
func refusal(err error) error {
	var said *smtp.SendError
	if !errors.As(err, &said) {
		return fault.Unavailable.Because(errors.New("mail: the connection was lost"))
	}
	code, enhanced := said.ErrorCode(), said.EnhancedStatusCode()
	cause := fmt.Errorf("mail: %s was refused with %d %s", said.Reason, code, enhanced)
	switch {
	case code == 0 && (said.Reason == smtp.ErrSMTPDataClose || said.Reason == smtp.ErrWriteContent):
		return message.Unsure.Because(cause)
	case said.Reason == smtp.ErrSMTPRcptTo && gone(code, enhanced):
		return message.Gone.Because(cause)
	case code >= 500 && said.Reason != smtp.ErrSMTPMailFrom:
		return message.Invalid.Because(cause)
	}
	return fault.Unavailable.Because(cause) // 4xx, and what is said of us
}

func gone(code int, enhanced string) bool {
	if enhanced != "" {
		return strings.HasPrefix(enhanced, ofAddresses)
	}
	return code == noMailbox || code == notLocal || code == noSuchName
}
