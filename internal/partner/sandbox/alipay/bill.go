package alipay

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"parkbff/internal/money"
)

const (
	billKind  = "bill"
	billLasts = 30 * time.Second
)

// bill answers where a day's statement lies, for half a minute. It is there when the day is over.
func (s *Sandbox) bill(c call) (map[string]any, error) {
	var a struct {
		Type string `json:"bill_type"`
		Date string `json:"bill_date"`
	}
	if err := strictly(c.body, &a); err != nil {
		return nil, err
	}
	day, err := time.ParseInLocation(time.DateOnly, a.Date, beijing)
	if err != nil || a.Type != "trade" {
		return nil, failure("isv.invalid-arguments")
	}
	if s.clock.Now().Before(day.AddDate(0, 0, 1)) {
		return nil, billNotExist
	}
	code, err := s.office.Issue(billKind, c.app.ID, a.Date, billLasts)
	if err != nil {
		return nil, wrong("make the address", err)
	}
	return map[string]any{"bill_download_url": "http://" + c.host + "/downloadBillFile.resource?" + url.Values{
		"bizType": {"trade"}, "fileType": {"csv.zip"}, "appId": {c.app.ID}, "token": {code},
	}.Encode()}, nil
}

func (s *Sandbox) downloadBill(w http.ResponseWriter, r *http.Request) {
	app, ok := s.apps[r.URL.Query().Get("appId")]
	t, err := s.office.Check(r.URL.Query().Get("token"), billKind, app.ID)
	if !ok || err != nil {
		http.Error(w, "the address is no longer good", http.StatusForbidden)
		return
	}
	day, err := time.ParseInLocation(time.DateOnly, t.Of, beijing)
	if err != nil {
		http.Error(w, "no such day", http.StatusBadRequest)
		return
	}
	details, summary := s.Statement(app.Seller, day)
	zipped, err := ZipStatement(details, summary)
	if err != nil {
		http.Error(w, "the statement cannot be packed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	_, _ = w.Write(zipped)
}

// ZipStatement packs the two files of a statement as the original does, in GBK.
func ZipStatement(details, summary string) ([]byte, error) {
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, file := range [][2]string{{"20880000_业务明细.csv", details}, {"20880000_业务明细(汇总).csv", summary}} {
		name, err := simplifiedchinese.GBK.NewEncoder().String(file[0])
		if err != nil {
			return nil, wrong("write the name", err)
		}
		content, err := simplifiedchinese.GBK.NewEncoder().String(file[1])
		if err != nil {
			return nil, wrong("write the statement", err)
		}
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, NonUTF8: true, Method: zip.Deflate})
		if err != nil {
			return nil, wrong("pack the statement", err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			return nil, wrong("pack the statement", err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, wrong("pack the statement", err)
	}
	return b.Bytes(), nil
}

const (
	detailHead = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）," +
		"商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）," +
		"卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
	summaryHead = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）," +
		"卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"
	rule = "-----------------------------------------"
)

// Statement is what moved for a seller on a day in Beijing: the details and the summary, as texts.
func (s *Sandbox) Statement(seller string, day time.Time) (details, summary string) {
	from := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, beijing)
	until := from.AddDate(0, 0, 1)
	on := func(at time.Time) bool { return !at.Before(from) && at.Before(until) }
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []string
	var payments, refunds int
	var in, out int64
	for _, t := range s.till.all.All() {
		if t.Seller != seller {
			continue
		}
		if !t.paid.IsZero() && on(t.paid) {
			rows = append(rows, t.row("交易", t.paid, t.fen, ""))
			payments, in = payments+1, in+t.fen
		}
		for _, r := range t.refunds {
			if on(r.at) {
				rows = append(rows, t.row("退款", r.at, -r.fen, r.number))
				refunds, out = refunds+1, out+r.fen
			}
		}
	}
	about := fmt.Sprintf("#账号：[%s0156]\r\n#起始日期：[%s]   终止日期：[%s]\r\n", seller, longDay(from), longDay(until))
	details = "#支付宝业务明细查询\r\n" + about + "#" + rule + "业务明细列表" + rule + "\r\n" + detailHead + "\r\n" +
		strings.Join(slices.Concat(rows, []string{""}), "\r\n") + "#" + rule + "业务明细列表结束" + rule + "\r\n" +
		fmt.Sprintf("#交易合计：%d笔，商家实收共%s元，商家优惠共0.00元\r\n", payments, money.Yuan(in)) +
		fmt.Sprintf("#退款合计：%d笔，商家实收退款共%s元，商家优惠退款共0.00元\r\n", refunds, money.Yuan(-out)) +
		"#导出时间：[" + s.clock.Now().In(beijing).Format("2006年01月02日 15:04:05") + "]\r\n"
	net := money.Yuan(in - out)
	sums := fmt.Sprintf("%d\t,%d\t,%s,%s,0.00,0.00,0.00,0.00,0.00,%s\r\n", payments, refunds, net, net, net)
	summary = "#支付宝业务汇总查询\r\n" + about + "#" + rule + "业务汇总列表" + rule + "\r\n" + summaryHead + "\r\n" +
		"\t,\t," + sums + "合计\t,\t," + sums + "#" + rule + "业务汇总列表结束" + rule + "\r\n"
	return details, summary
}

func longDay(at time.Time) string { return at.Format("2006年01月02日 15:04:05") }

// row is a line of the details. The original pads numbers with tabs.
func (t *trade) row(kind string, at time.Time, fen int64, request string) string {
	yuan := money.Yuan(fen)
	return strings.Join([]string{
		t.id + "\t", t.Number + "\t", kind + "\t", strings.ReplaceAll(t.Subject, ",", "，"), written(t.created), written(at),
		"\t", "\t", "\t", "\t", "**主(159****5620)\t", yuan, yuan, "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00", "0.00",
		request + "\t", "0.00", "0.00", "",
	}, ",")
}
