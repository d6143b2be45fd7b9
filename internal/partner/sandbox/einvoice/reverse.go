package einvoice

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parkbff/internal/money"
	"parkbff/internal/paper"
)

// Statuses of a confirmation (红字确认单).
const (
	unneeded       = "01"
	waiting        = "02"
	confirmed      = "04"
	refusedByBuyer = "05"
	lapsed         = "07"
)

// patience is how long a confirmation waits for the other side.
const patience = 72 * time.Hour

// form is a confirmation, and the red invoice that comes of it.
type form struct {
	id, number string
	status     string
	at         time.Time
	blue, red  *record
	taken      []int64 // of each line of the blue invoice, with tax
}

type reversal struct {
	BillID, OrderNo, BlueInvoiceLine, ApplySource, BlueElecInvoiceNumber       string
	SellerTaxNo, SellerName, BuyerTaxNo, BuyerName, RedReason, ExtensionNumber string
	Phone, Email                                                               string
	Detail                                                                     []reversedLine
}

type reversedLine struct {
	BlueDetailIndex, GoodsName, GoodsCode, TaxRate, TaxExcludedAmount, TaxAmount, FavouredPolicyFlag string
}

var reversedAlready = &refusal{"E9103", "该发票不能重复冲红"}

func (s *Sandbox) reverse(body []byte) (any, *refusal) {
	var asked reversal
	if wrong := read(body, &asked); wrong != nil {
		return nil, wrong
	}
	if _, known := s.forms.Get(asked.BillID); known {
		return nil, invalid("申请号重复")
	}
	if _, known := s.orders.Get(asked.OrderNo); known {
		return nil, taken
	}
	blue, wrong := s.reversible(asked)
	if wrong != nil {
		return nil, wrong
	}
	f, wrong := blue.takenBack(asked)
	if wrong != nil {
		return nil, wrong
	}
	f.at, f.number = s.clock.Now(), fmt.Sprintf("00%018d", s.serials+1)
	f.red.invoice.Confirmation = f.number
	if f.status = unneeded; s.confirming {
		f.status = waiting
	} else if wrong := s.accept(f.red); wrong != nil {
		return nil, wrong
	}
	for n, fen := range f.taken {
		blue.reversed[n] += fen
	}
	s.forms.Put(f.id, f)
	return f.id, nil
}

// reversible finds the issued blue invoice that a reversal names in every particular.
func (s *Sandbox) reversible(asked reversal) (*record, *refusal) {
	if !orderNumber.MatchString(asked.OrderNo) || asked.BillID == "" || len(asked.BillID) > 32 || asked.BlueInvoiceLine != "pc" || asked.ApplySource != "0" ||
		!slices.Contains([]string{"1", "2", "3", "4"}, asked.RedReason) {
		return nil, unreadable
	}
	if asked.SellerTaxNo != s.seller.TaxNumber || asked.SellerName != s.seller.Name {
		return nil, wrongUser
	}
	blue, known := s.byInvoice.Get(asked.BlueElecInvoiceNumber)
	if !known {
		return nil, unknown
	}
	if blue.invoice.Reverses != "" || blue.invoice.Buyer.Name != asked.BuyerName || blue.invoice.Buyer.TaxNumber != asked.BuyerTaxNo {
		return nil, invalid("与蓝字发票信息不符")
	}
	return blue, nil
}

// takenBack answers the confirmation for all of an invoice, of which nothing has been taken back, or for what is named.
func (r *record) takenBack(asked reversal) (*form, *refusal) {
	f := &form{id: asked.BillID, blue: r, taken: make([]int64, len(r.invoice.Lines))}
	red := r.invoice
	red.Number, red.Reverses, red.Lines = "", r.invoice.Number, nil
	if len(asked.Detail) == 0 {
		if sum(r.reversed) != 0 {
			return nil, reversedAlready
		}
		f.taken = gross(r.invoice)
		for _, line := range r.invoice.Lines {
			line.Quantity, line.Fen, line.TaxFen = -line.Quantity, -line.Fen, -line.TaxFen
			red.Lines = append(red.Lines, line)
		}
	}
	for _, d := range asked.Detail {
		line, index, wrong := r.part(d)
		if wrong != nil {
			return nil, wrong
		}
		if f.taken[index] -= line.Fen + line.TaxFen; f.taken[index]+r.reversed[index] > gross(r.invoice)[index] {
			return nil, invalid("冲红金额大于蓝票剩余可冲红金额")
		}
		red.Lines = append(red.Lines, line)
	}
	f.red = &record{order: asked.OrderNo, invoice: red, to: r.to}
	if asked.Email+asked.Phone != "" {
		f.red.to = Delivery{Mail: asked.Email, Mobile: asked.Phone}
	}
	return f, nil
}

// part checks what is taken back of one line, and answers it as a red one has it.
func (r *record) part(d reversedLine) (paper.Line, int, *refusal) {
	index, err := strconv.Atoi(d.BlueDetailIndex)
	if err != nil || index < 1 || index > len(r.invoice.Lines) {
		return paper.Line{}, 0, invalid("蓝票明细序号不正确")
	}
	line := r.invoice.Lines[index-1]
	if category+d.GoodsName != line.Name || d.GoodsCode != parking || policies[d.TaxRate] != d.FavouredPolicyFlag {
		return paper.Line{}, 0, invalid("与蓝票明细不符")
	}
	net, isNet := strings.CutPrefix(d.TaxExcludedAmount, "-")
	tax, isTax := strings.CutPrefix(d.TaxAmount, "-")
	netFen, err := money.ParseYuan(net)
	taxFen, wrong := money.ParseYuan(tax)
	if err != nil || wrong != nil || !isNet || !isTax && taxFen != 0 {
		return paper.Line{}, 0, invalid("冲红金额应为负数")
	}
	part := line
	if _, refused := amounts(net, tax, money.Yuan(netFen+taxFen), &part); refused != nil {
		return paper.Line{}, 0, refused
	}
	part.Quantity, part.Fen, part.TaxFen = 0, -netFen, -taxFen
	return part, index - 1, nil
}

// void ends a confirmation: what it was to take back may be taken back by another.
func (f *form) void(status string) {
	f.status = status
	for n, fen := range f.taken {
		f.blue.reversed[n] -= fen
	}
}

func (s *Sandbox) statusOf(f *form) string {
	if f.status == waiting && !s.clock.Now().Before(f.at.Add(patience)) {
		f.void(lapsed)
	}
	return f.status
}

func (s *Sandbox) queryForms(body []byte) (any, *refusal) {
	var asked struct{ Identity, BillID string }
	if wrong := read(body, &asked); wrong != nil {
		return nil, wrong
	}
	if asked.Identity != "0" || asked.BillID == "" {
		return nil, unreadable
	}
	found := []map[string]any{}
	if f, known := s.forms.Get(asked.BillID); known {
		found = append(found, s.toldForm(f))
	}
	return map[string]any{"total": len(found), "list": found}, nil
}

func (s *Sandbox) toldForm(f *form) map[string]any {
	status := s.statusOf(f)
	t := map[string]any{
		"billId": f.id, "billNo": f.number, "billStatus": status, "billMessage": "", "applySource": 0, "openStatus": 0,
		"blueElecInvoiceNumber": f.blue.invoice.Number, "invoiceSerialNum": nil, "redInvoiceNumber": nil,
	}
	if f.red.status == issued {
		t["openStatus"], t["redInvoiceNumber"] = 1, f.red.invoice.Number
	}
	if f.red.serial != "" {
		t["invoiceSerialNum"] = f.red.serial
	}
	return t
}
