package unionpay

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/unionpay/acp"
	"parkbff/internal/partner/unionpay/zm"
)

// made is how long after a settlement day has begun UnionPay has made its file for certain: at noon of the next.
const made = 36 * time.Hour

// kept is how long UnionPay is asked for a day: it is told the month and the date, and might give another year's.
const kept = 300 * 24 * time.Hour

// mostOfArchive is how many bytes of an archive are unpacked.
const mostOfArchive = 64 << 20

// tradeFile is the file of ordinary trade in the archive, such as INN15090588ZM_802310048993424.
var tradeFile = regexp.MustCompile(`(^|/)INN[0-9]{8}ZM_[0-9A-Za-z]{15}$`)

// Statement answers what moved on a settlement day, which lasts from 23:00 of the day before until 23:00, Beijing time
// (https://open.unionpay.com/tjweb/acproduct/APIList?acpAPIId=759&apiservId=448, 文件传输). UnionPay makes no file of a day
// without trade: that there is none is believed from noon of the next day on, and is fault.Unavailable before. What
// banks correct by hand (差错, the ZME file) names no order of ours and is not in it.
//
// Errors: charge.Refused, also of a day to come or of more than 300 days ago; fault.Unavailable, also of a file that
// cannot be read.
func (c *Client) Statement(ctx context.Context, day time.Time) ([]charge.Line, error) {
	if age := c.clock.Now().Sub(begins(day)); age < 0 || age > kept {
		return nil, charge.Refused.Because(errors.New("unionpay: the day is to come, or too long ago"))
	}
	reply, err := c.ask(ctx, c.config.Files+"/", acp.Message{
		"txnType": filing, "txnSubType": "01", "bizType": general, "fileType": "00",
		"txnTime": acp.Time(c.clock.Now()), "settleDate": begins(day).Format("0102"),
	}, maxStatement)
	if err != nil {
		return nil, err
	}
	switch reply["respCode"] {
	case accepted:
	case noSuchFile:
		if c.clock.Now().Before(begins(day).Add(made)) {
			return nil, fault.Unavailable.Because(errors.New("unionpay: the day's file is not made yet"))
		}
		return nil, nil
	default:
		return nil, refused(reply["respCode"])
	}
	lines, err := c.movements(reply["fileContent"], day)
	if err != nil {
		return nil, fault.Unavailable.Because(err)
	}
	return lines, nil
}

func begins(day time.Time) time.Time {
	year, month, date := day.In(clock.Shanghai).Date()
	return time.Date(year, month, date, 0, 0, 0, 0, clock.Shanghai)
}

// movements reads what a file transfer carries: a ZIP archive, deflated and in Base64.
func (c *Client) movements(content string, day time.Time) ([]charge.Line, error) {
	deflated, err := zlib.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(content)))
	if err != nil {
		return nil, errors.New("unionpay: the statement is not deflated")
	}
	raw, err := io.ReadAll(io.LimitReader(deflated, mostOfArchive+1))
	if err != nil || len(raw) > mostOfArchive {
		return nil, errors.New("unionpay: the statement breaks off, or is too long")
	}
	archive, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, errors.New("unionpay: the statement is no archive")
	}
	files := slices.DeleteFunc(archive.File, func(f *zip.File) bool { return !tradeFile.MatchString(f.Name) })
	switch len(files) {
	case 0:
		return nil, nil
	case 1:
		return c.trades(files[0], day)
	}
	return nil, errors.New("unionpay: the statement has several files of trade")
}

func (c *Client) trades(file *zip.File, day time.Time) ([]charge.Line, error) {
	content, err := file.Open()
	if err != nil {
		return nil, errors.New("unionpay: the statement's file does not open")
	}
	defer func() { _ = content.Close() }()
	return zm.Read(content, c.config.MerchantID, day)
}
