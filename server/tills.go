package server

import (
	"io"

	"parkbff/internal/agreement"
	"parkbff/internal/clock"
	"parkbff/internal/money"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/charge"
	sandboxalipay "parkbff/internal/partner/sandbox/alipay"
	sandboxunionpay "parkbff/internal/partner/sandbox/unionpay"
	sandboxwechatpay "parkbff/internal/partner/sandbox/wechatpay"
	"parkbff/internal/partner/unionpay"
	"parkbff/internal/partner/wechatpay"
)

// Tills are the partners that take payments. One that is nil, or not there, is not offered.
type Tills struct {
	WechatPay *wechatpay.Client
	AlipayPay *alipay.Pay
	UnionPay  map[money.Channel]*unionpay.Client

	// The stand-ins; nil where the real partner is asked.
	WechatMoney   *sandboxwechatpay.Sandbox
	AlipayMoney   *sandboxalipay.Sandbox
	UnionPayMoney *sandboxunionpay.Sandbox

	ways       map[money.Channel][]money.Way
	deductions map[money.Channel]agreement.Offer
}

// tillFile is the part of the partners' file that says who takes payments.
type tillFile struct {
	WechatPay *struct {
		MerchantID        string               `json:"merchantId"`
		CertificateSerial string               `json:"certificateSerial"`
		PrivateKey        string               `json:"privateKey"`
		APIv3Key          string               `json:"apiV3Key"`
		PlatformKeys      map[string]string    `json:"platformKeys"`
		AppIDs            map[money.Way]string `json:"appIds"`
		NotifyURL         string               `json:"notifyUrl"`
		ParkingName       string               `json:"parkingName"`
	} `json:"wechatPay"`
	AlipayPay *struct {
		alipayApp
		Seller    string `json:"seller"`
		NotifyURL string `json:"notifyUrl"`
		ReturnURL string `json:"returnUrl"`
		Advances  bool   `json:"advances"`
		Parking   struct {
			Number string `json:"number"`
			ID     string `json:"id"`
		} `json:"parking"`
	} `json:"alipayPay"`
	UnionPay map[money.Channel]unionPayMerchant `json:"unionPay"`
}

type unionPayMerchant struct {
	MerchantID    string      `json:"merchantId"`
	Certificate   string      `json:"certificate"`
	PrivateKey    string      `json:"privateKey"`
	Roots         string      `json:"roots"`
	Intermediates string      `json:"intermediates"`
	Owner         string      `json:"owner"`
	Ways          []money.Way `json:"ways"`
	BizType       string      `json:"bizType"`
	SubType       string      `json:"subType"`
	ChannelType   string      `json:"channelType"`
	Bank          string      `json:"bank"`
	Reserved      string      `json:"reserved"`
	NotifyURL     string      `json:"notifyUrl"`
	ReturnURL     string      `json:"returnUrl"`
	Encryption    string      `json:"encryptionCertificate"`
}

// Names of the stand-ins that take payments, and in the partners' file.
const (
	wechatPayName = "wechatPay"
	alipayPayName = "alipayPay"
	unionPayName  = "unionPay"
)

// Where channels call us; see callbacks.
const callbackPay = "callback/pay/"

// openTills opens the channels that the file names; where it names none, all are stood in for.
func (p *Partners) openTills(file tillFile, home string, k clock.Clock, random io.Reader) (err error) {
	p.ways, p.deductions = map[money.Channel][]money.Way{}, map[money.Channel]agreement.Offer{}
	if file.WechatPay == nil && file.AlipayPay == nil && len(file.UnionPay) == 0 {
		return p.standInForTills(home, k, random)
	}
	if f := file.WechatPay; f != nil {
		config := wechatpay.Config{
			BaseURL: wechatpay.Endpoint, MerchantID: f.MerchantID, CertificateSerial: f.CertificateSerial, PrivateKey: f.PrivateKey,
			APIv3Key: f.APIv3Key, AppIDs: f.AppIDs, NotifyURL: f.NotifyURL,
		}
		for id, pem := range f.PlatformKeys {
			config.PlatformKeys = append(config.PlatformKeys, wechatpay.PlatformKey{ID: id, PEM: pem})
		}
		if err := p.openWechatPay(config, k); err != nil {
			return err
		}
		p.deductByWechat(f.ParkingName)
	}
	if f := file.AlipayPay; f != nil {
		err := p.openAlipayPay(alipay.PayConfig{
			App: f.config(), Seller: f.Seller, NotifyURL: f.NotifyURL, ReturnURL: f.ReturnURL, Advances: f.Advances,
		}, k)
		if err != nil {
			return err
		}
		p.deductByAlipay(charge.Lot{Number: f.Parking.Number, ID: f.Parking.ID}, f.Advances)
	}
	for channel, f := range file.UnionPay {
		if err := p.openUnionPay(channel, f.config(), k); err != nil {
			return err
		}
	}
	return nil
}

func (f unionPayMerchant) config() unionpay.Config {
	return unionpay.Config{
		Gateway: unionpay.Gateway, Files: unionpay.Files, MerchantID: f.MerchantID, Certificate: f.Certificate, PrivateKey: f.PrivateKey,
		Roots: f.Roots, Intermediates: f.Intermediates, Owner: f.Owner, NoticeURL: f.NotifyURL, ReturnURL: f.ReturnURL,
		Encryption: f.Encryption,
		Product: unionpay.Product{
			Ways: f.Ways, BizType: f.BizType, SubType: f.SubType, ChannelType: f.ChannelType, Bank: f.Bank, Reserved: f.Reserved,
		},
	}
}

func (p *Partners) openWechatPay(c wechatpay.Config, k clock.Clock) (err error) {
	for _, way := range []money.Way{money.MiniProgram, money.H5, money.App} {
		if c.AppIDs[way] != "" {
			p.ways[money.WeChat] = append(p.ways[money.WeChat], way)
		}
	}
	p.WechatPay, err = wechatpay.New(c, k)
	return err
}

func (p *Partners) openAlipayPay(c alipay.PayConfig, k clock.Clock) (err error) {
	p.ways[money.Alipay] = []money.Way{money.MiniProgram, money.H5, money.App}
	p.AlipayPay, err = alipay.NewPay(c, k)
	return err
}

func (p *Partners) openUnionPay(channel money.Channel, c unionpay.Config, k clock.Clock) error {
	client, err := unionpay.New(c, k)
	if err != nil {
		return err
	}
	if p.UnionPay == nil {
		p.UnionPay = map[money.Channel]*unionpay.Client{}
	}
	p.UnionPay[channel], p.ways[channel] = client, c.Product.Ways
	return nil
}
