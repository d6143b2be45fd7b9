package einvoice

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the service's choice
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"parkbff/internal/fault"
)

const servicesPath = "/open/v1/services"

// Codes of the service (https://open.nuonuo.com, 公共异常码, and those of the interfaces). What begins with E is said
// of the request; the rest speaks of our account or of the service, and somebody has to mend that.
const (
	success       = "E0000"
	formerSuccess = "0000"
	duplicate     = "E9106" // 订单编号不能重复
	notFound      = "E9500" // 发票不存在
	tooManyTries  = "E9613" // 同一流水号单日最多重试 20 次
	incomplete    = "0201"
	dailyLimit    = "070201"
	noQuota       = "070204"
	staleToken    = "070301" // accessToken不匹配
	wrongUser     = "070401"
)

// Sign answers X-Nuonuo-Sign: Base64 of HMAC-SHA1 over the parts of the path, the parameters and the body, as the
// service's SDK 2.0 does it.
func Sign(secret, appKey, senid, nonce, timestamp string, body []byte) string {
	mac := hmac.New(sha1.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "a=services&l=v1&p=open&k=%s&i=%s&n=%s&t=%s&f=%s", appKey, senid, nonce, timestamp, body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// said is what the service refused with.
type said struct{ call, code string }

func (s *said) Error() string { return "einvoice: " + s.call + " was refused with " + clean(s.code) }

// codeOf is the service's code within err, or empty.
func codeOf(err error) string {
	var refused *said
	if errors.As(err, &refused) {
		return refused.code
	}
	return ""
}

// clean answers a code that can be nothing but one.
func clean(code string) string {
	if len(code) > 12 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return "?"
	}
	return code
}

// call signs and sends one request, with a fresh token if the service takes ours no more, and reads the result.
func (c *Client) call(ctx context.Context, name string, content, into any) error {
	body, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("einvoice: %s: write: %w", name, err)
	}
	token, err := c.authenticated(ctx, "")
	if err != nil {
		return err
	}
	err = c.send(ctx, name, token, body, into)
	if codeOf(err) != staleToken {
		return err
	}
	if token, err = c.authenticated(ctx, token); err != nil {
		return err
	}
	return c.send(ctx, name, token, body, into)
}

func (c *Client) send(ctx context.Context, name, token string, body []byte, into any) error {
	query, header, err := c.envelope(name, token, body)
	if err != nil {
		return err
	}
	reply, err := c.services.Ask(ctx, http.MethodPost, servicesPath+"?"+query, header, json.RawMessage(body))
	if err != nil {
		return err
	}
	var answer struct {
		Code   word            `json:"code"`
		Result json.RawMessage `json:"result"`
	}
	if reply.Status == http.StatusTooManyRequests {
		return fault.RateLimited.Because(fmt.Errorf("einvoice: %s: status %d", name, reply.Status))
	}
	if err := json.Unmarshal(reply.Body, &answer); err != nil || reply.Status != http.StatusOK || answer.Code == "" {
		return unreadable(name)
	}
	if answer.Code != success && answer.Code != formerSuccess {
		return refusal(name, string(answer.Code))
	}
	if into == nil || len(answer.Result) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer.Result, into); err != nil {
		return unreadable(name)
	}
	return nil
}

// envelope answers what stands around a body: who sends it, when, and the signature.
func (c *Client) envelope(name, token string, body []byte) (string, http.Header, error) {
	var senid [16]byte
	if _, err := rand.Read(senid[:]); err != nil {
		return "", nil, fmt.Errorf("einvoice: no randomness: %w", err)
	}
	n, err := rand.Int(rand.Reader, big.NewInt(90_000_000))
	if err != nil {
		return "", nil, fmt.Errorf("einvoice: no randomness: %w", err)
	}
	id, nonce := hex.EncodeToString(senid[:]), strconv.FormatInt(n.Int64()+10_000_000, 10)
	timestamp := strconv.FormatInt(c.clock.Now().Unix(), 10)
	query := url.Values{"senid": {id}, "nonce": {nonce}, "timestamp": {timestamp}, "appkey": {c.config.AppKey}}
	header := http.Header{}
	header.Set("X-Nuonuo-Sign", Sign(c.config.AppSecret, c.config.AppKey, id, nonce, timestamp, body))
	header.Set("accessToken", token)
	header.Set("userTax", c.config.Seller.TaxNumber)
	header.Set("method", name)
	return query.Encode(), header, nil
}

// refusal translates the service's code. Its words may quote the buyer, and are not even read.
func refusal(call, code string) error {
	cause := &said{call: call, code: code}
	switch {
	case code == tooManyTries || code == dailyLimit || code == noQuota:
		return fault.RateLimited.Because(cause)
	case code == incomplete || strings.HasPrefix(code, "E"):
		return Refused.Because(cause)
	}
	return fault.Unavailable.Because(cause)
}

// unreadable is for a reply that is not of the service's form.
func unreadable(call string) error {
	return fault.Unavailable.Because(errors.New("einvoice: " + call + ": no readable reply"))
}
