package einvoice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"

	"parkbff/internal/money"
)

const (
	reverseCall  = "nuonuo.OpeMplatform.saveInvoiceRedConfirm"
	reversalCall = "nuonuo.OpeMplatform.queryInvoiceRedConfirm"
)

// seller is who asks, in the service's words.
const seller = "0"

// Reason to take an invoice back, in the service's words (redReason).
type Reason string

// Reasons.
const (
	Returned  Reason = "1" // 销货退回
	Mistaken  Reason = "2" // 开票有误
	Ended     Reason = "3" // 服务中止
	Allowance Reason = "4" // 销售折让
)

// Reversal takes an issued invoice back, whole or in part, by a red one. It prints as "reversal".
type Reversal struct {
	Number string // ours, 20 letters and digits at most; the same number reverses once
	Blue   string // number of the invoice, twenty digits
	Buyer  Buyer  // name and tax number as on the invoice
	Reason Reason
	Lines  []ReversedLine // empty: all of it
	Mail   string         // where the red one is sent; empty: where the blue one was
	Mobile string
}

// ReversedLine is what is taken back of one line of an invoice.
type ReversedLine struct {
	Index int    // of the line, from 1
	Name  string // as on the invoice
	Fen   int64  // with tax, above zero
}

// Format prints nobody's name.
func (Reversal) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "reversal") }

// LogValue keeps it out of structured logs.
func (Reversal) LogValue() slog.Value { return slog.StringValue("reversal") }

type reversal struct {
	ID        string         `json:"billId"`
	Order     string         `json:"orderNo"`
	Kind      string         `json:"blueInvoiceLine"`
	By        string         `json:"applySource"`
	Blue      string         `json:"blueElecInvoiceNumber"`
	SellerTax string         `json:"sellerTaxNo"`
	Seller    string         `json:"sellerName"`
	BuyerTax  string         `json:"buyerTaxNo,omitempty"`
	Buyer     string         `json:"buyerName"`
	Reason    string         `json:"redReason"`
	Extension string         `json:"extensionNumber,omitempty"`
	Mobile    string         `json:"phone,omitempty"`
	Mail      string         `json:"email,omitempty"`
	Lines     []reversedLine `json:"detail,omitempty"`
}

type reversedLine struct {
	Index  string `json:"blueDetailIndex"`
	Name   string `json:"goodsName"`
	Code   string `json:"goodsCode"`
	Rate   string `json:"taxRate"`
	Net    string `json:"taxExcludedAmount"`
	Tax    string `json:"taxAmount"`
	Policy string `json:"favouredPolicyFlag,omitempty"`
}

// Reverse asks for a confirmation to reverse (红字确认单); once it needs no word of the buyer's, or has it, the tax
// bureau issues the red invoice by itself, see FindReversal. The same number asked for again changes nothing.
// Errors: Refused, fault.RateLimited, fault.Unavailable.
func (c *Client) Reverse(ctx context.Context, r Reversal) error {
	if err := r.check(); err != nil {
		return err
	}
	err := c.call(ctx, reverseCall, c.reversal(r), nil)
	if !errors.Is(err, Refused) {
		return err
	}
	// The service has no code of its own for a number that is taken: whether it is, the form itself tells.
	taken, lookErr := c.form(ctx, r.Number)
	if lookErr != nil {
		return lookErr
	}
	if taken == nil || string(taken.Blue) != r.Blue {
		return err
	}
	return nil
}

func (r Reversal) check() error {
	for field, wrong := range map[string]bool{
		"number":     !number.MatchString(r.Number),
		"blue":       len(r.Blue) != 20 || !digits(r.Blue),
		"buyer.name": r.Buyer.Name == "",
		"reason":     r.Reason < Returned || r.Reason > Allowance || len(r.Reason) != 1,
		"mail":       r.Mail != "" && !mail.MatchString(r.Mail),
		"mobile":     r.Mobile != "" && !mobile.MatchString(r.Mobile),
	} {
		if wrong {
			return Refused.At(field)
		}
	}
	for n, line := range r.Lines {
		if line.Index < 1 || line.Name == "" || line.Fen <= 0 || line.Fen > mostFen {
			return Refused.At("lines." + strconv.Itoa(n))
		}
	}
	return nil
}

func (c *Client) reversal(r Reversal) reversal {
	form := reversal{
		ID: r.Number, Order: r.Number, Kind: kind, By: seller, Blue: r.Blue, SellerTax: c.config.Seller.TaxNumber, Seller: c.config.Seller.Name,
		BuyerTax: r.Buyer.TaxNumber, Buyer: r.Buyer.Name, Reason: string(r.Reason), Extension: c.config.Extension, Mobile: r.Mobile, Mail: r.Mail,
	}
	for _, line := range r.Lines {
		net, tax := c.config.Rate.Split(-line.Fen)
		form.Lines = append(form.Lines, reversedLine{
			Index: strconv.Itoa(line.Index), Name: line.Name, Code: c.config.TaxCode, Rate: c.config.Rate.decimal(),
			Net: money.Yuan(net), Tax: money.Yuan(tax), Policy: c.config.Rate.policy(),
		})
	}
	return form
}

// form is a confirmation as the service tells of it.
type form struct {
	Status word `json:"billStatus"`
	Blue   word `json:"blueElecInvoiceNumber"`
	Serial word `json:"invoiceSerialNum"` // of the red invoice
}

// FindReversal tells what became of a reversal; FailureCode is the status of its confirmation (billStatus), such as
// 05, the buyer said no, or 07, nobody said anything in 72 hours. Errors: fault.RateLimited, fault.Unavailable.
func (c *Client) FindReversal(ctx context.Context, number string) (Result, error) {
	found, err := c.form(ctx, number)
	if err != nil {
		return Result{}, err
	}
	if found == nil {
		return Result{State: Unknown}, nil
	}
	return c.reversed(ctx, *found)
}

// form answers the confirmation of that number, or nil where there is none.
func (c *Client) form(ctx context.Context, number string) (*form, error) {
	var found struct {
		List []form `json:"list"`
	}
	err := c.call(ctx, reversalCall, map[string]string{"identity": seller, "billId": number}, &found)
	if codeOf(err) == notFound {
		return nil, nil
	}
	if err != nil || len(found.List) == 0 {
		return nil, err
	}
	return &found.List[0], nil
}

func (c *Client) reversed(ctx context.Context, f form) (Result, error) {
	switch f.Status {
	case "01", "04": // no word is needed, both have given it
		if f.Serial == "" {
			return Result{State: Issuing}, nil
		}
		return c.find(ctx, "serialNos", string(f.Serial))
	case "02", "03":
		return Result{State: Confirming}, nil
	case "15": // on its way to the tax bureau
		return Result{State: Issuing}, nil
	}
	return Result{State: Failed, FailureCode: clean(string(f.Status))}, nil
}
