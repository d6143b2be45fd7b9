package einvoice

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/money"
	"parkbff/internal/paper"
)

// Statuses of an invoice.
const (
	issuing = "20"
	issued  = "2"
	failed  = "22"
)

var (
	taken   = &refusal{"E9106", "订单编号不能重复"}
	unknown = &refusal{"E9500", "发票不存在"}
)

// record is one request and what became of it.
type record struct {
	order, serial, file string
	invoice             paper.Invoice
	status, failWith    string
	due                 time.Time
	to                  Delivery
	reversed            []int64 // of each line, with tax
}

func (s *Sandbox) issue(body []byte) (any, *refusal) {
	var asked struct{ Order order }
	if wrong := read(body, &asked); wrong != nil {
		return nil, wrong
	}
	i, wrong := s.invoice(asked.Order)
	if wrong != nil {
		return nil, wrong
	}
	if _, known := s.orders.Get(asked.Order.OrderNo); known {
		return nil, taken
	}
	r := &record{order: asked.Order.OrderNo, invoice: i, failWith: s.failNext, reversed: make([]int64, len(i.Lines))}
	s.failNext = ""
	if asked.Order.PushMode != "-1" {
		r.to = Delivery{Mail: asked.Order.Email, Mobile: asked.Order.BuyerPhone}
	}
	if wrong := s.accept(r); wrong != nil {
		return nil, wrong
	}
	return map[string]string{"invoiceSerialNum": r.serial}, nil
}

// accept takes a request in: it will be issued in a while.
func (s *Sandbox) accept(r *record) *refusal {
	var name [16]byte
	if _, err := io.ReadFull(s.random, name[:]); err != nil {
		return &refusal{"0203", "API处理异常"}
	}
	s.serials++
	now := s.clock.Now()
	r.serial = now.In(clock.Shanghai).Format("060102150405") + fmt.Sprintf("%08d", s.serials%1e8)
	r.file, r.status, r.due = hex.EncodeToString(name[:])+".pdf", issuing, now.Add(Takes)
	s.orders.Put(r.order, r)
	s.bySerial.Put(r.serial, r)
	s.pending = append(s.pending, r)
	return nil
}

// settle issues what is due, in the order in which it was asked for.
func (s *Sandbox) settle() {
	now, rest := s.clock.Now(), s.pending[:0]
	for _, r := range s.pending {
		switch {
		case now.Before(r.due):
			rest = append(rest, r)
		case r.failWith != "":
			r.status = failed
		default:
			s.seal(r)
		}
	}
	s.pending = rest
}

// seal gives an invoice its number: year, region, channel, and fifteen digits in sequence.
func (s *Sandbox) seal(r *record) {
	s.issued++
	r.invoice.Number = fmt.Sprintf("%s000%015d", r.due.In(clock.Shanghai).Format("06"), s.issued)
	r.invoice.IssuedAt, r.status = r.due, issued
	s.byInvoice.Put(r.invoice.Number, r)
	s.files.Put(r.file, r)
	if r.to.Mail+r.to.Mobile != "" {
		r.to.InvoiceNumber = r.invoice.Number
		s.deliveries.Add(r.to)
	}
}

func (s *Sandbox) retry(body []byte) (any, *refusal) {
	var asked struct{ Fpqqlsh, Orderno string }
	if wrong := read(body, &asked); wrong != nil {
		return nil, wrong
	}
	r, known := s.bySerial.Get(asked.Fpqqlsh)
	if !known || r.order != asked.Orderno {
		return nil, unknown
	}
	if r.status != failed {
		return nil, invalid("发票已生成或开票中，无需再重试开票")
	}
	r.status, r.failWith, r.due = issuing, s.failNext, s.clock.Now().Add(Takes)
	s.failNext = ""
	s.pending = append(s.pending, r)
	return nil, nil
}

func (s *Sandbox) query(body []byte, base string) (any, *refusal) {
	var asked struct {
		SerialNos, OrderNos  []string
		IsOfferInvoiceDetail string
	}
	if wrong := read(body, &asked); wrong != nil {
		return nil, wrong
	}
	var found []map[string]any
	for _, serial := range asked.SerialNos {
		if r, known := s.bySerial.Get(serial); known {
			found = append(found, r.told(base))
		}
	}
	for _, number := range asked.OrderNos {
		if r, known := s.orders.Get(number); known && len(asked.SerialNos) == 0 {
			found = append(found, r.told(base))
		}
	}
	if len(found) == 0 {
		return nil, unknown
	}
	return found, nil
}

// told is an invoice as the original tells of it; instants are milliseconds.
func (r *record) told(base string) map[string]any {
	i := r.invoice
	t := map[string]any{
		"serialNo": r.serial, "orderNo": r.order, "status": r.status, "statusMsg": "开票中", "failCause": "",
		"orderAmount": money.Yuan(sum(gross(i))), "payerName": i.Buyer.Name, "payerTaxNo": i.Buyer.TaxNumber, "salerTaxNum": i.Seller.TaxNumber,
		"clerk": i.Issuer, "remark": i.Remark, "invoiceKind": "电子发票(普通发票)", "pdfUrl": nil, "invoiceTime": nil, "allElectronicInvoiceNumber": nil, "invoiceNo": nil,
	}
	switch r.status {
	case failed:
		t["statusMsg"], t["failCause"] = "开票失败", "["+r.failWith+"]"+i.Buyer.Name+i.Buyer.TaxNumber+"开票失败"
	case issued:
		t["statusMsg"], t["pdfUrl"], t["invoiceTime"] = "开票完成", base+"/fp/"+r.file, i.IssuedAt.UnixMilli()
		t["allElectronicInvoiceNumber"], t["invoiceNo"] = i.Number, i.Number
	}
	return t
}

func (s *Sandbox) deliver(body []byte) (any, *refusal) {
	var asked struct{ Taxnum, InvoiceNum, Phone, Mail string }
	if wrong := read(body, &asked); wrong != nil {
		return nil, wrong
	}
	if asked.Taxnum != s.seller.TaxNumber {
		return nil, wrongUser
	}
	if asked.Phone == "" && asked.Mail == "" || asked.Phone != "" && !mobile.MatchString(asked.Phone) || asked.Mail != "" && !strings.Contains(asked.Mail, "@") {
		return nil, invalid("交付手机与交付邮箱不正确")
	}
	if _, known := s.byInvoice.Get(asked.InvoiceNum); !known {
		return nil, unknown
	}
	s.deliveries.Add(Delivery{InvoiceNumber: asked.InvoiceNum, Mail: asked.Mail, Mobile: asked.Phone})
	return nil, nil
}

// file draws an issued invoice for whoever knows its address.
func (s *Sandbox) file(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.settle()
	found, known := s.files.Get(r.PathValue("file"))
	var drawn paper.Invoice
	if known {
		drawn = found.invoice
	}
	s.mu.Unlock()
	if !known {
		http.NotFound(w, r)
		return
	}
	pdf, err := s.press.Invoice(drawn)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/pdf")
	_, _ = w.Write(pdf)
}
