// Package zm reads the file of a merchant's ordinary trade (一般交易明细流水文件, INNyymmddnnZM_merchant) that
// UnionPay's all-channel platform makes of a settlement day: lines of fields of fixed widths in bytes, each followed
// by a space, texts in GBK (全渠道平台接入接口规范 第3部分 文件接口, 6.1; https://open.unionpay.com).
package zm

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/unionpay/acp"
)

// widths of the fields, in the specification's order.
var widths = [...]int{
	3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32,
	13, 13, 12, 2, 1, 32,
}

// Fields that are read, by their place among the widths.
const (
	transmitted = 4  // 交易传输时间, MMDDhhmmss
	amount      = 6  // 交易金额, in fen
	query       = 9  // 查询流水号
	order       = 11 // 商户订单号; of a refund, the refund's
	kind        = 19 // 交易类型
	paidQuery   = 26 // 原交易查询流水号
	merchant    = 27 // 商户代码
	paidOrder   = 40 // 原交易商户订单号
)

// Kinds of trade.
const (
	payment  = "01"
	refund   = "04"
	takeBack = "31" // 消费撤销: money that goes back as by a refund
)

// longest line that is read. The specification's are of some 610 bytes.
const longest = 4 << 10

// Most is how many bytes of a file are read: some 200,000 movements.
const Most = 128 << 20

// Read answers the movements of a merchant's file of a settlement day, in the file's order. The errors repeat nothing
// of a line.
func Read(file io.Reader, merchantID string, day time.Time) ([]charge.Line, error) {
	limited := &io.LimitedReader{R: file, N: Most + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(make([]byte, 0, longest), longest)
	var all []charge.Line
	for number := 1; lines.Scan(); number++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		line, err := read(lines.Bytes(), merchantID, day)
		if err != nil {
			return nil, fmt.Errorf("zm: line %d: %w", number, err)
		}
		all = append(all, line)
	}
	if err := lines.Err(); err != nil {
		return nil, errors.New("zm: the file breaks off, or a line does not end")
	}
	if limited.N <= 0 {
		return nil, errors.New("zm: the file is too long")
	}
	return all, nil
}

func read(line []byte, merchantID string, day time.Time) (charge.Line, error) {
	fields, err := cut(line)
	if err != nil {
		return charge.Line{}, err
	}
	if fields[merchant] != merchantID {
		return charge.Line{}, errors.New("it is another merchant's")
	}
	fen, err := strconv.ParseUint(fields[amount], 10, 62)
	if err != nil || fen == 0 {
		return charge.Line{}, errors.New("the amount is none")
	}
	// A settlement day ends at 23:00, and is named in a year that the lines do not say.
	at, err := acp.NearTime(fields[transmitted], noon(day))
	if err != nil {
		return charge.Line{}, errors.New("the time is none")
	}
	movement := charge.Line{Number: fields[order], Transaction: fields[query], Fen: int64(fen), At: at}
	switch fields[kind] {
	case payment:
	case refund, takeBack:
		movement.Number, movement.RefundNumber, movement.Transaction = fields[paidOrder], fields[order], fields[paidQuery]
		if movement.RefundNumber == "" {
			return charge.Line{}, errors.New("the order has no number")
		}
	default:
		return charge.Line{}, errors.New("it is a kind of trade that we do not do")
	}
	if movement.Number == "" || movement.Transaction == "" {
		return charge.Line{}, errors.New("the order has no number")
	}
	return movement, nil
}

// cut answers the fields without their padding.
func cut(line []byte) (fields [len(widths)]string, err error) {
	for i, width := range widths {
		if len(line) < width {
			return fields, errors.New("it is too short")
		}
		fields[i] = string(bytes.TrimSpace(line[:width]))
		line = line[width:]
		if len(line) == 0 {
			continue
		}
		if line[0] != ' ' {
			return fields, errors.New("its fields have other widths")
		}
		line = line[1:]
	}
	return fields, nil
}

func noon(day time.Time) time.Time {
	year, month, date := day.In(clock.Shanghai).Date()
	return time.Date(year, month, date, 12, 0, 0, 0, clock.Shanghai)
}
