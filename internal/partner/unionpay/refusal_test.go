package unionpay_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/unionpay"
	"parkbff/internal/partner/unionpay/acp"
)

// answering is our client of a UnionPay that gives one answer to whatever it is asked.
func (w *world) answering(t *testing.T, answer string) *unionpay.Client {
	t.Helper()
	config := w.config(merchant)
	config.Gateway = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		said := r.PostForm
		form, err := w.Sign(acp.Message{
			"respCode": answer, "merId": said.Get("merId"), "orderId": said.Get("orderId"), "txnTime": said.Get("txnTime"),
			"queryId": "912345678901234567890",
		})
		if err != nil {
			t.Error(err)
		}
		m, err := acp.FromForm(form)
		if err != nil {
			t.Error(err)
		}
		_, _ = rw.Write([]byte(m.Reply()))
	}))
	return w.client(t, config)
}

func TestUnionPaysAnswersAreToldApart(t *testing.T) {
	w := newWorld(t)
	due := w.due(money.App)
	r := w.back(charge.Receipt{Transaction: "912345678901234567890"})
	for answer, want := range map[string]struct{ prepared, refunded, found error }{
		"00":                      {fault.Unavailable, nil, nil}, // without tn
		"03":                      {fault.Unavailable, nil, fault.Unavailable},
		"04":                      {fault.Unavailable, nil, fault.Unavailable},
		"05":                      {fault.Unavailable, nil, fault.Unavailable},
		"06":                      {fault.Unavailable, fault.Unavailable, fault.Unavailable},
		"10":                      {charge.Refused, charge.Refused, fault.Unavailable},
		"11":                      {fault.Unavailable, fault.Unavailable, fault.Unavailable},
		"31":                      {fault.Unavailable, fault.Unavailable, fault.Unavailable},
		"36":                      {charge.Refused, charge.Refused, fault.Unavailable},
		"37":                      {fault.Unavailable, fault.Unavailable, fault.Unavailable},
		"64":                      {charge.Declined, charge.Refused, fault.Unavailable},
		"99":                      {fault.Unavailable, fault.Unavailable, fault.Unavailable},
		"":                        {fault.Unavailable, fault.Unavailable, fault.Unavailable},
		strings.Repeat("0", 4096): {fault.Unavailable, fault.Unavailable, fault.Unavailable},
	} {
		client := w.answering(t, answer)
		_, prepared := client.Prepare(t.Context(), due)
		receipt, refunded := client.Refund(t.Context(), r)
		_, found := client.Find(t.Context(), due.Named())
		for name, got := range map[string][2]error{
			"prepared": {prepared, want.prepared}, "refunded": {refunded, want.refunded}, "found": {found, want.found},
		} {
			if !errors.Is(got[0], got[1]) || got[0] != nil && len(errors.Unwrap(got[0]).Error()) > 200 {
				t.Errorf("%.4q %s: %v", answer, name, got[0])
			}
		}
		if refunded == nil && (receipt.State != charge.Pending || receipt.Fen != 500) {
			t.Errorf("%.4q: %+v", answer, receipt)
		}
	}
}
