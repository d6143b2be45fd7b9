package unionpay

import (
	"net/http"
	"net/url"
	"time"

	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/unionpay/acp"
	"parkbff/internal/partner/vouch"
)

// remembered is how old a notice may be. UnionPay repeats one for some seven minutes, and people repeat it from
// UnionPay's console for as long as its day lasts. It says when the money moved, and nothing of when it was sent.
const remembered = 24 * time.Hour

// Notice reads what UnionPay posted to the notice URL: the fields of the body, and none of a query
// (https://open.unionpay.com/tjweb/acproduct/APIList?acpAPIId=754&apiservId=448, 后台通知). A payment is DONE, or PENDING
// after a card was declined. What tells of neither a payment nor a refund has neither, and is to be replied to all
// the same: UnionPay repeats what is not answered with 200. Error: vouch.Forged.
func (c *Client) Notice(form url.Values) (*charge.Notice, error) {
	m, err := acp.FromForm(form)
	if err != nil || !c.authority.signed(m, c.clock.Now()) || m["merId"] != c.config.MerchantID || m["accessType"] != accessType {
		return nil, vouch.Forged
	}
	if !fresh(m, c.clock.Now()) {
		return nil, vouch.Forged
	}
	notice := &charge.Notice{Reply: charge.Reply{Status: http.StatusOK, Media: "text/plain; charset=utf-8", Body: []byte("ok")}}
	switch m["txnType"] {
	case buying:
		notice.Payment, err = bought(m)
	case refund:
		notice.Refund, err = refunded(m, m["respCode"])
	}
	if err != nil {
		return nil, vouch.Forged
	}
	return notice, nil
}

// bought reads a notice of a payment, or of a card that was declined.
func bought(m acp.Message) (*charge.Receipt, error) {
	if succeeded(m["respCode"]) {
		return paid(m)
	}
	return &charge.Receipt{Number: m["orderId"], State: charge.Pending}, nil
}

// fresh tells whether a notice is of a trade of not long ago.
func fresh(m acp.Message, now time.Time) bool {
	at, err := acp.ParseTime(m["txnTime"])
	if err != nil {
		return false
	}
	if m["traceTime"] != "" {
		if at, err = acp.NearTime(m["traceTime"], at); err != nil {
			return false
		}
	}
	return now.Sub(at) <= remembered && at.Sub(now) <= vouch.Window
}
