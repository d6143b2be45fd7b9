package einvoice

import (
	"context"
	"errors"
	"strconv"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/money"
)

const (
	issueCall = "nuonuo.OpeMplatform.requestBillingNew"
	retryCall = "nuonuo.OpeMplatform.reInvoice"
)

// kind is 电子发票（普通发票）, and blue that nothing is taken back.
const (
	kind = "pc"
	blue = "1"
)

// timeForm is how the service writes instants, in Asia/Shanghai.
const timeForm = "2006-01-02 15:04:05"

type order struct {
	Number         string  `json:"orderNo"`
	Date           string  `json:"invoiceDate"`
	Type           string  `json:"invoiceType"`
	Kind           string  `json:"invoiceLine"`
	Extension      string  `json:"extensionNumber,omitempty"`
	SellerTax      string  `json:"salerTaxNum"`
	SellerPhone    string  `json:"salerTel"`
	SellerAddress  string  `json:"salerAddress"`
	SellerAccount  string  `json:"salerAccount,omitempty"`
	Clerk          string  `json:"clerk"`
	BuyerName      string  `json:"buyerName"`
	BuyerTax       string  `json:"buyerTaxNum,omitempty"`
	BuyerPhone     string  `json:"buyerTel,omitempty"`
	BuyerAddress   string  `json:"buyerAddress,omitempty"`
	BuyerAccount   string  `json:"buyerAccount,omitempty"`
	Person         string  `json:"naturalPersonFlag"`
	Push           string  `json:"pushMode"`
	Mobile         string  `json:"buyerPhone,omitempty"`
	Mail           string  `json:"email,omitempty"`
	Remark         string  `json:"remark,omitempty"`
	SpecialElement string  `json:"specificFactor,omitempty"`
	Place          *place  `json:"realPropertyRentInfo,omitempty"`
	Lines          []goods `json:"invoiceDetail"`
}

type place struct {
	Region    string `json:"realPropertyAddress"`
	Address   string `json:"detailAddress"`
	From      string `json:"rentStartDate"`
	To        string `json:"rentEndDate"`
	OtherCity string `json:"crossCityFlag"`
	Unit      string `json:"unit"` // of the area: 2, square metres
}

type goods struct {
	Name     string `json:"goodsName"`
	Code     string `json:"goodsCode"`
	Model    string `json:"specType,omitempty"`
	Unit     string `json:"unit,omitempty"`
	WithTax  string `json:"withTaxFlag"`
	Quantity string `json:"num,omitempty"`
	Price    string `json:"price,omitempty"`
	Rate     string `json:"taxRate"`
	Net      string `json:"taxExcludedAmount"`
	Tax      string `json:"tax"`
	Gross    string `json:"taxIncludedAmount"`
	Property string `json:"invoiceLineProperty"`
	Policy   string `json:"favouredPolicyFlag"`
}

// Issue asks for an invoice and answers the service's number of the request; the invoice comes later, see Find.
// The same number asked for again answers what was answered first. Errors: Refused, fault.RateLimited,
// fault.Unavailable.
func (c *Client) Issue(ctx context.Context, r Request) (serial string, err error) {
	if err := r.check(); err != nil {
		return "", err
	}
	var given struct {
		Serial string `json:"invoiceSerialNum"`
	}
	err = c.call(ctx, issueCall, map[string]order{"order": c.order(r)}, &given)
	if codeOf(err) == duplicate {
		return c.issuedBefore(ctx, r)
	}
	if err == nil && given.Serial == "" {
		return "", unreadable(issueCall)
	}
	return given.Serial, err
}

// issuedBefore finds the request that had the number first. The service forgets nothing, but knows a new request
// only after a moment.
func (c *Client) issuedBefore(ctx context.Context, r Request) (string, error) {
	found, err := c.Find(ctx, r.Number)
	if err != nil {
		return "", err
	}
	if found.Serial == "" {
		return "", fault.Unavailable.Because(errors.New("einvoice: the number is taken, and by what is not known yet"))
	}
	if found.Fen != r.total() {
		return "", Refused.At("number").Because(errors.New("einvoice: the number stands for another amount"))
	}
	return found.Serial, nil
}

// Retry has a request that failed tried again, under the number it had. Errors: Refused, fault.RateLimited (the
// service allows twenty a day), fault.Unavailable.
func (c *Client) Retry(ctx context.Context, number, serial string) error {
	return c.call(ctx, retryCall, map[string]string{"fpqqlsh": serial, "orderno": number}, nil)
}

func (c *Client) order(r Request) order {
	seller := c.config.Seller
	o := order{
		Number: r.Number, Date: c.clock.Now().In(clock.Shanghai).Format(timeForm), Type: blue, Kind: kind, Extension: c.config.Extension,
		SellerTax: seller.TaxNumber, SellerPhone: seller.Phone, SellerAddress: seller.Address, SellerAccount: joined(seller.Bank, seller.Account), Clerk: seller.Clerk,
		BuyerName: r.Buyer.Name, BuyerTax: r.Buyer.TaxNumber, BuyerPhone: r.Buyer.Phone, BuyerAddress: r.Buyer.Address, BuyerAccount: joined(r.Buyer.Bank, r.Buyer.Account),
		Person: flag(r.Buyer.NaturalPerson && r.Buyer.TaxNumber != ""),
		Push:   pushTo(r.Mail, r.Mobile), Mobile: r.Mobile, Mail: r.Mail, Remark: r.Remark,
	}
	if r.Place != nil {
		o.SpecialElement = "6"
		o.Place = &place{
			Region: r.Place.Region, Address: r.Place.Address, From: r.Place.From, To: r.Place.To, OtherCity: flag(r.Place.OtherCity), Unit: "2",
		}
	}
	for _, line := range r.Lines {
		o.Lines = append(o.Lines, c.goods(line))
	}
	return o
}

func (c *Client) goods(line Line) goods {
	net, tax := c.config.Rate.Split(line.Fen)
	g := goods{
		Name: line.Name, Code: c.config.TaxCode, Model: line.Model, Unit: line.Unit, WithTax: "1", Rate: c.config.Rate.decimal(),
		Net: money.Yuan(net), Tax: money.Yuan(tax), Gross: money.Yuan(line.Fen), Property: "0", Policy: c.config.Rate.policy(),
	}
	if line.Quantity > 0 {
		g.Quantity = strconv.FormatInt(line.Quantity, 10)
		g.Price = strconv.FormatFloat(float64(line.Fen)/100/float64(line.Quantity), 'f', 8, 64)
	}
	return g
}

func flag(set bool) string {
	if set {
		return "1"
	}
	return "0"
}
