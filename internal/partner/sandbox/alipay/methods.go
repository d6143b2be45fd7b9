package alipay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"parkbff/internal/money"
)

// stamp is how Alipay writes an instant, in UTC+8.
const stamp = "2006-01-02 15:04:05"

var beijing = time.FixedZone("UTC+8", 8*60*60)

var (
	number      = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)
	person      = regexp.MustCompile(`^2088[0-9]{12}$`)
	placeNumber = regexp.MustCompile(`^[0-9A-Za-z]{1,28}$`)
)

// call is what an app asks a method.
type call struct {
	app    App
	notify string
	host   string // by which the app knows the stand-in
	body   []byte
}

// method does what a call asks, with the stand-in locked, and answers what it says.
type method func(call) (map[string]any, error)

// failure is a sub code. Those without a prefix of their own fail in business.
type failure string

func (f failure) Error() string { return string(f) }

// Failures.
const (
	invalidParameter failure = "ACQ.INVALID_PARAMETER"
	accessForbidden  failure = "ACQ.ACCESS_FORBIDDEN"
	tradeNotExist    failure = "ACQ.TRADE_NOT_EXIST"
	tradeHasSuccess  failure = "ACQ.TRADE_HAS_SUCCESS"
	tradeHasClosed   failure = "ACQ.TRADE_HAS_CLOSE"
	tradeStatusError failure = "ACQ.TRADE_STATUS_ERROR"
	inconsistent     failure = "ACQ.CONTEXT_INCONSISTENT"
	otherBuyer       failure = "ACQ.TRADE_BUYER_NOT_MATCH"
	sameBuyer        failure = "ACQ.BUYER_SELLER_EQUAL"
	tooMuchBack      failure = "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
	discordant       failure = "ACQ.DISCORDANT_REPEAT_REQUEST"
	balanceShort     failure = "ACQ.BUYER_BALANCE_NOT_ENOUGH"
	noAgreement      failure = "ACQ.AGREEMENT_NOT_EXIST"
	billNotExist     failure = "isp.bill_not_exist"
	bizFail          failure = "BIZ_FAIL"
)

func (s *Sandbox) methods() map[string]method {
	return map[string]method{
		"alipay.trade.create":                            s.create,
		"alipay.trade.query":                             s.query,
		"alipay.trade.close":                             s.close,
		"alipay.trade.refund":                            s.refund,
		"alipay.trade.fastpay.refund.query":              s.refundQuery,
		"alipay.data.dataservice.bill.downloadurl.query": s.bill,
		"alipay.eco.mycar.parking.parkinglotinfo.create": s.register,
		"alipay.eco.mycar.parking.agreement.query":       s.agreement,
		"alipay.eco.mycar.parking.enterinfo.sync":        s.enter,
		"alipay.eco.mycar.parking.exitinfo.sync":         s.exit,
		"alipay.eco.mycar.parking.order.pay":             s.deduct,
	}
}

// serve answers one call that is signed.
func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, app App, m method) {
	form := r.Form
	name := form.Get("method")
	s.mu.Lock()
	defer s.mu.Unlock()
	said, err := m(call{app: app, host: r.Host, notify: form.Get("notify_url"), body: []byte(form.Get("biz_content"))})
	var failed failure
	switch {
	case errors.As(err, &failed):
		fail(w, app, name, "40004", string(failed))
		return
	case err != nil:
		fail(w, app, name, "20000", "isp.unknow-error")
		return
	}
	said["code"], said["msg"] = "10000", "Success"
	raw, err := json.Marshal(said)
	if err != nil {
		refuse(w, "aop.unknow-error")
		return
	}
	answerSigned(w, app, name, raw)
}

// strictly reads what a call asks. A field that the method does not know is a mistake of ours.
func strictly(body []byte, into any) error {
	strict := json.NewDecoder(bytes.NewReader(body))
	strict.DisallowUnknownFields()
	if err := strict.Decode(into); err != nil {
		return invalidParameter
	}
	return nil
}

func written(at time.Time) string { return at.In(beijing).Format(stamp) }

// amount reads yuan with two decimals, more than none.
func amount(text string) (int64, error) {
	fen, err := money.ParseYuan(text)
	if err != nil || fen <= 0 || text != money.Yuan(fen) {
		return 0, invalidParameter
	}
	return fen, nil
}

func instant(text string) (time.Time, error) {
	at, err := time.ParseInLocation(stamp, text, beijing)
	if err != nil {
		return time.Time{}, invalidParameter
	}
	return at, nil
}

// errUnknown is answered to a test that names what the stand-in has not.
var errUnknown = errors.New("sandbox: there is no such thing")

func wrong(why string, err error) error { return fmt.Errorf("sandbox: %s: %w", why, err) }
