package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/identity"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/ocr"
	"parkbff/internal/partner/ocr/tc3"
	"parkbff/internal/partner/oneclick"
	sandboxalipay "parkbff/internal/partner/sandbox/alipay"
	sandboxocr "parkbff/internal/partner/sandbox/ocr"
	sandboxoneclick "parkbff/internal/partner/sandbox/oneclick"
	sandboxsms "parkbff/internal/partner/sandbox/sms"
	sandboxwechat "parkbff/internal/partner/sandbox/wechat"
	"parkbff/internal/partner/wechat"
	"parkbff/server/config"
)

// Partners are the clients of third parties. Where the settings name no third party, a stand-in that
// speaks the same protocol answers on the loopback interface.
type Partners struct {
	SMS            identity.Sender
	OCR            *ocr.Client
	WechatMini     *wechat.Mini
	WechatOfficial *wechat.Official
	AlipayMini     *alipay.Client
	AlipayLife     *alipay.Client
	OneClick       *oneclick.Client
	Carriers
	Tills
	Invoicing

	// The stand-ins; nil where the real partner is asked.
	Sandbox         *sandboxsms.Sandbox
	Wechat          *sandboxwechat.Sandbox
	Alipay          *sandboxalipay.Sandbox
	OneClickNumbers *sandboxoneclick.Sandbox

	StandIns  []string // names of the partners that a stand-in stands for
	listeners []io.Closer
	overhear  func(partner string, h http.Handler) http.Handler // nil: nobody does
}

// partnerFile is the file that PARKBFF_PARTNERS names.
type partnerFile struct {
	channelFile
	pushFile
	tillFile
	invoiceFile
	SMS *struct {
		AccessKeyID     string          `json:"accessKeyId"`
		AccessKeySecret string          `json:"accessKeySecret"`
		SignName        string          `json:"signName"`
		TemplateCodes   templates       `json:"templateCodes"`
		NoticeTemplates NoticeTemplates `json:"noticeTemplates"`
	} `json:"sms"`
	OCR *struct {
		SecretID  string `json:"secretId"`
		SecretKey string `json:"secretKey"`
		Region    string `json:"region"`
	} `json:"ocr"`
}

func openPartners(c config.Config, k clock.Clock, random io.Reader, overhear func(string, http.Handler) http.Handler) (*Partners, error) {
	var file partnerFile
	if c.Partners != "" {
		raw, err := os.ReadFile(c.Partners)
		if err != nil {
			return nil, errors.New("PARKBFF_PARTNERS: the file cannot be read")
		}
		if err := json.Unmarshal(raw, &file); err != nil {
			return nil, errors.New("PARKBFF_PARTNERS: the file is not of the form that README.md describes")
		}
	}
	p := &Partners{overhear: overhear}
	home := "http://" + c.Addr + "/" // where a stand-in's page of authorisation leads back to
	err := errors.Join(
		p.openSMS(file, k, random), p.openOCR(file, k), p.openWechat(file.channelFile, home, k, random),
		p.openAlipay(file.channelFile, home, k, random), p.openOneClick(file.channelFile, k, random),
		p.openPush(file.pushFile, k, random), p.openTills(file.tillFile, home, k, random),
		p.openInvoicing(file.invoiceFile, c.Mode, k, random),
	)
	if err == nil {
		err = p.openTemplates(file)
	}
	if err == nil && c.Mode == config.Production {
		err = p.CheckCallbacks()
	}
	if err != nil && c.Partners != "" {
		err = fmt.Errorf("PARKBFF_PARTNERS: %w", err)
	}
	if err == nil {
		err = c.RefuseSandboxes(p.StandIns...)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Partners) openOCR(file partnerFile, k clock.Clock) (err error) {
	settings := ocr.Config{BaseURL: ocr.Endpoint}
	if file.OCR != nil {
		settings.Credentials = tc3.Credentials{ID: file.OCR.SecretID, Secret: file.OCR.SecretKey}
		settings.Region = file.OCR.Region
	} else {
		settings.Credentials = tc3.Credentials{ID: "sandbox", Secret: "sandbox"}
		settings.AlsoTakes = []string{sandboxocr.MediaType}
		if settings.BaseURL, err = p.standIn("ocr", sandboxocr.New(settings.Credentials, k)); err != nil {
			return err
		}
	}
	p.OCR, err = ocr.New(settings, k)
	return err
}

// standIn serves what stands in for one partner, and answers its URL.
func (p *Partners) standIn(name string, h http.Handler) (string, error) {
	p.stoodIn(name)
	return p.serve(name, h)
}

// serve serves a stand-in on the loopback interface and answers its URL.
func (p *Partners) serve(name string, h http.Handler) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the stand-in of %s: %w", name, err)
	}
	if p.overhear != nil {
		h = p.overhear(name, h)
	}
	served := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = served.Serve(listener) }() // ends with Close
	p.listeners = append(p.listeners, served)
	return "http://" + listener.Addr().String(), nil
}

// Close ends the stand-ins.
func (p *Partners) Close() error {
	var errs []error
	for _, l := range p.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
