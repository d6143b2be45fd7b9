package alipay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
)

const (
	billTimeout = time.Minute
	maxBill     = 16 << 20 // of the ZIP; a trade takes about forty bytes in it
)

func billClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		Timeout:       billTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Statement answers what moved on a day in Beijing: payments and refunds of every way, other apps' and what was
// refunded by hand included. It is there from about nine on the next day, and for years
// (https://opendocs.alipay.com/open/02fkbm). It must agree with its own summary, in how many movements there were
// of either kind and in their sum. Errors: fault.Unavailable when it is not there yet or cannot be read;
// charge.Refused.
func (p *Pay) Statement(ctx context.Context, day time.Time) ([]charge.Line, error) {
	reply, err := ask[struct {
		URL string `json:"bill_download_url"`
	}](ctx, p, call{method: "alipay.data.dataservice.bill.downloadurl.query", content: struct {
		Type string `json:"bill_type"`
		Date string `json:"bill_date"`
	}{"trade", day.In(beijing).Format(time.DateOnly)}})
	if err != nil {
		return nil, err
	}
	address, err := p.billAddress(reply.URL)
	if err != nil {
		return nil, err
	}
	zipped, err := p.download(ctx, address)
	if err != nil {
		return nil, err
	}
	return readBill(zipped, day)
}

// billAddress reads where a statement lies: with Alipay, or with the stand-in that told it. Alipay has told
// addresses without TLS, and serves them with it.
func (p *Pay) billAddress(told string) (string, error) {
	address, err := url.Parse(told)
	if err != nil {
		return "", unreadable("the statement's address is not one")
	}
	if p.gateway.String() != Endpoint {
		if address.Host != p.gateway.Host || address.Scheme != p.gateway.Scheme {
			return "", unreadable("the statement lies elsewhere")
		}
		return address.String(), nil
	}
	if !strings.HasSuffix(address.Hostname(), ".alipay.com") || address.Port() != "" {
		return "", unreadable("the statement lies elsewhere")
	}
	address.Scheme = "https"
	return address.String(), nil
}

// download answers a statement's ZIP. Its address opens it to anybody, so no error names it.
func (p *Pay) download(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, unreadable("the statement's address is not one")
	}
	response, err := p.bills.Do(request)
	if err != nil {
		var sent *url.Error
		if errors.As(err, &sent) {
			err = sent.Err
		}
		return nil, fault.Unavailable.Because(fmt.Errorf("alipay: fetch the statement: %w", err))
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fault.Unavailable.Because(fmt.Errorf("alipay: the statement was answered with status %d", response.StatusCode))
	}
	zipped, err := io.ReadAll(io.LimitReader(response.Body, maxBill+1))
	if err != nil {
		return nil, fault.Unavailable.Because(fmt.Errorf("alipay: fetch the statement: %w", err))
	}
	if len(zipped) > maxBill {
		return nil, unreadable("the statement is too long")
	}
	return zipped, nil
}
