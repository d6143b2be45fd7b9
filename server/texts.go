package server

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/identity"
	"parkbff/internal/partner/acs3"
	sandboxsms "parkbff/internal/partner/sandbox/sms"
	"parkbff/internal/partner/sms"
)

// templates are the approved texts, by what the code in them is for.
type templates map[identity.CodePurpose]sms.Template

// check refuses when codes for some purpose have no text of their own: in the text of another, whoever reads
// one would not know what they agree to.
func (t templates) check() error {
	for _, purpose := range slices.Sorted(maps.Keys(identity.CodeTexts())) {
		if t[purpose] == "" {
			return fmt.Errorf("sms: templateCodes has none for %s", purpose)
		}
	}
	return nil
}

// texter sends each code in the text that says what it is for.
type texter struct {
	client    *sms.Client
	templates templates
}

// SendCode sends one code; for errors see sms.Client.
func (t texter) SendCode(ctx context.Context, mobile cnid.Mobile, purpose identity.CodePurpose, code string) error {
	return t.client.SendCode(ctx, mobile, t.templates[purpose], code)
}

func (p *Partners) openSMS(file partnerFile, k clock.Clock, random io.Reader) (err error) {
	settings, texts := sms.Config{BaseURL: sms.Endpoint}, templates{}
	if file.SMS != nil {
		settings.Credentials = acs3.Credentials{ID: file.SMS.AccessKeyID, Secret: file.SMS.AccessKeySecret}
		settings.SignName, texts, p.SMSNotices = file.SMS.SignName, file.SMS.TemplateCodes, file.SMS.NoticeTemplates
	} else {
		settings.Credentials = acs3.Credentials{ID: "sandbox", Secret: "sandbox"}
		settings.SignName = "parkbff"
		approved := map[string]string{}
		for purpose, words := range identity.CodeTexts() {
			texts[purpose] = sms.Template("SMS_" + purpose)
			approved[string(texts[purpose])] = words
		}
		p.SMSNotices = standInTemplates("sms", "title", "lot", "plate", "time")
		for _, t := range p.SMSNotices {
			approved[t.ID] = "${title}：${plate}，${time}，${lot}。"
		}
		p.Sandbox = sandboxsms.New(settings.Credentials, approved, k)
		if settings.BaseURL, err = p.standIn("sms", p.Sandbox); err != nil {
			return err
		}
	}
	if err := texts.check(); err != nil {
		return err
	}
	client, err := sms.New(settings, k, random)
	p.SMS, p.Texts = texter{client: client, templates: texts}, client
	return err
}
