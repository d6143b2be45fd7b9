package wechatpay

import (
	"html/template"
	"net/http"

	"parkbff/internal/money"
)

// payPage is where an H5 charge leads, under the original's path.
const payPage = "/cgi-bin/mmpayweb-bin/checkmweb"

// someone pays who comes without WeChat's app.
const someone = "visitor"

var shown = template.Must(template.New("pay").Parse(`<!doctype html>
<html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>微信支付（沙箱）</title>
<h1>微信支付（沙箱）</h1>
<p>{{.Description}} ¥{{.Yuan}}</p>
{{if .Paid}}<p>已支付</p>{{else if .Open}}<p><a href="{{.Path}}?prepay_id={{.PrepayID}}&amp;pay=1">确认支付</a></p>{{else}}<p>订单已关闭</p>{{end}}
</html>
`))

// page shows a charge, and pays it at once when asked to with ?pay=1.
func (s *Sandbox) page(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	o, ok := s.prepaid.Get(q.Get("prepay_id"))
	if !ok || o.kind != h5 {
		s.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	var err error
	if q.Get("pay") == "1" && !o.paid() {
		err = s.pay(o, someone)
	}
	data := struct {
		Description, Yuan, Path, PrepayID string
		Paid, Open                        bool
	}{o.description, money.Yuan(o.fen), payPage, o.prepayID, o.paid(), err == nil && o.state == notPaid && s.clock.Now().Before(o.expires)}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		w.WriteHeader(http.StatusConflict)
	}
	_ = shown.Execute(w, data) // the visitor has gone otherwise
}
