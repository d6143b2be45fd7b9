package paper

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"parkbff/internal/clock"
)

// Invoice is an electronic invoice (数电票, 电子发票（普通发票）). It is a red one (红字) if it names the blue one that it
// takes back, and then its amounts are below zero. It prints as "invoice".
type Invoice struct {
	Number        string    // twenty digits
	IssuedAt      time.Time // its day in Shanghai is shown
	Buyer, Seller Party
	Lines         []Line // one at least
	Remark        string // lines apart by line breaks; whoever calls has masked what must not be read
	Issuer        string // 开票人
	Reverses      string // number of the blue invoice; empty: this is a blue one
	Confirmation  string // number of the confirmation to reverse (红字发票信息确认单), of red ones
	Specimen      bool   // says plainly that it is none
}

// Party is a buyer or a seller. Addresses and accounts stand among the remarks, where the tax bureau puts them.
type Party struct {
	Name, TaxNumber string // a person may have no tax number
	Address, Phone  string
	Bank, Account   string
	NaturalPerson   bool
}

// Line is one thing sold. Fen are without tax.
type Line struct {
	Name     string // such as *经营租赁*停车费
	Model    string
	Unit     string
	Quantity int64 // zero: none is shown, nor a price
	Fen      int64
	TaxFen   int64
	Rate     Rate
}

// Rate is a rate of tax in thousandths: 90 are 9 %.
type Rate int

// Exempt from tax (免税).
const Exempt Rate = -1

// String is such as 9%, 1.5% or 免税.
func (r Rate) String() string {
	if r == Exempt {
		return "免税"
	}
	return strings.TrimSuffix(fmt.Sprintf("%d.%d", r/10, r%10), ".0") + "%"
}

// Format prints nobody's name.
func (Invoice) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "invoice") }

// LogValue keeps it out of structured logs.
func (Invoice) LogValue() slog.Value { return slog.StringValue("invoice") }

const (
	numberLength = 20
	mostLines    = 200
	mostFen      = 1_000_000_000_000 // of a line: ten thousand million yuan
)

func (i Invoice) red() bool { return i.Reverses != "" }

// total answers the sums of amounts and of tax.
func (i Invoice) total() (fen, tax int64) {
	for _, line := range i.Lines {
		fen, tax = fen+line.Fen, tax+line.TaxFen
	}
	return fen, tax
}

func (i Invoice) check() error {
	for field, missing := range map[string]bool{
		"number": !isNumber(i.Number), "issuedAt": i.IssuedAt.IsZero(), "issuer": blank(i.Issuer), "buyer.name": blank(i.Buyer.Name),
		"seller.name": blank(i.Seller.Name), "seller.taxNumber": blank(i.Seller.TaxNumber), "lines": len(i.Lines) == 0,
		"reverses": i.red() && !isNumber(i.Reverses),
	} {
		if missing {
			return Invalid.At(field)
		}
	}
	if len(i.Lines) > mostLines {
		return TooLong.At("lines")
	}
	for n, line := range i.Lines {
		if blank(line.Name) || line.Fen > mostFen || line.Fen < -mostFen || line.TaxFen > mostFen || line.TaxFen < -mostFen ||
			line.Rate < Exempt || line.Rate > 1000 || line.Quantity != 0 && (line.Quantity < 0) != (line.Fen < 0) {
			return Invalid.At("lines." + strconv.Itoa(n))
		}
	}
	fen, tax := i.total()
	if i.red() != (fen+tax < 0) || fen+tax == 0 {
		return Invalid.At("lines")
	}
	return nil
}

func isNumber(text string) bool {
	return len(text) == numberLength && strings.Trim(text, "0123456789") == ""
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

// day is such as 2026年11月22日.
func (i Invoice) day() string { return i.IssuedAt.In(clock.Shanghai).Format("2006年01月02日") }

// remarks are all that stands among the remarks.
func (i Invoice) remarks() string {
	var all []string
	if i.red() {
		all = append(all, "被红冲蓝字数电发票号码："+i.Reverses)
		if i.Confirmation != "" {
			all[0] += "　红字发票信息确认单编号：" + i.Confirmation
		}
	}
	for _, of := range []struct {
		who   string
		party Party
	}{{"购买方", i.Buyer}, {"销售方", i.Seller}} {
		if said := of.party.particulars(of.who); said != "" {
			all = append(all, said)
		}
	}
	if !blank(i.Remark) {
		all = append(all, strings.TrimSpace(i.Remark))
	}
	return strings.Join(all, "\n")
}

func (p Party) particulars(who string) string {
	var said []string
	for _, one := range []struct{ what, value string }{{"地址", p.Address}, {"电话", p.Phone}, {"开户银行", p.Bank}, {"银行账号", p.Account}} {
		if !blank(one.value) {
			said = append(said, who+one.what+"："+one.value+"；")
		}
	}
	return strings.Join(said, "")
}

// price is the price of one, in yuan, with as many decimals as it needs, eight at most.
func (l Line) price() string {
	if l.Quantity == 0 {
		return ""
	}
	text := strconv.FormatFloat(float64(l.Fen)/100/float64(l.Quantity), 'f', 8, 64)
	whole, part, _ := strings.Cut(text, ".")
	part = strings.TrimRight(part, "0")
	for len(part) < 2 {
		part += "0"
	}
	return whole + "." + part
}

func (l Line) quantity() string {
	if l.Quantity == 0 {
		return ""
	}
	return strconv.FormatInt(l.Quantity, 10)
}
