package server

import (
	"encoding/base64"
	"io"

	"parkbff/internal/clock"
	"parkbff/internal/partner/acs3"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/oneclick"
	sandboxalipay "parkbff/internal/partner/sandbox/alipay"
	sandboxoneclick "parkbff/internal/partner/sandbox/oneclick"
	sandboxwechat "parkbff/internal/partner/sandbox/wechat"
	"parkbff/internal/partner/wechat"
)

// channelFile is the part of the partners' file that says who vouches for people.
type channelFile struct {
	WechatMini *struct {
		AppID           string          `json:"appId"`
		AppSecret       string          `json:"appSecret"`
		State           string          `json:"state"`
		NoticeTemplates NoticeTemplates `json:"noticeTemplates"`
	} `json:"wechatMini"`
	WechatOfficial *struct {
		AppID          string `json:"appId"`
		AppSecret      string `json:"appSecret"`
		Token          string `json:"token"`
		EncodingAESKey string `json:"encodingAesKey"`
		RedirectURL    string `json:"redirectUrl"`
	} `json:"wechatOfficial"`
	AlipayMini *alipayApp `json:"alipayMini"`
	AlipayLife *alipayApp `json:"alipayLife"`
	OneClick   *struct {
		AccessKeyID     string `json:"accessKeyId"`
		AccessKeySecret string `json:"accessKeySecret"`
	} `json:"oneClick"`
}

type alipayApp struct {
	AppID           string `json:"appId"`
	PrivateKey      string `json:"privateKey"`
	AlipayPublicKey string `json:"alipayPublicKey"`
	ContentKey      string `json:"contentKey"`
	RedirectURL     string `json:"redirectUrl"`

	NoticeTemplates NoticeTemplates `json:"noticeTemplates"` // the mini-program's
}

func (a alipayApp) config() alipay.Config {
	return alipay.Config{
		Gateway: alipay.Endpoint, AppID: a.AppID, PrivateKey: a.PrivateKey, AlipayPublicKey: a.AlipayPublicKey,
		ContentKey: a.ContentKey, RedirectURL: a.RedirectURL,
	}
}

// Names of the channels' stand-ins, and in the partners' file.
const (
	wechatMiniName     = "wechatMini"
	wechatOfficialName = "wechatOfficial"
	alipayMiniName     = "alipayMini"
	alipayLifeName     = "alipayLife"
	oneClickName       = "oneClick"
)

// Apps that the stand-ins know. Nothing of them is secret: only this process can reach them.
const (
	sandboxSecret     = "sandbox"
	sandboxMini       = "wxsandboxmini"
	sandboxOfficial   = "wxsandboxofficial"
	sandboxAESKey     = "sandboxsandboxsandboxsandboxsandboxsandboxs"
	sandboxAlipayMini = "2026000000000001"
	sandboxAlipayLife = "2026000000000002"
)

func (p *Partners) openWechat(file channelFile, home string, k clock.Clock, random io.Reader) (err error) {
	var mini wechat.Config
	var official wechat.OfficialConfig
	if file.WechatMini == nil || file.WechatOfficial == nil {
		if mini, official, err = p.standInForWechat(home, k, random); err != nil {
			return err
		}
	}
	if f := file.WechatMini; f != nil {
		mini = wechat.Config{BaseURL: wechat.Endpoint, App: wechat.App{ID: f.AppID, Secret: f.AppSecret}, State: f.State}
	} else {
		p.stoodIn(wechatMiniName)
	}
	if f := file.WechatOfficial; f != nil {
		official = wechat.OfficialConfig{
			Config:      wechat.Config{BaseURL: wechat.Endpoint, App: wechat.App{ID: f.AppID, Secret: f.AppSecret}},
			RedirectURL: f.RedirectURL, Token: f.Token, EncodingAESKey: f.EncodingAESKey,
		}
	} else {
		p.stoodIn(wechatOfficialName)
	}
	if p.WechatMini, err = wechat.NewMini(mini, k); err != nil {
		return err
	}
	p.WechatOfficial, err = wechat.NewOfficial(official, k)
	return err
}

// standInForWechat answers how the two apps of the stand-in are reached.
func (p *Partners) standInForWechat(home string, k clock.Clock, random io.Reader) (mini wechat.Config, official wechat.OfficialConfig, err error) {
	mini.App = wechat.App{ID: sandboxMini, Secret: sandboxSecret}
	official = wechat.OfficialConfig{
		Config:      wechat.Config{App: wechat.App{ID: sandboxOfficial, Secret: sandboxSecret}},
		RedirectURL: home, Token: sandboxSecret, EncodingAESKey: sandboxAESKey,
	}
	p.Wechat, err = sandboxwechat.New(k, random,
		sandboxwechat.App{ID: sandboxMini, Secret: sandboxSecret},
		sandboxwechat.App{ID: sandboxOfficial, Secret: sandboxSecret, Token: sandboxSecret, EncodingAESKey: sandboxAESKey, RedirectURL: home})
	if err != nil {
		return mini, official, err
	}
	mini.BaseURL, err = p.serve("wechat", p.Wechat)
	official.BaseURL = mini.BaseURL
	return mini, official, err
}

func (p *Partners) openAlipay(file channelFile, home string, k clock.Clock, random io.Reader) (err error) {
	var mini, life alipay.Config
	if file.AlipayMini == nil || file.AlipayLife == nil {
		if mini, life, err = p.standInForAlipay(home, k, random); err != nil {
			return err
		}
	}
	if file.AlipayMini != nil {
		mini = file.AlipayMini.config()
	} else {
		p.stoodIn(alipayMiniName)
	}
	if file.AlipayLife != nil {
		life = file.AlipayLife.config()
	} else {
		p.stoodIn(alipayLifeName)
	}
	if p.AlipayMini, err = alipay.New(mini, k); err != nil {
		return err
	}
	p.AlipayLife, err = alipay.New(life, k)
	return err
}

// standInForAlipay answers how the two apps of the stand-in are reached.
func (p *Partners) standInForAlipay(home string, k clock.Clock, random io.Reader) (mini, life alipay.Config, err error) {
	keys, err := sandboxalipay.NewKeys()
	if err != nil {
		return mini, life, err
	}
	contentKey := base64.StdEncoding.EncodeToString([]byte("sandboxsandboxsa"))
	p.Alipay, err = sandboxalipay.New(k, random,
		sandboxalipay.App{ID: sandboxAlipayMini, Keys: keys, ContentKey: contentKey},
		sandboxalipay.App{ID: sandboxAlipayLife, Keys: keys, RedirectURL: home})
	if err != nil {
		return mini, life, err
	}
	base, err := p.serve("alipay", p.Alipay)
	app := alipayApp{AppID: sandboxAlipayMini, PrivateKey: keys.AppPrivate(), AlipayPublicKey: keys.AlipayPublic(), RedirectURL: home}
	mini, life = app.config(), app.config()
	mini.Gateway, mini.ContentKey = base+"/gateway.do", contentKey
	life.Gateway, life.AppID = base+"/gateway.do", sandboxAlipayLife
	return mini, life, err
}

func (p *Partners) openOneClick(file channelFile, k clock.Clock, random io.Reader) (err error) {
	settings := oneclick.Config{BaseURL: oneclick.Endpoint}
	if f := file.OneClick; f != nil {
		settings.Credentials = acs3.Credentials{ID: f.AccessKeyID, Secret: f.AccessKeySecret}
	} else {
		settings.Credentials = acs3.Credentials{ID: sandboxSecret, Secret: sandboxSecret}
		if p.OneClickNumbers, err = sandboxoneclick.New(settings.Credentials, k, random); err != nil {
			return err
		}
		if settings.BaseURL, err = p.standIn(oneClickName, p.OneClickNumbers); err != nil {
			return err
		}
	}
	p.OneClick, err = oneclick.New(settings, k, random)
	return err
}

// stoodIn notes that a stand-in stands for a partner.
func (p *Partners) stoodIn(name string) { p.StandIns = append(p.StandIns, name) }
