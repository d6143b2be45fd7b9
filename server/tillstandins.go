package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"

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

// Merchants and apps that the stand-ins know.
const (
	sandboxMerchant  = "1900000001"
	sandboxH5        = "wxsandboxh5"
	sandboxApp       = "wxsandboxapp"
	sandboxSeller    = "2088000000000001"
	sandboxPlace     = "parkbff"
	sandboxParking   = "智慧停车"
	sandboxAlipayPay = sandboxAlipayMini // in the mini-program one pays the app that one signed in to
)

// sandboxUnionPay are the variants of one protocol: merchant, product and bank.
var sandboxUnionPay = map[money.Channel]struct {
	merchant, product, bank string
	ways                    []money.Way
}{
	money.UnionPay:  {"777290058110001", "000201", "", []money.Way{money.H5, money.App}},
	money.QuickPass: {"777290058110002", "000902", "", []money.Way{money.H5, money.App}},
	money.ABC:       {"777290058110003", "000202", "ABC", []money.Way{money.H5}},
	money.CCB:       {"777290058110004", "000202", "CCB", []money.Way{money.H5}},
	money.Wallet:    {"777290058110005", "000301", "", []money.Way{money.H5, money.App}},
}

func (p *Partners) standInForTills(home string, k clock.Clock, random io.Reader) error {
	random, err := apart(random)
	if err != nil {
		return err
	}
	return errors.Join(p.standInForWechatPay(home, k, random), p.standInForAlipayPay(home, k, random), p.standInForUnionPay(home, k, random))
}

// source is random numbers for the stand-ins alone: they draw some whenever statements are fetched, and whoever gives
// the program its random numbers must be able to tell what it draws next.
type source struct {
	mu sync.Mutex
	*rand.ChaCha8
}

// apart answers a source that begins where another one says.
func apart(from io.Reader) (*source, error) {
	var seed [32]byte
	if _, err := io.ReadFull(from, seed[:]); err != nil {
		return nil, fmt.Errorf("draw a seed: %w", err)
	}
	return &source{ChaCha8: rand.NewChaCha8(seed)}, nil
}

// Read draws.
func (s *source) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ChaCha8.Read(p)
}

// Automate has the stand-ins that take payments call us as soon as somebody has paid, until ctx ends.
func (p *Partners) Automate(ctx context.Context) {
	if p.WechatMoney == nil {
		return
	}
	p.AlipayMoney.Automatic()
	p.UnionPayMoney.Automatic()
	p.WechatMoney.Run(ctx)
}

func (p *Partners) standInForWechatPay(home string, k clock.Clock, random io.Reader) error {
	keys, err := sandboxwechatpay.NewKeys()
	if err != nil {
		return err
	}
	p.WechatMoney, err = sandboxwechatpay.New(sandboxwechatpay.Config{
		Platform: keys.Platform, Automatic: true,
		Merchants: []sandboxwechatpay.Merchant{sandboxwechatpay.NewMerchant(sandboxMerchant, keys, sandboxMini, sandboxH5, sandboxApp)},
	}, k, random)
	if err != nil {
		return err
	}
	base, err := p.standIn(wechatPayName, p.WechatMoney)
	if err != nil {
		return err
	}
	err = p.openWechatPay(wechatpay.Config{
		BaseURL: base, MerchantID: sandboxMerchant, CertificateSerial: keys.Serial(), PrivateKey: keys.MerchantPrivate(),
		APIv3Key: keys.APIv3, PlatformKeys: []wechatpay.PlatformKey{{ID: sandboxwechatpay.PlatformKeyID, PEM: keys.PlatformPublic()}},
		AppIDs:    map[money.Way]string{money.MiniProgram: sandboxMini, money.H5: sandboxH5, money.App: sandboxApp},
		NotifyURL: home + callbackPay + wechatPayPath,
	}, k)
	p.deductByWechat(sandboxParking)
	return err
}

func (p *Partners) standInForAlipayPay(home string, k clock.Clock, random io.Reader) error {
	keys, err := sandboxalipay.NewKeys()
	if err != nil {
		return err
	}
	p.AlipayMoney, err = sandboxalipay.New(k, random, sandboxalipay.App{ID: sandboxAlipayPay, Keys: keys, Seller: sandboxSeller, Advances: true})
	if err != nil {
		return err
	}
	base, err := p.standIn(alipayPayName, p.AlipayMoney)
	if err != nil {
		return err
	}
	err = p.openAlipayPay(alipay.PayConfig{
		App: alipay.Config{
			Gateway: base + "/gateway.do", AppID: sandboxAlipayPay, PrivateKey: keys.AppPrivate(), AlipayPublicKey: keys.AlipayPublic(),
		},
		Seller: sandboxSeller, NotifyURL: home + callbackPay + alipayPayPath, ReturnURL: home, Advances: true,
	}, k)
	if err != nil {
		return err
	}
	place := alipay.Place{Number: sandboxPlace, Name: sandboxParking, Address: "深圳市"}
	id, err := p.AlipayPay.Register(context.Background(), place)
	p.deductByAlipay(charge.Lot{Number: place.Number, ID: id}, true)
	return err
}

func (p *Partners) standInForUnionPay(home string, k clock.Clock, random io.Reader) error {
	keys, err := sandboxunionpay.NewKeys()
	if err != nil {
		return err
	}
	var merchants []sandboxunionpay.Merchant
	for _, v := range sandboxUnionPay {
		merchants = append(merchants, sandboxunionpay.Merchant{ID: v.merchant, Identity: keys.Merchant, BizType: v.product, Bank: v.bank, Pays: true})
	}
	p.UnionPayMoney = sandboxunionpay.New(k, random, keys, merchants...)
	base, err := p.standIn(unionPayName, p.UnionPayMoney)
	if err != nil {
		return err
	}
	for channel, v := range sandboxUnionPay {
		err := p.openUnionPay(channel, unionpay.Config{
			Gateway: base, Files: base + "/", MerchantID: v.merchant,
			Certificate: keys.Merchant.CertificatePEM(), PrivateKey: keys.Merchant.KeyPEM(),
			Roots: keys.Root.CertificatePEM(), Intermediates: keys.Middle.CertificatePEM(),
			Encryption: keys.Encryption.CertificatePEM(),
			Product:    unionpay.Product{Ways: v.ways, BizType: v.product, Bank: v.bank},
			NoticeURL:  home + callbackPay + payPaths[channel], ReturnURL: home,
		}, k)
		if err != nil {
			return fmt.Errorf("%s: %w", channel, err)
		}
	}
	return nil
}
