package wechatpay

import (
	"context"
	"crypto/sha1" // what WeChat gives; the hash itself comes signed
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/wechatpay/bill"
)

// readyAt is how long after its day's end a statement is there to be fetched.
const readyAt = 10 * time.Hour

// billed is where a statement lies.
type billed struct {
	HashValue string `json:"hash_value"` // SHA1
	URL       string `json:"download_url"`
}

// Statement answers what was paid, and what refunds were asked for, on a day of Shanghai's, whichever instant of it
// is given; none at all when WeChat has no statement of it. A refund stands under the day it was asked for, and stays
// there whatever becomes of it. WeChat makes a day's statement in the next morning: before 10:00 the answer is
// fault.Unavailable, as it is when the file is not the one that WeChat has signed for or does not add up.
// Other errors: charge.Refused (a day too long ago), fault.RateLimited.
// https://pay.weixin.qq.com/doc/v3/merchant/4012791866, …/docs/merchant/products/bill-download/format-trade.html
func (c *Client) Statement(ctx context.Context, day time.Time) ([]charge.Line, error) {
	y, m, d := day.In(clock.Shanghai).Date()
	if c.clock.Now().Before(time.Date(y, m, d+1, 0, 0, 0, 0, clock.Shanghai).Add(readyAt)) {
		return nil, unavailable(errors.New("wechatpay: the statement has not been made yet"))
	}
	query := url.Values{"bill_date": {fmt.Sprintf("%04d-%02d-%02d", y, m, d)}, "bill_type": {"ALL"}}
	result, err := c.sdk.Get(ctx, Endpoint+"/v3/bill/tradebill?"+query.Encode())
	if err != nil {
		said := c.refused(ctx, err)
		if said.code == noStatement {
			return nil, nil
		}
		return nil, said.fault
	}
	where, err := read[billed](result)
	if err != nil {
		return nil, err
	}
	raw, err := c.download(ctx, where)
	if err != nil {
		return nil, err
	}
	lines, err := bill.Parse(raw)
	if err != nil {
		return nil, unavailable(err)
	}
	return lines, nil
}

// download fetches a file that is signed for by its hash alone, from the base URL whatever host it is said to lie at.
func (c *Client) download(ctx context.Context, where billed) ([]byte, error) {
	result, err := c.downloads.Get(ctx, where.URL)
	if err != nil {
		return nil, c.refused(ctx, err).fault
	}
	defer func() { _ = result.Response.Body.Close() }()
	raw, err := io.ReadAll(result.Response.Body)
	if err != nil || result.Response.StatusCode != http.StatusOK {
		return nil, unavailable(errors.New("wechatpay: the statement cannot be read"))
	}
	sum := sha1.Sum(raw)
	if !strings.EqualFold(hex.EncodeToString(sum[:]), where.HashValue) {
		return nil, unavailable(errors.New("wechatpay: the statement is not the one that was signed for"))
	}
	return raw, nil
}
