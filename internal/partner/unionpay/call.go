package unionpay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"parkbff/internal/fault"
	"parkbff/internal/partner/unionpay/acp"
)

// Paths of the gateway.
const (
	frontPath = "/gateway/api/frontTransReq.do"
	appPath   = "/gateway/api/appTransReq.do"
	backPath  = "/gateway/api/backTransReq.do"
	queryPath = "/gateway/api/queryTrans.do"
)

const (
	maxReply     = 256 << 10
	maxStatement = 64 << 20
)

// accessType of a merchant that asks for itself.
const accessType = "0"

// sign makes a message of ours of what it is to say.
func (c *Client) sign(m acp.Message) error {
	m["version"], m["encoding"], m["signMethod"] = acp.Version, acp.Encoding, acp.SignMethod
	m["certId"], m["merId"], m["accessType"] = c.certID, c.config.MerchantID, accessType
	if err := m.Sign(c.key); err != nil {
		return fmt.Errorf("unionpay: sign: %w", err)
	}
	return nil
}

// ask sends a message and answers a reply of UnionPay's to it. The error is fault.Unavailable.
func (c *Client) ask(ctx context.Context, address string, m acp.Message, most int64) (acp.Message, error) {
	if err := c.sign(m); err != nil {
		return nil, err
	}
	body, err := c.post(ctx, address, m.Form(), most)
	if err != nil {
		return nil, fault.Unavailable.Because(err)
	}
	reply, err := acp.Parse(body)
	if err != nil {
		return nil, fault.Unavailable.Because(errors.New("unionpay: the reply is not a message"))
	}
	if !c.authority.signed(reply, c.clock.Now()) {
		return nil, fault.Unavailable.Because(errors.New("unionpay: the reply is not UnionPay's"))
	}
	if !answers(reply, m) {
		return nil, fault.Unavailable.Because(errors.New("unionpay: the reply is to something else"))
	}
	return reply, nil
}

// answers tells whether a reply is to a message: replies are signed whomever and whatever they answer. Of an order
// that it cannot read UnionPay does not always repeat the time.
func answers(reply, m acp.Message) bool {
	if reply["merId"] != m["merId"] || reply["orderId"] != m["orderId"] {
		return false
	}
	for _, name := range []string{"txnTime", "settleDate"} {
		if reply[name] != "" && m[name] != "" && reply[name] != m[name] {
			return false
		}
	}
	return true
}

func (c *Client) post(ctx context.Context, address string, form url.Values, most int64) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", errors.New("unionpay: build the request")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset="+acp.Encoding)
	response, err := c.http.Do(request)
	if err != nil {
		var sent *url.Error
		if errors.As(err, &sent) {
			err = sent.Err
		}
		return "", fmt.Errorf("unionpay: send: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("unionpay: answered with status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return "", fmt.Errorf("unionpay: read the reply: %w", err)
	}
	if int64(len(body)) > most {
		return "", errors.New("unionpay: the reply is too long")
	}
	return string(body), nil
}
