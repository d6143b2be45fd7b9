package wechatpay

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/money"
)

const (
	billTicket = "bill"
	billLasts  = 30 * time.Second
	madeAfter  = 9 * time.Hour // of the next day
	billsKept  = 90 * 24 * time.Hour
	day        = 24 * time.Hour
)

// move is money that went one way or the other.
type move struct {
	at     time.Time
	of     *order
	refund *refund // nil: a payment
}

// bill answers where the statement of a day lies.
func (s *Sandbox) bill(r request) answer {
	q := r.URL.Query()
	of, err := time.ParseInLocation(time.DateOnly, q.Get("bill_date"), clock.Shanghai)
	now := s.clock.Now()
	if err != nil || cmp.Or(q.Get("bill_type"), "ALL") != "ALL" || now.Before(of) || now.Sub(of) > billsKept {
		return badInput
	}
	if now.Before(of.Add(day + madeAfter)) {
		return refuse(http.StatusBadRequest, "STATEMENT_CREATING")
	}
	text := s.statement(r.from.ID, of)
	if text == "" {
		return refuse(http.StatusBadRequest, "NO_STATEMENT_EXIST")
	}
	token, err := s.office.Issue(billTicket, r.from.ID, q.Get("bill_date"), billLasts)
	if err != nil {
		return broken
	}
	sum := sha1.Sum([]byte(text))
	return fine(map[string]string{
		"hash_type": "SHA1", "hash_value": hex.EncodeToString(sum[:]),
		"download_url": home(r.Request) + "/v3/billdownload/file?" + url.Values{"token": {token}}.Encode(),
	})
}

// download answers the file. It is signed for by whoever asks, and not by the platform.
func (s *Sandbox) download(w http.ResponseWriter, r *http.Request) {
	checked, err := s.check(r)
	if err != nil {
		write(w, refuse(http.StatusUnauthorized, "SIGN_ERROR"))
		return
	}
	t, err := s.office.Check(r.URL.Query().Get("token"), billTicket, checked.from.ID)
	if err != nil {
		write(w, badInput)
		return
	}
	of, err := time.ParseInLocation(time.DateOnly, t.Of, clock.Shanghai)
	if err != nil {
		write(w, broken)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(s.statement(checked.from.ID, of))) // the caller has gone otherwise
}

const (
	billHeader = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额," +
		"微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
	billSums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)

// statement writes what happened on a day; nothing when nothing did.
func (s *Sandbox) statement(merchant string, of time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []string
	var in, out int64
	for _, m := range s.moves.All() {
		if m.of.from.ID != merchant || m.at.Before(of) || !m.at.Before(of.Add(day)) {
			continue
		}
		rows = append(rows, m.row())
		if m.refund == nil {
			in += m.of.fen
		} else {
			out += m.refund.fen
		}
	}
	if len(rows) == 0 {
		return ""
	}
	sums := cells(fmt.Sprint(len(rows)), money.Yuan(in), money.Yuan(out), "0.00", "0.00000", money.Yuan(in), money.Yuan(out))
	return "\ufeff" + billHeader + "\r\n" + strings.Join(rows, "\r\n") + "\r\n" + billSums + "\r\n" + sums + "\r\n"
}

func (m move) row() string {
	o := m.of
	state, in, out := "SUCCESS", money.Yuan(o.fen), "0.00"
	refundID, refundNumber, refundKind, refundState := "0", "0", "", ""
	if m.refund != nil {
		state, in, out = "REFUND", "0.00", money.Yuan(m.refund.fen)
		refundID, refundNumber, refundKind, refundState = m.refund.transaction, m.refund.number, "ORIGINAL", "PROCESSING"
	}
	return cells(m.at.In(clock.Shanghai).Format(time.DateTime), o.app, o.from.ID, "0", "", o.transaction, o.number, o.payer,
		cmp.Or(tradeTypes[o.kind], "PARKING"), state, "OTHERS", "CNY", in, "0.00", refundID, refundNumber, out, "0.00", refundKind,
		refundState, o.description, "", "0.00000", "0.60%", in, out, "")
}

func cells(values ...string) string { return "`" + strings.Join(values, ",`") }
