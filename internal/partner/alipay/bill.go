package alipay

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

const (
	maxFiles    = 8
	maxUnpacked = 128 << 20 // of both files together, in their own charset
	maxLine     = 16 << 10
)

// Words of a statement. Where it writes full-width brackets and colons, they are compared as narrow ones.
const (
	detailTitle  = "#支付宝业务明细查询"
	summaryTitle = "#支付宝业务汇总查询"
	dayTitle     = "#起始日期"
	listEnds     = "列表结束"
	aPayment     = "交易"
	aRefund      = "退款"
	inAll        = "合计"
)

// Columns of a statement.
const (
	colTrade    = "支付宝交易号"
	colNumber   = "商户订单号"
	colKind     = "业务类型"
	colDone     = "完成时间"
	colAmount   = "订单金额(元)"
	colRequest  = "退款批次号/请求号"
	colPayments = "交易订单总笔数"
	colRefunds  = "退款订单总笔数"
)

var narrow = strings.NewReplacer("（", "(", "）", ")", "：", ":")

// totals are what a statement's movements come to: payments less refunds.
type totals struct {
	payments, refunds int
	fen               int64
}

// bill is a statement as it is read.
type bill struct {
	day              string
	left             int64 // how much more may be unpacked
	lines            []charge.Line
	counted, told    totals
	details, summary bool
}

// readBill reads a statement's ZIP: one CSV in GBK with every movement, one with what they come to.
// Error: fault.Unavailable, which repeats nothing of it.
func readBill(zipped []byte, day time.Time) ([]charge.Line, error) {
	archive, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil || len(archive.File) > maxFiles {
		return nil, unreadable("the statement is no ZIP of a few files")
	}
	b := &bill{day: day.In(beijing).Format("[2006年01月02日 00:00:00]"), left: maxUnpacked}
	for _, file := range archive.File {
		if err := b.unpack(file); err != nil {
			return nil, err
		}
	}
	if !b.details || !b.summary {
		return nil, unreadable("the statement lacks a file")
	}
	if b.counted != b.told {
		return nil, unreadable("the statement disagrees with its summary")
	}
	return b.lines, nil
}

func (b *bill) unpack(file *zip.File) error {
	content, err := file.Open()
	if err != nil {
		return unreadable("a file of the statement cannot be unpacked")
	}
	defer func() { _ = content.Close() }()
	capped := &io.LimitedReader{R: content, N: b.left} // a file that is longer lacks its end
	err = b.table(simplifiedchinese.GBK.NewDecoder().Reader(capped))
	b.left = capped.N
	return err
}

// table reads one file: a title, remarks, a head, rows, and the mark that it is whole.
func (b *bill) table(content io.Reader) error {
	var (
		take  func(row) error
		head  map[string]int
		ended bool
		ofDay bool
	)
	lines := bufio.NewScanner(content)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(narrow.Replace(lines.Text()))
		switch {
		case take == nil:
			if take = b.taker(line); take == nil {
				return unreadable("a file of the statement has an unknown title")
			}
		case strings.HasPrefix(line, dayTitle):
			ofDay = strings.Contains(line, b.day)
		case strings.HasPrefix(line, "#"):
			ended = ended || strings.Contains(line, listEnds)
		case line == "" || ended:
		case head == nil:
			head = columns(line)
		default:
			if err := take(row{head, strings.Split(line, ",")}); err != nil {
				return fmt.Errorf("%w, line %d", err, n)
			}
		}
	}
	if lines.Err() != nil || !ended || !ofDay {
		return unreadable("a file of the statement is cut off, or of another day")
	}
	return nil
}

// taker answers what takes the rows of the file with this title, or nil.
func (b *bill) taker(title string) func(row) error {
	switch {
	case title == detailTitle:
		b.details = true
		return b.movement
	case title == summaryTitle:
		b.summary = true
		return b.sum
	}
	return nil
}

func columns(line string) map[string]int {
	head := map[string]int{}
	for i, name := range strings.Split(line, ",") {
		head[strings.TrimSpace(name)] = i
	}
	return head
}

// row is one line of a table. Its values are padded with tabs, so that spreadsheets take numbers for texts.
type row struct {
	head   map[string]int
	values []string
}

func (r row) value(column string) (string, error) {
	i, ok := r.head[column]
	if !ok || len(r.values) != len(r.head) {
		return "", unreadable("the statement lacks a column")
	}
	return strings.TrimSpace(r.values[i]), nil
}

// fen reads an amount, whichever way it went.
func (r row) fen(column string) (amount int64, negative bool, err error) {
	text, err := r.value(column)
	if err != nil {
		return 0, false, err
	}
	text, negative = strings.CutPrefix(text, "-")
	if amount, err = money.ParseYuan(text); err != nil {
		return 0, false, unreadable("the statement lacks an amount")
	}
	return amount, negative, nil
}

func (r row) count(column string) (int, error) {
	text, err := r.value(column)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, unreadable("the statement lacks a count")
	}
	return n, nil
}

// movement takes a row of the details.
func (b *bill) movement(r row) error {
	var text [5]string
	for i, column := range []string{colTrade, colNumber, colKind, colDone, colRequest} {
		var err error
		if text[i], err = r.value(column); err != nil {
			return err
		}
	}
	fen, negative, err := r.fen(colAmount)
	if err != nil {
		return err
	}
	line := charge.Line{Transaction: text[0], Number: text[1], Fen: fen}
	if line.At, err = instant(text[3]); err != nil || line.Transaction == "" || line.Number == "" || fen == 0 {
		return unreadable("the statement has a movement without number, amount or time")
	}
	switch {
	case text[2] == aPayment && !negative:
		b.counted.payments++
		b.counted.fen += fen
	case text[2] == aRefund:
		b.counted.refunds++
		b.counted.fen -= fen
		// A refund that was asked for without a number has the payment's.
		if line.RefundNumber = text[4]; line.RefundNumber == "" {
			line.RefundNumber = line.Number
		}
	default:
		return unreadable("the statement has a movement of an unknown kind")
	}
	b.lines = append(b.lines, line)
	return nil
}

// sum takes a row of the summary: of one shop, or of all together, which then stands last.
func (b *bill) sum(r row) error {
	payments, err := r.count(colPayments)
	if err != nil {
		return err
	}
	refunds, err := r.count(colRefunds)
	if err != nil {
		return err
	}
	fen, negative, err := r.fen(colAmount)
	if err != nil {
		return err
	}
	if negative {
		fen = -fen
	}
	if strings.TrimSpace(r.values[0]) == inAll {
		b.told = totals{payments, refunds, fen}
		return nil
	}
	b.told.payments += payments
	b.told.refunds += refunds
	b.told.fen += fen
	return nil
}
