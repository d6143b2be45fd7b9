package wechatpay

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/vouch"
)

const (
	maxNotice   = 64 << 10
	sealingKind = "AEAD_AES_256_GCM"
	gcmNonce    = 12
)

// call is what WeChat calls us with.
type call struct {
	Event    string `json:"event_type"`
	Resource struct {
		Algorithm  string `json:"algorithm"`
		Ciphertext string `json:"ciphertext"`
		Nonce      string `json:"nonce"`
		Associated string `json:"associated_data"`
	} `json:"resource"`
}

// Notice reads a call of WeChat's to the notify URL, the body exactly as it came: a payment or a deduction for
// parking, paid, failed or repaid (TRANSACTION.…), or a refund (REFUND.…). A notice of neither says that a car's
// standing with the parking service has changed, which only needs the reply.
//
// The signature is checked over the raw body, by the key the call names, before anything is opened. What is older or
// younger than five minutes, of another merchant or of an app that is not ours is refused. WeChat repeats a call until
// it hears the reply, for a day, and within the five minutes anybody may: whoever takes a notice in does so once for
// each number and state. To a call that cannot be taken in just now, answer a status of 500 and
// {"code":"FAIL","message":"…"}; WeChat calls again. Error: vouch.Forged.
// https://pay.weixin.qq.com/doc/v3/merchant/4012791861, …/4012791865, …/4012284311
func (c *Client) Notice(header http.Header, body []byte) (*charge.Notice, error) {
	if len(body) > maxNotice {
		return nil, forged(errors.New("wechatpay: the call is too long"))
	}
	if err := c.seal.check(context.Background(), header, body); err != nil {
		return nil, forged(err)
	}
	var said call
	if err := json.Unmarshal(body, &said); err != nil {
		return nil, forged(errors.New("wechatpay: the call is not JSON"))
	}
	content, err := c.opened(said)
	if err != nil {
		return nil, forged(err)
	}
	notice := &charge.Notice{Reply: charge.Reply{Status: http.StatusNoContent}}
	switch {
	case strings.HasPrefix(said.Event, "TRANSACTION."):
		notice.Payment, err = c.payment(content)
	case strings.HasPrefix(said.Event, "REFUND."):
		notice.Refund, err = c.refund(content)
	}
	if err != nil {
		return nil, forged(err)
	}
	return notice, nil
}

func forged(cause error) error { return vouch.Forged.Because(cause) }

// opened decrypts what a call carries. That succeeds with our key alone.
func (c *Client) opened(said call) ([]byte, error) {
	sealed := said.Resource
	// The cipher panics at a nonce of another length.
	if sealed.Algorithm != sealingKind || len(sealed.Nonce) != gcmNonce {
		return nil, errors.New("wechatpay: sealed in another way")
	}
	content, err := utils.DecryptAES256GCM(c.apiKey, sealed.Associated, sealed.Nonce, sealed.Ciphertext)
	if err != nil {
		return nil, errors.New("wechatpay: not sealed for us")
	}
	return []byte(content), nil
}

func (c *Client) payment(content []byte) (*charge.Receipt, error) {
	var t transaction
	if err := json.Unmarshal(content, &t); err != nil {
		return nil, errors.New("wechatpay: the payment is not of the form agreed")
	}
	if !c.ours(t) {
		return nil, errors.New("wechatpay: the payment is another's")
	}
	receipt, err := t.receipt()
	if err != nil {
		return nil, err
	}
	return &receipt, nil
}

func (c *Client) refund(content []byte) (*charge.RefundReceipt, error) {
	var r refund
	if err := json.Unmarshal(content, &r); err != nil {
		return nil, errors.New("wechatpay: the refund is not of the form agreed")
	}
	if r.MchID != c.merchant {
		return nil, errors.New("wechatpay: the refund is another's")
	}
	receipt, err := r.receipt()
	if err != nil {
		return nil, err
	}
	return &receipt, nil
}
