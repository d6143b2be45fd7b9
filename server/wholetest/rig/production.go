package rig

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	sandboxalipay "parkbff/internal/partner/sandbox/alipay"
	sandboxwechatpay "parkbff/internal/partner/sandbox/wechatpay"
	"parkbff/internal/vault"
)

// Production answers the settings (House.Extra) of a server as in production, whose keys and credentials lie in
// the folder. It has every partner and means none: nobody is called until somebody signs in.
func Production(folder string) ([]string, error) {
	keys, partners := filepath.Join(folder, "keys"), filepath.Join(folder, "partners.json")
	if _, err := vault.CreateKeys(keys, rand.Reader); err != nil {
		return nil, err
	}
	credentials, err := Credentials()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(credentials)
	if err != nil {
		return nil, fmt.Errorf("write the credentials: %w", err)
	}
	if err := os.WriteFile(partners, text, 0o600); err != nil {
		return nil, fmt.Errorf("write the credentials: %w", err)
	}
	return []string{"PARKBFF_ENV=production", "PARKBFF_KEYS=" + keys, "PARKBFF_PARTNERS=" + partners}, nil
}

// Credentials are a partners' file with a section for every third party. None of them is anybody's.
func Credentials() (map[string]any, error) {
	keys, err := sandboxalipay.NewKeys()
	if err != nil {
		return nil, fmt.Errorf("make keys for Alipay: %w", err)
	}
	money, err := sandboxwechatpay.NewKeys()
	if err != nil {
		return nil, fmt.Errorf("make keys for WeChat Pay: %w", err)
	}
	alipay := map[string]string{
		"appId": "2026", "privateKey": keys.AppPrivate(), "alipayPublicKey": keys.AlipayPublic(),
		"contentKey": "MDEyMzQ1Njc4OWFiY2RlZg==", "redirectUrl": "https://h5.example.cn/",
	}
	return map[string]any{
		"sms": map[string]any{
			"accessKeyId": "a", "accessKeySecret": "b", "signName": "c", "templateCodes": map[string]string{
				"LOGIN": "SMS_1", "STEP_UP": "SMS_2", "MERGE": "SMS_3", "CHANGE_MOBILE": "SMS_4", "GUARDIAN_CONSENT": "SMS_5",
			},
		},
		"ocr":        map[string]string{"secretId": "a", "secretKey": "b"},
		"alipayMini": alipay, "alipayLife": alipay,
		"wechatMini": map[string]string{"appId": "wx1", "appSecret": "s"},
		"wechatOfficial": map[string]string{
			"appId": "wx2", "appSecret": "s", "token": "t", "encodingAesKey": strings.Repeat("a", 43), "redirectUrl": "https://h5.example.cn/",
		},
		"oneClick": map[string]string{"accessKeyId": "a", "accessKeySecret": "b"},
		"jpush":    map[string]string{"appKey": "a", "masterSecret": "b"},
		"wechatPay": map[string]any{
			"merchantId": "1900000001", "certificateSerial": money.Serial(), "privateKey": money.MerchantPrivate(), "apiV3Key": money.APIv3,
			"platformKeys": map[string]string{sandboxwechatpay.PlatformKeyID: money.PlatformPublic()},
			"appIds":       map[string]string{"MINI_PROGRAM": "wx1"}, "notifyUrl": "https://api.example.cn/callback/pay/wechat",
		},
	}, nil
}
