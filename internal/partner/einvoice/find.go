package einvoice

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"time"

	"parkbff/internal/money"
)

const findCall = "nuonuo.OpeMplatform.queryInvoiceResult"

// State is how far an invoice has come.
type State string

// States. Of an unknown one the service has not heard, or not yet: a request is known some seconds after it was made.
const (
	Unknown    State = "UNKNOWN"
	Confirming State = "CONFIRMING" // a red one waits for its buyer's word, 72 hours at most
	Issuing    State = "ISSUING"
	Issued     State = "ISSUED"
	Failed     State = "FAILED"
)

// Result is what became of a request. It prints as "invoice": whoever has the URL has the invoice.
type Result struct {
	Serial        string // the service's, of the request
	State         State
	InvoiceNumber string // twenty digits, once it is issued
	IssuedAt      time.Time
	Fen           int64  // with tax; below zero: a red one
	PDF           string // URL, for Fetch
	FailureCode   string // the service's: why it failed; of one still issuing 24, it waits for its seal: see Retry
}

// Format prints no URL.
func (Result) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "invoice") }

// LogValue keeps it out of structured logs.
func (Result) LogValue() slog.Value { return slog.StringValue("invoice") }

// Statuses of the service. Sealing is the last step; an invoice without its seal exists and is retried there.
const (
	statusIssued   = "2"
	statusIssuing  = "20"
	statusSealing  = "21"
	statusUnsealed = "24"
)

// known is an invoice as the service tells of it.
type known struct {
	Serial  word `json:"serialNo"`
	Status  word `json:"status"`
	Cause   word `json:"failCause"`
	PDF     word `json:"pdfUrl"`
	Issued  word `json:"invoiceTime"` // milliseconds of Unix
	Number  word `json:"allElectronicInvoiceNumber"`
	Former  word `json:"invoiceNo"` // the same, of interfaces before 2023
	InTotal word `json:"orderAmount"`
}

// word is a text or a number: the service writes some members now as one and now as the other.
type word string

// UnmarshalJSON takes texts, numbers and null.
func (w *word) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(w))
	}
	if text := string(raw); text != "null" {
		*w = word(text)
	}
	return nil
}

// Find tells what became of the request that we gave that number. Errors: fault.RateLimited, fault.Unavailable.
func (c *Client) Find(ctx context.Context, number string) (Result, error) {
	return c.find(ctx, "orderNos", number)
}

func (c *Client) find(ctx context.Context, by, value string) (Result, error) {
	var found []known
	err := c.call(ctx, findCall, map[string]any{by: []string{value}, "isOfferInvoiceDetail": "0"}, &found)
	if codeOf(err) == notFound {
		return Result{State: Unknown}, nil
	}
	if err != nil {
		return Result{}, err
	}
	if len(found) == 0 {
		return Result{State: Unknown}, nil
	}
	return found[0].result()
}

func (k known) result() (Result, error) {
	r := Result{Serial: string(k.Serial), State: Issuing}
	fen, err := signed(string(k.InTotal))
	if err != nil || r.Serial == "" {
		return Result{}, unreadable(findCall)
	}
	r.Fen = fen
	switch k.Status {
	case statusIssued:
		return k.issued(r)
	case statusIssuing, statusSealing:
	case statusUnsealed:
		r.FailureCode = string(k.Status)
	default:
		r.State, r.FailureCode = Failed, k.failure()
	}
	return r, nil
}

func (k known) issued(r Result) (Result, error) {
	number := k.Number
	if number == "" {
		number = k.Former
	}
	at, err := strconv.ParseInt(string(k.Issued), 10, 64)
	if err != nil || len(number) != 20 || !digits(string(number)) {
		return Result{}, unreadable(findCall)
	}
	r.State, r.InvoiceNumber, r.IssuedAt, r.PDF = Issued, string(number), time.UnixMilli(at).UTC(), string(k.PDF)
	return r, nil
}

// failureCode is a code of the service's that stands alone. No plate and no tax number is of its form.
var failureCode = regexp.MustCompile(`(?:^|[^0-9A-Za-z])(E[0-9]{4})(?:$|[^0-9A-Za-z])`)

// failure is the code within the service's words, which may quote the buyer; else the status.
func (k known) failure() string {
	if code := failureCode.FindStringSubmatch(string(k.Cause)); code != nil {
		return code[1]
	}
	return clean(string(k.Status))
}

// signed reads yuan that may be below zero.
func signed(text string) (int64, error) {
	amount, below := strings.CutPrefix(text, "-")
	fen, err := money.ParseYuan(amount)
	if below {
		fen = -fen
	}
	return fen, err
}
