package einvoice

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Request is an invoice that somebody wants. It prints as "invoice request".
type Request struct {
	Number string // ours, 20 letters and digits at most; the same number is invoiced once
	Buyer  Buyer
	Lines  []Line // one at least
	Remark string // 200 characters at most; masked by whoever calls
	Mail   string // where the service sends it; empty: nowhere
	Mobile string // of mainland China, 11 digits; empty: nowhere
	Place  *Place // where the special element is wanted
}

// Buyer is who an invoice is made out to. A person's tax number is the number of their resident id, if they want
// the invoice in their own file at the tax bureau, or none.
type Buyer struct {
	Name, TaxNumber, Address, Phone, Bank, Account string
	NaturalPerson                                  bool
}

// Line is one thing sold. Fen are with tax. A quantity of zero shows neither quantity nor price.
type Line struct {
	Name     string // such as 停车费; the service puts *经营租赁* before it
	Model    string
	Unit     string
	Quantity int64
	Fen      int64
}

// Place is the special element 06 (不动产经营租赁): where the car stood. The service takes one line with it, and
// neither model nor unit. Days are as 2026-11-22; of Parking with the minute, as 2026-11-22 08:00.
type Place struct {
	Region    string // 省市区, by the names of the administration
	Address   string
	From, To  string
	OtherCity bool // 跨地市
}

// Format prints nobody's name.
func (Request) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "invoice request") }

// LogValue keeps it out of structured logs.
func (Request) LogValue() slog.Value { return slog.StringValue("invoice request") }

// Format prints nobody's name.
func (Buyer) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "buyer") }

// LogValue keeps it out of structured logs.
func (Buyer) LogValue() slog.Value { return slog.StringValue("buyer") }

// Limits of the service, in characters.
const (
	mostName    = 100
	mostGoods   = 90
	mostRemark  = 200
	mostModel   = 40
	mostUnit    = 20
	mostAddress = 80
	mostPhone   = 20
	mostBank    = 100 // with the account
	mostMail    = 50
	mostLines   = 200
	mostFen     = 1_000_000_000_000 // of a line
)

var (
	number = regexp.MustCompile(`^[0-9A-Za-z]{1,20}$`)
	mobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	mail   = regexp.MustCompile(`^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$`)
)

// check refuses what the service would, by its field.
func (r Request) check() error {
	b := r.Buyer
	for field, wrong := range map[string]bool{
		"number":          !number.MatchString(r.Number),
		"buyer.name":      b.Name == "" || long(b.Name, mostName),
		"buyer.taxNumber": b.TaxNumber == "" && !b.NaturalPerson || long(b.TaxNumber, 20),
		"buyer.address":   long(b.Address, mostAddress),
		"buyer.phone":     long(b.Phone, mostPhone),
		"buyer.bank":      long(b.Bank+" "+b.Account, mostBank),
		"remark":          long(r.Remark, mostRemark),
		"mail":            r.Mail != "" && (!mail.MatchString(r.Mail) || long(r.Mail, mostMail)),
		"mobile":          r.Mobile != "" && !mobile.MatchString(r.Mobile),
		"lines":           len(r.Lines) == 0 || len(r.Lines) > mostLines,
		"place":           r.Place != nil && (len(r.Lines) != 1 || r.Lines[0].Unit+r.Lines[0].Model != ""),
		"place.region":    r.Place != nil && r.Place.Region == "",
		"place.address":   r.Place != nil && (r.Place.Address == "" || long(r.Place.Region+r.Place.Address, 120)),
	} {
		if wrong {
			return Refused.At(field)
		}
	}
	for n, line := range r.Lines {
		if line.Name == "" || long(line.Name, mostGoods) || long(line.Model, mostModel) || long(line.Unit, mostUnit) ||
			line.Quantity < 0 || line.Fen <= 0 || line.Fen > mostFen {
			return Refused.At("lines." + strconv.Itoa(n))
		}
	}
	return nil
}

func long(text string, most int) bool { return utf8.RuneCountInString(text) > most }

// total is what the buyer pays.
func (r Request) total() int64 {
	sum := int64(0)
	for _, line := range r.Lines {
		sum += line.Fen
	}
	return sum
}

// Push modes of the service.
const (
	pushNowhere = "-1"
	pushMail    = "0"
	pushMobile  = "1"
	pushBoth    = "2"
)

func pushTo(mail, mobile string) string {
	switch {
	case mail != "" && mobile != "":
		return pushBoth
	case mail != "":
		return pushMail
	case mobile != "":
		return pushMobile
	}
	return pushNowhere
}

func joined(parts ...string) string { return strings.TrimSpace(strings.Join(parts, " ")) }
