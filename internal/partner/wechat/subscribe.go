package wechat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
	"parkbff/internal/partner/wechat/field"
)

const sendCall = "message/subscribe/send"

// carriers are the types of fields that can carry a part of a notice, however it is masked: no plate with
// stars is a car_number, and no part of a day is a time.
var carriers = map[message.Part][]field.Type{
	message.Title:   {field.Thing},
	message.LotName: {field.Thing},
	message.Plate:   {field.Thing},
	message.Time:    {field.Thing},
	message.Fee:     {field.Amount, field.Thing},
}

// CheckTemplate refuses a template with a field that WeChat does not have, or that cannot carry what is to
// stand in it once it is masked. The error names the field and the type to have it as.
func CheckTemplate(t message.Template) error {
	if err := t.Check(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		of, err := field.Of(name)
		if err != nil {
			return err
		}
		if can := carriers[t.Fields[name]]; !slices.Contains(can, of) {
			return fmt.Errorf("%s cannot carry %s as it is masked: have it as %s", name, t.Fields[name], can[0])
		}
	}
	return nil
}

type subscribeMessage struct {
	To       string               `json:"touser"`
	Template string               `json:"template_id"`
	Page     string               `json:"page,omitempty"`
	Data     map[string]dataValue `json:"data"`
	State    string               `json:"miniprogram_state"`
	Language string               `json:"lang"`
}

type dataValue struct {
	Value string `json:"value"`
}

// Send sends one subscribe message to a person's openid, in a template that CheckTemplate takes
// (https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html).
// WeChat knows no key of a message, so the fate of one whose answer is lost stays unknown. Each time a person
// accepts a template, they allow one message.
//
// Errors: message.Gone, message.Quota, message.Invalid, message.Unsure, fault.RateLimited, fault.Unavailable.
func (m *Mini) Send(ctx context.Context, to string, t message.Template, words message.Words) error {
	filled, err := t.Fill(words, fit)
	if err != nil {
		return err
	}
	data := make(map[string]dataValue, len(filled))
	for name, value := range filled {
		data[name] = dataValue{value}
	}
	var departure *message.Departure
	var reply struct {
		Code *int64 `json:"errcode"`
	}
	err = m.line.withToken(ctx, sendCall, &reply, func(ctx context.Context, token string) ([]byte, error) {
		ctx, departure = message.Watch(ctx)
		return util.PostJSONContext(ctx, Endpoint+"/cgi-bin/"+sendCall+"?access_token="+token,
			subscribeMessage{To: to, Template: t.ID, Page: t.Page, Data: data, State: m.state, Language: "zh_CN"})
	})
	if err == nil && reply.Code == nil {
		err = refusal(sendCall, 0, nil)
	}
	return notCarried(err, departure)
}

func fit(name, value string) (string, bool) {
	of, err := field.Of(name)
	if err != nil {
		return "", false
	}
	return of.Fit(value)
}

// notCarried says in message's words why a message was not carried.
func notCarried(err error, departure *message.Departure) error {
	if err == nil {
		return nil
	}
	var code refused
	switch {
	case errors.As(err, &code):
		return notTaken(code, errors.Unwrap(err))
	case departure != nil:
		return departure.Fate(errors.Unwrap(err))
	}
	return err
}

// notTaken translates WeChat's code.
func notTaken(code refused, cause error) error {
	switch code {
	case 40003: // no openid of this app's
		return message.Gone.Because(cause)
	case 43101: // the person refuses, or has accepted no more often
		return message.Quota.Because(cause)
	case 47003, 47001, 40037, 41028, 41029, 41030: // data, JSON, template, page
		return message.Invalid.Because(cause)
	case 45009: // of the day
		return message.Busy(cause, time.Hour)
	case 45011: // of the minute
		return message.Busy(cause, time.Minute)
	}
	return fault.Unavailable.Because(cause)
}
