package server

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"parkbff/ent/linkedaccount"
	"parkbff/ent/migrate"
	"parkbff/ent/notice"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/getui"
	"parkbff/internal/partner/jpush"
	"parkbff/internal/partner/message"
	sandboxgetui "parkbff/internal/partner/sandbox/getui"
	sandboxjpush "parkbff/internal/partner/sandbox/jpush"
	"parkbff/internal/partner/sms"
	"parkbff/internal/partner/wechat"
)

// NoticeTemplates are the approved texts of notices, by kind. A kind without one is not told that way.
type NoticeTemplates map[notice.Kind]message.Template

// check refuses a kind that notices do not have, and a template that the partner's rules refuse.
func (t NoticeTemplates) check(section string, rule func(message.Template) error) error {
	for _, kind := range slices.Sorted(maps.Keys(t)) {
		err := notice.KindValidator(kind)
		if err == nil {
			err = rule(t[kind])
		}
		if err != nil {
			return fmt.Errorf("%s: noticeTemplates: %s: %w", section, kind, err)
		}
	}
	return nil
}

// Carriers are the partners that carry notices to people, beside the mini-programs of Partners.
type Carriers struct {
	Texts *sms.Client
	JPush *jpush.Client // nil: the file names another push service, and not this
	GeTui *getui.Client // likewise

	SMSNotices    NoticeTemplates
	WechatNotices NoticeTemplates
	AlipayNotices NoticeTemplates

	// The stand-ins; nil where the real partner is asked.
	JPushPhones *sandboxjpush.Sandbox
	GeTuiPhones *sandboxgetui.Sandbox
}

// pushFile is the part of the partners' file that says who pushes to phones.
type pushFile struct {
	JPush *struct {
		AppKey       string                     `json:"appKey"`
		MasterSecret string                     `json:"masterSecret"`
		Development  bool                       `json:"development"`
		Makers       map[string]json.RawMessage `json:"makers"`
	} `json:"jpush"`
	GeTui *struct {
		AppID        string                     `json:"appId"`
		AppKey       string                     `json:"appKey"`
		MasterSecret string                     `json:"masterSecret"`
		Makers       map[string]json.RawMessage `json:"makers"`
	} `json:"getui"`
}

// Names of the push services' stand-ins, and in the partners' file.
const (
	jpushName = "jpush"
	getuiName = "getui"
)

// openPush opens the push services that the file names; where it names none, both are stood in for.
func (p *Partners) openPush(file pushFile, k clock.Clock, random io.Reader) (err error) {
	if file.JPush == nil && file.GeTui == nil {
		return p.standInForPush(k, random)
	}
	if f := file.JPush; f != nil {
		p.JPush, err = jpush.New(jpush.Config{
			BaseURL: jpush.Endpoint, AppKey: f.AppKey, MasterSecret: f.MasterSecret, Development: f.Development, Makers: f.Makers,
		}, k)
		if err != nil {
			return err
		}
	}
	if f := file.GeTui; f != nil {
		p.GeTui, err = getui.New(getui.Config{
			BaseURL: getui.Endpoint, AppID: f.AppID, AppKey: f.AppKey, MasterSecret: f.MasterSecret, Makers: f.Makers,
		}, k)
	}
	return err
}

func (p *Partners) standInForPush(k clock.Clock, random io.Reader) (err error) {
	j := jpush.Config{AppKey: sandboxSecret, MasterSecret: sandboxSecret}
	p.JPushPhones = sandboxjpush.New(j.AppKey, j.MasterSecret, k, random)
	if j.BaseURL, err = p.standIn(jpushName, p.JPushPhones); err != nil {
		return err
	}
	if p.JPush, err = jpush.New(j, k); err != nil {
		return err
	}
	g := getui.Config{AppID: sandboxSecret, AppKey: sandboxSecret, MasterSecret: sandboxSecret}
	if p.GeTuiPhones, err = sandboxgetui.New(sandboxgetui.App{ID: g.AppID, Key: g.AppKey, MasterSecret: g.MasterSecret}, k, random); err != nil {
		return err
	}
	if g.BaseURL, err = p.standIn(getuiName, p.GeTuiPhones); err != nil {
		return err
	}
	p.GeTui, err = getui.New(g, k)
	return err
}

// openTemplates takes the templates of the file, and has the stand-ins approve some for every kind.
func (p *Partners) openTemplates(file partnerFile) error {
	if f := file.WechatMini; f != nil {
		p.WechatNotices = f.NoticeTemplates
	} else {
		p.WechatNotices = standInTemplates("wechat", "thing1", "thing2", "thing3", "thing4")
		for _, t := range p.WechatNotices {
			p.Wechat.Approve(sandboxMini, t.ID, slices.Collect(maps.Keys(t.Fields))...)
		}
	}
	if f := file.AlipayMini; f != nil {
		p.AlipayNotices = f.NoticeTemplates
	} else {
		p.AlipayNotices = standInTemplates("alipay", "keyword1", "keyword2", "keyword3", "keyword4")
		for _, t := range p.AlipayNotices {
			p.Alipay.Approve(sandboxAlipayMini, t.ID, slices.Collect(maps.Keys(t.Fields))...)
		}
	}
	if err := p.WechatNotices.check(wechatMiniName, wechat.CheckTemplate); err != nil {
		return err
	}
	if err := p.AlipayNotices.check(alipayMiniName, alipay.CheckTemplate); err != nil {
		return err
	}
	return p.SMSNotices.check("sms", sms.CheckTemplate)
}

// standInTemplates are templates for every kind of notice that say what it is about, where, which plate and
// when, in four fields of these names.
func standInTemplates(partner, title, lot, plate, at string) NoticeTemplates {
	all := NoticeTemplates{}
	for _, kind := range noticeKinds() {
		all[kind] = message.Template{ID: partner + "-" + string(kind), Page: "pages/notices/index", Fields: map[string]message.Part{
			title: message.Title, lot: message.LotName, plate: message.Plate, at: message.Time,
		}}
	}
	return all
}

// noticeKinds are all kinds of notices, as the schema has them.
func noticeKinds() []notice.Kind {
	var kinds []notice.Kind
	for _, column := range migrate.NoticesColumns {
		if column.Name == notice.FieldKind {
			for _, kind := range column.Enums {
				kinds = append(kinds, notice.Kind(kind))
			}
		}
	}
	return kinds
}

// Accept is a person's allowing one message more about a kind of notice in a mini-program. Error:
// fault.NotFound when nobody stands in for that channel, or it has no such template.
func (p *Partners) Accept(channel linkedaccount.Channel, person string, kind notice.Kind) error {
	if !slices.Contains(p.StandIns, standInOf[channel]) {
		return fault.NotFound
	}
	switch channel {
	case linkedaccount.ChannelWECHAT_MINI:
		if t, ok := p.WechatNotices[kind]; ok {
			p.Wechat.Accept(p.Wechat.OpenID(person, sandboxMini), t.ID)
			return nil
		}
	case linkedaccount.ChannelALIPAY_MINI:
		if t, ok := p.AlipayNotices[kind]; ok {
			p.Alipay.Accept(p.Alipay.UserID(person), t.ID)
			return nil
		}
	}
	return fault.NotFound
}

// Carried is what the stand-ins were given to carry, the oldest first, by partner.
func (p *Partners) Carried() map[string]any {
	carried := map[string]any{}
	if p.Sandbox != nil {
		carried["sms"] = p.Sandbox.Sent()
	}
	if p.JPushPhones != nil {
		carried[jpushName] = p.JPushPhones.Sent()
	}
	if p.GeTuiPhones != nil {
		carried[getuiName] = p.GeTuiPhones.Sent()
	}
	if p.Wechat != nil {
		carried[wechatMiniName] = p.Wechat.Sent()
	}
	if p.Alipay != nil {
		carried[alipayMiniName] = p.Alipay.Sent()
	}
	return carried
}
