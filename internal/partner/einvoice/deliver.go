package einvoice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"parkbff/internal/fault"
)

const deliverCall = "nuonuo.OpeMplatform.deliveryInvoice"

const (
	fileTimeout = 20 * time.Second
	mostFile    = 8 << 20
)

// Deliver has an issued invoice sent once more, to a mail address, a mobile or both. Errors: Refused,
// fault.RateLimited, fault.Unavailable; a delivery whose answer was lost may come twice.
func (c *Client) Deliver(ctx context.Context, invoiceNumber, toMail, toMobile string) error {
	if toMail == "" && toMobile == "" || toMail != "" && (!mail.MatchString(toMail) || long(toMail, mostMail)) {
		return Refused.At("mail")
	}
	if toMobile != "" && !mobile.MatchString(toMobile) {
		return Refused.At("mobile")
	}
	return c.call(ctx, deliverCall, map[string]string{
		"taxnum": c.config.Seller.TaxNumber, "invoiceNum": invoiceNumber, "mail": toMail, "phone": toMobile,
	}, nil)
}

// Fetch answers an invoice as PDF, 8 MiB at most. The address is one that Find answered: other hosts than those of
// the service are Refused. Errors: Refused, fault.Unavailable.
func (c *Client) Fetch(ctx context.Context, address string) ([]byte, error) {
	at, err := url.Parse(address)
	if err != nil || at.User != nil || !slices.Contains(c.config.Files, at.Host) || at.Scheme != "https" && (at.Scheme != "http" || !isLoopback(at.Hostname())) {
		return nil, Refused.At("pdf").Because(errors.New("einvoice: the file lies elsewhere than the service's"))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, Refused.At("pdf").Because(errors.New("einvoice: no address of a file"))
	}
	response, err := c.files.Do(request)
	if err != nil {
		return nil, fault.Unavailable.Because(fmt.Errorf("einvoice: fetch: %w", withoutURL(err)))
	}
	defer func() { _ = response.Body.Close() }()
	pdf, err := io.ReadAll(io.LimitReader(response.Body, mostFile+1))
	if err != nil {
		return nil, fault.Unavailable.Because(fmt.Errorf("einvoice: fetch: %w", err))
	}
	if response.StatusCode != http.StatusOK || len(pdf) > mostFile || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		return nil, fault.Unavailable.Because(fmt.Errorf("einvoice: fetch: status %d and no invoice", response.StatusCode))
	}
	return pdf, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// withoutURL answers an error that does not name the address.
func withoutURL(err error) error {
	var sent *url.Error
	if errors.As(err, &sent) {
		return sent.Err
	}
	return err
}
