package alipay_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/charge"
)

func TestOnlyWhatAlipaySignedIsBelieved(t *testing.T) {
	m := newMarket(t)
	m.paid(t, one)
	for name, change := range map[string]func(string) string{
		"without a signature": func(reply string) string { return reply[:strings.Index(reply, `,"sign"`)] + "}" },
		"changed":             func(reply string) string { return strings.Replace(reply, "12.50", "00.50", 1) },
		"with a certificate of its own": func(reply string) string {
			return strings.Replace(reply, `{"alipay_trade`, `{"alipay_cert_sn":"mine","alipay_trade`, 1)
		},
		"cut":     func(reply string) string { return reply[:len(reply)/2] },
		"no JSON": func(string) string { return "<html>" },
		"a refusal that nobody signed": func(string) string {
			return `{"alipay_trade_query_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}`
		},
		"an error that nobody signed": func(string) string { return `{"error_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}` },
		"null":                        func(string) string { return `{"alipay_trade_query_response":null}` },
		"sealed":                      func(string) string { return `{"alipay_trade_query_response":"AAAA","sign":"AAAA"}` },
	} {
		pay := m.behind(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			m.ServeHTTP(recorder, r)
			_, _ = io.WriteString(w, change(recorder.Body.String()))
		}))
		if got, err := pay.Find(t.Context(), one); !errors.Is(err, fault.Unavailable) || got != (charge.Receipt{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	thief := m.config()
	thief.App.PrivateKey = swapped(m.keys).AppPrivate()
	if _, err := m.client(t, thief).Find(t.Context(), one); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another's key: %v", err)
	}
	if got, err := m.client(t, m.another()).Find(t.Context(), one); err != nil || got.State != charge.Unknown {
		t.Errorf("another merchant's question: %+v, %v", got, err)
	}
}

// another are the settings of the other merchant.
func (m *market) another() alipay.PayConfig {
	c := m.config()
	c.App.AppID, c.Seller = other, otherSeller
	return c
}

func TestASignedReplyOfAnotherTradeIsNotTaken(t *testing.T) {
	m := newMarket(t)
	good := `"code":"10000","trade_no":"20","trade_status":"TRADE_SUCCESS","total_amount":"12.50","send_pay_date":"2026-11-21 09:00:00"`
	for name, said := range map[string]string{
		"another number":      `{"out_trade_no":"` + two + `",` + good + `}`,
		"no number":           `{` + good + `}`,
		"an unknown state":    `{"out_trade_no":"` + one + `",` + strings.Replace(good, "TRADE_SUCCESS", "PAID", 1) + `}`,
		"no amount":           `{"out_trade_no":"` + one + `",` + strings.Replace(good, "12.50", "", 1) + `}`,
		"no time":             `{"out_trade_no":"` + one + `",` + strings.Replace(good, "2026-11-21 09:00:00", "", 1) + `}`,
		"a credit not agreed": `{"out_trade_no":"` + one + `","credit_pay_mode":"creditAdvanceV2",` + good + `}`,
		"no object":           `[]`,
		"odd types":           `{"code":"10000","out_trade_no":1}`,
	} {
		if got, err := m.saying(t, "alipay.trade.query", said).Find(t.Context(), one); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := m.saying(t, "alipay.trade.query", `{"out_trade_no":"`+one+`",`+good+`}`).Find(t.Context(), one); err != nil || !got.PaidAt.Equal(morning) {
		t.Errorf("the good one: %+v, %v", got, err)
	}
	create := m.saying(t, "alipay.trade.create", `{"code":"10000","out_trade_no":"`+two+`","trade_no":"20"}`)
	if _, err := create.Prepare(t.Context(), m.charge(one, money.MiniProgram)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another trade was made: %v", err)
	}
	closing := m.saying(t, "alipay.trade.close", `{"code":"10000","out_trade_no":"`+two+`"}`)
	if err := closing.Close(t.Context(), one); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another trade was closed: %v", err)
	}
}

func TestRefusalsOfPaymentsAreTranslated(t *testing.T) {
	m := newMarket(t)
	for sub, want := range map[string]error{
		"ACQ.TRADE_HAS_SUCCESS":                    charge.AlreadyPaid,
		"ACQ.BUYER_BALANCE_NOT_ENOUGH":             charge.Declined,
		"ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH":    charge.Declined,
		"ACQ.PAYMENT_REQUEST_HAS_RISK":             charge.Declined,
		"ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR": charge.Declined,
		"ACQ.BUYER_ENABLE_STATUS_FORBID":           charge.Declined,
		"ACQ.AGREEMENT_NOT_EXIST":                  charge.Declined,
		"ACQ.TOTAL_FEE_EXCEED":                     charge.Refused,
		"ACQ.CONTEXT_INCONSISTENT":                 charge.Refused,
		"isv.invalid-parameter":                    charge.Refused,
		"isv.insufficient-isv-permissions":         charge.Refused,
		"isv.invalid-signature":                    fault.Unavailable,
		"isv.invalid-app-id":                       fault.Unavailable,
		"ACQ.SYSTEM_ERROR":                         fault.Unavailable,
		"aop.ACQ.SYSTEM_ERROR":                     fault.Unavailable,
		"aop.unknow-error":                         fault.Unavailable,
		"isp.unknow-error":                         fault.Unavailable,
		"ACQ.SOMETHING_NEW":                        fault.Unavailable,
		"":                                         fault.Unavailable,
	} {
		said := fmt.Sprintf(`{"code":"40004","sub_code":%q,"sub_msg":"2088102 12.50"}`, sub)
		_, err := m.saying(t, "alipay.trade.create", said).Prepare(t.Context(), m.charge(one, money.MiniProgram))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", sub, err)
		}
		says(t, err, "2088102", "12.50")
	}
}

func TestIncompleteSettingsOfPaymentsAreRefused(t *testing.T) {
	m := newMarket(t)
	for name, change := range map[string]func(*alipay.PayConfig){
		"no app":          func(c *alipay.PayConfig) { c.App.AppID = "" },
		"no seller":       func(c *alipay.PayConfig) { c.Seller = "" },
		"a name":          func(c *alipay.PayConfig) { c.Seller = "shop@example.cn" },
		"no notify URL":   func(c *alipay.PayConfig) { c.NotifyURL = "" },
		"half a URL":      func(c *alipay.PayConfig) { c.NotifyURL = "/callback" },
		"half a way back": func(c *alipay.PayConfig) { c.ReturnURL = "back" },
	} {
		c := m.config()
		change(&c)
		_, err := alipay.NewPay(c, m.clock)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		says(t, err, m.keys.AppPrivate())
	}
	if got := fmt.Sprintf("%v %+v %#v", m.config(), m.config(), m.config()); got != "config config config" {
		t.Error("the settings print themselves")
	}
}
