package einvoice

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parkbff/internal/cnid"
	"parkbff/internal/money"
	"parkbff/internal/paper"
)

// order is what of a request for an invoice the stand-in knows.
type order struct {
	OrderNo, InvoiceDate, InvoiceType, InvoiceLine, ExtensionNumber string
	SalerTaxNum, SalerTel, SalerAddress, SalerAccount, Clerk        string
	BuyerName, BuyerTaxNum, BuyerTel, BuyerAddress, BuyerAccount    string
	NaturalPersonFlag, PushMode, BuyerPhone, Email, Remark          string
	SpecificFactor                                                  string
	RealPropertyRentInfo                                            *place
	InvoiceDetail                                                   []goods
}

type place struct {
	RealPropertyAddress, DetailAddress, RentStartDate, RentEndDate, CrossCityFlag, Unit string
}

type goods struct {
	GoodsName, GoodsCode, SpecType, Unit, WithTaxFlag, Num, Price string
	TaxRate, TaxExcludedAmount, Tax, TaxIncludedAmount            string
	InvoiceLineProperty, FavouredPolicyFlag                       string
}

// invalid is what the original says of a request whose values do not fit (E9999).
func invalid(said string) *refusal { return &refusal{"E9999", said} }

// parking is the one tax code that is known, and what invoices call it.
const (
	parking  = "3040502020200000000"
	category = "*经营租赁*"
)

// policies are the marks of the simplified method, by rate.
var policies = map[string]string{"0.09": "0", "0.05": "09", "0.03": "08"}

var (
	orderNumber = regexp.MustCompile(`^[0-9A-Za-z]{1,20}$`)
	mobile      = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
)

// invoice checks a request as the original and the tax bureau do, and answers what will be drawn.
func (s *Sandbox) invoice(o order) (paper.Invoice, *refusal) {
	for _, check := range []func(order) *refusal{s.checkSeller, checkBuyer, checkPush, checkPlace} {
		if wrong := check(o); wrong != nil {
			return paper.Invoice{}, wrong
		}
	}
	if _, err := time.Parse("2006-01-02 15:04:05", o.InvoiceDate); err != nil || !orderNumber.MatchString(o.OrderNo) {
		return paper.Invoice{}, unreadable
	}
	if o.InvoiceType != "1" || o.InvoiceLine != "pc" {
		return paper.Invoice{}, invalid("只支持数电普票蓝票")
	}
	if utf8.RuneCountInString(o.Remark) > 200 {
		return paper.Invoice{}, invalid("备注长度超限")
	}
	i := paper.Invoice{
		Buyer:  paper.Party{Name: o.BuyerName, TaxNumber: o.BuyerTaxNum, NaturalPerson: o.NaturalPersonFlag == "1"},
		Seller: paper.Party{Name: s.seller.Name, TaxNumber: s.seller.TaxNumber}, Remark: o.Remark, Issuer: o.Clerk, Specimen: true,
	}
	if p := o.RealPropertyRentInfo; p != nil {
		i.Remark = strings.TrimSpace("不动产地址：" + p.RealPropertyAddress + p.DetailAddress + "；租赁期起止：" + p.RentStartDate + "至" + p.RentEndDate + "\n" + o.Remark)
	}
	for _, g := range o.InvoiceDetail {
		line, wrong := g.line()
		if wrong != nil {
			return paper.Invoice{}, wrong
		}
		i.Lines = append(i.Lines, line)
	}
	if len(i.Lines) == 0 {
		return paper.Invoice{}, unreadable
	}
	return i, nil
}

func (s *Sandbox) checkSeller(o order) *refusal {
	if o.SalerTaxNum != s.seller.TaxNumber || o.Clerk != s.seller.Clerk {
		return wrongUser
	}
	if o.SalerTel == "" || o.SalerAddress == "" {
		return unreadable
	}
	return nil
}

// checkBuyer wants a company's credit code with its check digits, and a resident id of a person who is marked as one.
func checkBuyer(o order) *refusal {
	if o.BuyerName == "" || utf8.RuneCountInString(o.BuyerName) > 100 || o.NaturalPersonFlag != "0" && o.NaturalPersonFlag != "1" {
		return unreadable
	}
	if o.NaturalPersonFlag == "1" {
		if _, err := cnid.ParseResidentID(o.BuyerTaxNum); err != nil {
			return invalid("自然人纳税人识别号不正确：" + o.BuyerTaxNum)
		}
		return nil
	}
	if _, err := cnid.ParseCreditCode(o.BuyerTaxNum); err != nil && o.BuyerTaxNum != "" {
		return invalid("购方税号不正确：" + o.BuyerName + o.BuyerTaxNum)
	}
	return nil
}

func checkPush(o order) *refusal {
	toMail, toMobile := o.PushMode == "0" || o.PushMode == "2", o.PushMode == "1" || o.PushMode == "2"
	if o.PushMode != "-1" && !toMail && !toMobile || toMail && !strings.Contains(o.Email, "@") || toMobile && !mobile.MatchString(o.BuyerPhone) {
		return invalid("推送方式与手机、邮箱不符")
	}
	return nil
}

func checkPlace(o order) *refusal {
	p := o.RealPropertyRentInfo
	if o.SpecificFactor == "" && p == nil {
		return nil
	}
	if o.SpecificFactor != "6" || p == nil || p.RealPropertyAddress == "" || p.DetailAddress == "" || p.Unit == "" || p.CrossCityFlag == "" {
		return invalid("不动产经营租赁信息不完整")
	}
	from, err := time.Parse("2006-01-02 15:04", p.RentStartDate)
	to, wrong := time.Parse("2006-01-02 15:04", p.RentEndDate)
	if err != nil || wrong != nil || to.Before(from) {
		return invalid("租赁日期不正确")
	}
	if len(o.InvoiceDetail) != 1 || o.InvoiceDetail[0].Unit+o.InvoiceDetail[0].SpecType != "" {
		return invalid("商品只能有一条明细且规格型号、单位都不能有值")
	}
	return nil
}

// line checks one thing sold: a known code, a rate with its mark, and sums that hold.
func (g goods) line() (paper.Line, *refusal) {
	policy, known := policies[g.TaxRate]
	if g.GoodsName == "" || utf8.RuneCountInString(g.GoodsName) > 90 || g.WithTaxFlag != "1" || g.InvoiceLineProperty != "0" {
		return paper.Line{}, unreadable
	}
	if g.GoodsCode != parking || !known || g.FavouredPolicyFlag != policy {
		return paper.Line{}, invalid("商品编码、税率或优惠政策标识不正确")
	}
	thousandths, _ := strconv.ParseFloat(g.TaxRate, 64) // one of those above
	line := paper.Line{Name: category + g.GoodsName, Model: g.SpecType, Unit: g.Unit, Rate: paper.Rate(math.Round(thousandths * 1000))}
	gross, wrong := amounts(g.TaxExcludedAmount, g.Tax, g.TaxIncludedAmount, &line)
	if wrong != nil {
		return paper.Line{}, wrong
	}
	if g.Num == "" && g.Price == "" {
		return line, nil
	}
	quantity, err := strconv.ParseInt(g.Num, 10, 64)
	price, priceErr := strconv.ParseFloat(g.Price, 64)
	if err != nil || priceErr != nil || quantity <= 0 || math.Abs(price*100*float64(quantity)-float64(gross)) > 1 {
		return paper.Line{}, invalid("单价*数量不等于含税金额")
	}
	line.Quantity = quantity
	return line, nil
}

// amounts reads what a line costs: without tax and tax are with tax, and tax is what the rate says, to six fen.
func amounts(net, tax, gross string, line *paper.Line) (int64, *refusal) {
	var read [3]int64
	for n, text := range []string{net, tax, gross} {
		fen, err := money.ParseYuan(text)
		if err != nil {
			return 0, unreadable
		}
		read[n] = fen
	}
	off := float64(read[0])*float64(line.Rate)/1000 - float64(read[1])
	if read[0]+read[1] != read[2] || read[2] == 0 || math.Abs(off) > 6 {
		return 0, invalid("不含税金额、税额与含税金额不符")
	}
	line.Fen, line.TaxFen = read[0], read[1]
	return read[2], nil
}

// gross are what the lines of an invoice cost, with tax.
func gross(i paper.Invoice) []int64 {
	all := make([]int64, len(i.Lines))
	for n, line := range i.Lines {
		all[n] = line.Fen + line.TaxFen
	}
	return all
}

func sum(fen []int64) int64 {
	all := int64(0)
	for one := range slices.Values(fen) {
		all += one
	}
	return all
}
