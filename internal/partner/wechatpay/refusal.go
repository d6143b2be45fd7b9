package wechatpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
)

// Codes of refusals, as codeOf writes them.
const (
	orderNotExist     = "ORDERNOTEXIST"
	resourceNotExists = "RESOURCENOTEXISTS"
	orderPaid         = "ORDERPAID"
	orderClosed       = "ORDERCLOSED"
	noStatement       = "NOSTATEMENTEXIST"
	statementCreating = "STATEMENTCREATING"
)

// refusal is what WeChat said instead of an answer. There is no code where it said nothing that can be believed.
type refusal struct {
	code  string
	fault error
}

// refused translates an error of the SDK. Nothing of its text goes on: it quotes headers, URLs and WeChat's message,
// and that may quote what was sent.
func (c *Client) refused(ctx context.Context, err error) refusal {
	var said *core.APIError
	if errors.As(err, &said) {
		if failed := c.seal.check(ctx, said.Header, []byte(said.Body)); failed != nil {
			return refusal{fault: unavailable(fmt.Errorf("status %d: %w", said.StatusCode, failed))}
		}
		code := codeOf(said)
		return refusal{code, translate(said.StatusCode, code)}
	}
	var sent *url.Error
	if errors.As(err, &sent) {
		return refusal{fault: unavailable(fmt.Errorf("wechatpay: send: %w", sent.Err))}
	}
	return refusal{fault: unavailable(errors.New("wechatpay: no reply that is signed and can be read"))}
}

// codeOf writes a code without its underscores: WeChat has written ORDERNOTEXIST and ORDER_NOT_EXIST for one thing.
func codeOf(said *core.APIError) string {
	return strings.ReplaceAll(strings.ToUpper(said.Code), "_", "")
}

// translate tells what a refusal means to a caller (https://pay.weixin.qq.com/doc/v3/merchant/4012070747).
func translate(status int, code string) error {
	cause := fmt.Errorf("wechatpay: refused with %d, %q", status, code)
	switch code {
	case orderPaid:
		return charge.AlreadyPaid.Because(cause)
	case "NOTENOUGH", "ACCOUNTERROR", "USERACCOUNTABNORMAL", "TRADEERROR", "RULELIMIT":
		return charge.Declined.Because(cause)
	case "OPENIDMISMATCH": // comes with status 500, and is none the less final
		return charge.Refused.Because(cause)
	case "FREQUENCYLIMITED":
		return fault.RateLimited.Because(cause)
	case "SIGNERROR", statementCreating:
		return fault.Unavailable.Because(cause)
	}
	switch {
	case status == http.StatusTooManyRequests:
		return fault.RateLimited.Because(cause)
	case status < http.StatusBadRequest || status >= http.StatusInternalServerError:
		return fault.Unavailable.Because(cause)
	}
	return charge.Refused.Because(cause)
}

func unavailable(cause error) error { return fault.Unavailable.Because(cause) }

// read opens a reply that the SDK has found signed. A status such as 202 says that WeChat is not done.
func read[T any](result *core.APIResult) (T, error) {
	var said T
	if result.Response.StatusCode != http.StatusOK {
		return said, unavailable(fmt.Errorf("wechatpay: answered with status %d", result.Response.StatusCode))
	}
	if err := json.NewDecoder(result.Response.Body).Decode(&said); err != nil {
		return said, unavailable(errors.New("wechatpay: the reply is not of the form agreed"))
	}
	return said, nil
}
