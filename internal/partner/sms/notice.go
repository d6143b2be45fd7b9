package sms

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
)

// mostOfParameter is how many characters a parameter takes
// (https://help.aliyun.com/zh/sms/user-guide/message-template-specifications-1).
const mostOfParameter = 35

var (
	parameter = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,19}$`)

	// brackets enclose signatures, so no parameter may have any.
	brackets = strings.NewReplacer("【", "", "】", "")
)

// CheckTemplate refuses a template whose fields are no names of parameters.
func CheckTemplate(t message.Template) error {
	if err := t.Check(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		if !parameter.MatchString(name) {
			return fmt.Errorf("%q is no name of a parameter", name)
		}
	}
	return nil
}

// SendNotice sends one notice in a template that CheckTemplate takes. The note is kept in the service's own
// records, where the text can be found by it; it is no key, for the service knows none, so the fate of a text
// whose answer is lost stays unknown.
//
// Errors: message.Gone, message.Invalid, message.Unsure, fault.RateLimited, fault.Unavailable.
func (c *Client) SendNotice(ctx context.Context, mobile cnid.Mobile, t message.Template, words message.Words, note string) error {
	filled, err := t.Fill(words, func(_, value string) (string, bool) {
		value = message.Shorten(brackets.Replace(value), mostOfParameter)
		return value, value != ""
	})
	if err != nil {
		return err
	}
	ctx, departure := message.Watch(ctx)
	said, err := c.send(ctx, mobile, text{template: t.ID, parameters: filled, note: note})
	if err != nil {
		return departure.Fate(err)
	}
	return noticed(said)
}

// wrong are the beginnings of codes that speak of the text, not of the number or of our account
// (https://help.aliyun.com/zh/sms/developer-reference/api-error-codes).
var wrong = []string{
	"isv.TEMPLATE_", "isv.SMS_TEMPLATE_", "isv.SMS_SIGN", "isv.PARAM_", "isv.INVALID_PARAMETERS", "isv.INVALID_JSON_PARAM",
	"isv.BLACK_KEY_CONTROL_LIMIT", "isv.EXTEND_CODE_ERROR",
}

// noticed translates the service's code. What is not named speaks of our account or of the service: somebody
// has to mend it, and notices wait for that.
func noticed(said reply) error {
	cause := said.refused()
	switch said.Code {
	case "OK":
		return nil
	case "isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_NUMBER_NOT_EXIST":
		return message.Gone.Because(cause)
	case "isv.BUSINESS_LIMIT_CONTROL": // so many a minute, an hour and a day to one number
		return message.Busy(cause, time.Hour)
	case "isv.DAY_LIMIT_CONTROL":
		return message.Busy(cause, 24*time.Hour)
	case "":
		return message.Unsure.Because(cause)
	}
	switch {
	case strings.HasPrefix(said.Code, "Throttling"):
		return message.Busy(cause, time.Minute)
	case slices.ContainsFunc(wrong, func(beginning string) bool { return strings.HasPrefix(said.Code, beginning) }):
		return message.Invalid.Because(cause)
	}
	return fault.Unavailable.Because(cause)
}
