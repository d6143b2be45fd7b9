// Package bill reads the daily statements of WeChat Pay, of the kind ALL
// (https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html): a header, a line for each
// payment and each refund, a header of sums and the sums. Every value begins with a backtick. Amounts are in yuan,
// times in Shanghai's.
package bill

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

// Columns that are read, by the names in the header.
const (
	at           = "交易时间"
	transaction  = "微信订单号"
	number       = "商户订单号"
	state        = "交易状态"
	refund       = "微信退款单号"
	refundNumber = "商户退款单号"
	charged      = "订单金额"
	refunded     = "申请退款金额"

	count         = "总交易单数"
	chargedInAll  = "订单总金额"
	refundedInAll = "申请退款总金额"
)

// Wrong is what is wrong with a statement. It repeats nothing of it.
type Wrong string

func (w Wrong) Error() string { return "wechatpay: the statement " + string(w) }

// sums are what the last line must say.
type sums struct{ count, charged, refunded int64 }

// Parse reads a whole statement: its payments and refunds in its order. The sums at its end must be those of its
// lines. Error: a Wrong.
func Parse(raw []byte) ([]charge.Line, error) {
	rows := rowsOf(string(raw))
	if len(rows) < 3 {
		return nil, Wrong("is cut")
	}
	head, err := columns(rows[0], at, transaction, number, state, refund, refundNumber, charged, refunded)
	if err != nil {
		return nil, err
	}
	rows = rows[1:]
	last := len(rows) - 1
	lines := make([]charge.Line, 0, last-1)
	var total sums
	for _, row := range rows[:last-1] {
		line, err := head.line(row)
		if err != nil {
			return nil, err
		}
		total.add(line)
		if total.charged < 0 || total.refunded < 0 {
			return nil, Wrong("has amounts that are no money")
		}
		lines = append(lines, line)
	}
	foot, err := columns(rows[last-1], count, chargedInAll, refundedInAll)
	if err != nil {
		return nil, err
	}
	said, err := foot.sums(rows[last])
	if err != nil {
		return nil, err
	}
	if said != total {
		return nil, Wrong("does not add up")
	}
	return lines, nil
}

func (s *sums) add(l charge.Line) {
	s.count++
	if l.RefundNumber != "" {
		s.refunded += l.Fen
		return
	}
	s.charged += l.Fen
}

func rowsOf(text string) []string {
	text = strings.TrimPrefix(text, "\ufeff")
	rows := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	return slices.DeleteFunc(rows, func(row string) bool { return strings.TrimSpace(row) == "" })
}

// names are the columns of a header.
type names map[string]int

func columns(header string, wanted ...string) (names, error) {
	n := names{}
	for i, name := range strings.Split(header, ",") {
		name = strings.TrimSpace(name)
		if _, twice := n[name]; twice {
			return nil, Wrong("has a column twice")
		}
		n[name] = i
	}
	for _, name := range wanted {
		if _, there := n[name]; !there {
			return nil, Wrong("lacks a column: " + name)
		}
	}
	return n, nil
}

// cells splits a line at the commas that a backtick follows: a description may have commas of its own.
func (n names) cells(row string) (func(name string) string, error) {
	first, whole := strings.CutPrefix(row, "`")
	values := strings.Split(first, ",`")
	if !whole || len(values) != len(n) {
		return nil, Wrong("has a line of another length than its header")
	}
	return func(name string) string { return strings.TrimSpace(values[n[name]]) }, nil
}

func (n names) line(row string) (charge.Line, error) {
	cell, err := n.cells(row)
	if err != nil {
		return charge.Line{}, err
	}
	line := charge.Line{Number: cell(number), Transaction: cell(transaction)}
	if line.Number == "" || line.Transaction == "" {
		return charge.Line{}, Wrong("has a line without a number")
	}
	when, err := time.ParseInLocation(time.DateTime, cell(at), clock.Shanghai)
	if err != nil {
		return charge.Line{}, Wrong("has a line without a time")
	}
	line.At = when.UTC()
	column := charged
	switch cell(state) {
	case "SUCCESS":
	case "REFUND", "REVOKED": // what is revoked goes back like a refund, and may have no number of ours
		column = refunded
		if line.RefundNumber = cell(refundNumber); line.RefundNumber == "" || line.RefundNumber == "0" {
			line.RefundNumber = cell(refund)
		}
		if line.RefundNumber == "" {
			return charge.Line{}, Wrong("has a refund without a number")
		}
	default:
		return charge.Line{}, Wrong("has a line that is neither payment nor refund")
	}
	if line.Fen, err = money.ParseYuan(cell(column)); err != nil || line.Fen <= 0 {
		return charge.Line{}, Wrong("has a line without an amount")
	}
	return line, nil
}

func (n names) sums(row string) (s sums, err error) {
	cell, err := n.cells(row)
	if err != nil {
		return sums{}, err
	}
	var errs [3]error
	s.count, errs[0] = strconv.ParseInt(cell(count), 10, 64)
	s.charged, errs[1] = money.ParseYuan(cell(chargedInAll))
	s.refunded, errs[2] = money.ParseYuan(cell(refundedInAll))
	if errors.Join(errs[:]...) != nil {
		return sums{}, Wrong("has sums that are none")
	}
	return s, nil
}
