package alipay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
)

// mostOfKeyword is how many characters a keyword takes.
const mostOfKeyword = 50

var (
	keyword = regexp.MustCompile(`^keyword[1-9][0-9]?$`)
	userID  = regexp.MustCompile(`^2088[0-9]{12}$`)
)

// CheckTemplate refuses a template whose fields are not Alipay's.
func CheckTemplate(t message.Template) error {
	if err := t.Check(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		if !keyword.MatchString(name) {
			return fmt.Errorf("%q is no keyword: they are keyword1, keyword2 and so on", name)
		}
	}
	return nil
}

// templateMessage is a call of alipay.open.app.mini.templatemessage.send. Templates that people subscribe to
// need no form_id.
type templateMessage struct {
	sdk.AuxParam
	UserID   string `json:"to_user_id,omitempty"`
	OpenID   string `json:"to_open_id,omitempty"`
	Template string `json:"user_template_id"`
	Page     string `json:"page,omitempty"`
	Data     string `json:"data"`
}

// APIName is the method.
func (templateMessage) APIName() string { return "alipay.open.app.mini.templatemessage.send" }

// Params are none: all goes into biz_content.
func (templateMessage) Params() map[string]string { return nil }

// NeedEncrypt is off: an app's content key is for numbers that its front end is given, and a call need not
// be sealed with it.
func (templateMessage) NeedEncrypt() bool { return false }

// Send sends one message to a person, by what Person answered of them, in a template that they subscribed to
// and that CheckTemplate takes (https://opendocs.alipay.com/mini/02cth2). Alipay knows no key of a message,
// so the fate of one whose answer is lost stays unknown.
//
// Errors: message.Gone, message.Quota, message.Invalid, message.Unsure, fault.RateLimited, fault.Unavailable.
func (c *Client) Send(ctx context.Context, to string, t message.Template, words message.Words) error {
	filled, err := t.Fill(words, func(_, value string) (string, bool) { return message.Shorten(value, mostOfKeyword), true })
	if err != nil {
		return err
	}
	data := make(map[string]map[string]string, len(filled))
	for name, value := range filled {
		data[name] = map[string]string{"value": value}
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("alipay: write the message: %w", err)
	}
	call := templateMessage{Template: t.ID, Page: t.Page, Data: string(raw)}
	if userID.MatchString(to) {
		call.UserID = to
	} else {
		call.OpenID = to
	}
	ctx, departure := message.Watch(ctx)
	var reply sdk.Error
	if err := c.sdk.Request(ctx, call, &reply); err != nil {
		return notCarried(err, departure)
	}
	if reply.Code != sdk.CodeSuccess {
		return notTaken(reply)
	}
	return nil
}

func notCarried(err error, departure *message.Departure) error {
	var answered *sdk.Error
	if errors.As(err, &answered) && answered != nil && answered.Code != "" {
		return notTaken(*answered)
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		return departure.Fate(fmt.Errorf("alipay: send: %w", sent.Err))
	}
	return departure.Fate(errors.New("alipay: no readable reply"))
}

// notTaken translates Alipay's code (https://opendocs.alipay.com/common/02km9f) and the method's sub code. Of
// those only a few are published, so they are known by what they name; one that names nothing known is
// fault.Unavailable. The messages are dropped: they may quote what was sent.
func notTaken(said sdk.Error) error {
	cause := fmt.Errorf("alipay: the message was refused with %q, %q", said.Code, said.SubCode)
	names := func(any ...string) bool {
		return slices.ContainsFunc(any, func(word string) bool { return strings.Contains(strings.ToUpper(said.SubCode), word) })
	}
	switch {
	case said.Code == "20000": // it may have been sent all the same
		return message.Unsure.Because(cause)
	case said.Code == "40005":
		return message.Busy(cause, time.Minute)
	case names("SIGN", "APP-ID", "APP_ID", "TIMESTAMP"): // ours to mend
		return fault.Unavailable.Because(cause)
	case names("SUBSCRIBE", "FORM_ID", "FORM-ID"):
		return message.Quota.Because(cause)
	case names("USER_NOT_EXIST", "TO_USER", "OPEN_ID", "OPENID"):
		return message.Gone.Because(cause)
	case names("TEMPLATE", "INVALID-PARAMETER", "INVALID_PARAMETER", "MISSING-"):
		return message.Invalid.Because(cause)
	}
	return fault.Unavailable.Because(cause)
}
