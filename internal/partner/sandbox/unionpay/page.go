package unionpay

import (
	"html/template"
	"net/http"

	"parkbff/internal/partner/sandbox/ticket"
)

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html><html lang="zh"><meta charset="utf-8"><title>银联在线支付 (stand-in)</title>
<h1>银联在线支付</h1>{{if .Problem}}<p>不能支付 ({{.Problem}})</p>{{else}}<p>{{.Description}} {{.Fen}} 分</p>
<form method="get" action="/gateway/page"><input type="hidden" name="tn" value="{{.Ticket}}"><button name="pay" value="1">支付</button></form>{{end}}
</html>
`))

type shown struct {
	Problem, Description, Ticket string
	Fen                          int64
}

// front is the page that a payer's browser posts an order to. With pay=1 in its address it pays at once, as whom
// person= names, and leads back.
func (s *Sandbox) front(w http.ResponseWriter, r *http.Request) {
	said, refusal := s.read(r)
	if refusal == "" && said["frontUrl"] == "" {
		refusal = incomplete
	}
	if refusal != "" {
		show(w, http.StatusBadRequest, shown{Problem: refusal})
		return
	}
	o, refusal := s.open(said)
	if refusal != "" {
		show(w, http.StatusBadRequest, shown{Problem: refusal})
		return
	}
	s.present(w, r, o)
}

// visit is the same page for an order that is known: by its tn, as UnionPay's app would open it.
func (s *Sandbox) visit(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	o, known := s.tickets.Get(r.URL.Query().Get("tn"))
	s.mu.Unlock()
	if !known {
		show(w, http.StatusNotFound, shown{Problem: noSuch})
		return
	}
	s.present(w, r, o)
}

func (s *Sandbox) present(w http.ResponseWriter, r *http.Request, o *order) {
	query := r.URL.Query()
	if query.Get("pay") != "1" {
		show(w, http.StatusOK, shown{Description: o.said["orderDesc"], Ticket: o.tn, Fen: o.fen})
		return
	}
	if err := s.pay(o.number, ticket.Someone(query)); err != nil {
		show(w, http.StatusConflict, shown{Problem: tooLate})
		return
	}
	if err := s.tell(r.Context(), o.number); err != nil {
		show(w, http.StatusBadGateway, shown{Problem: "paid, but the notice was not taken"})
		return
	}
	if o.said["frontUrl"] == "" { // of an app's order
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r, o.said["frontUrl"], http.StatusSeeOther)
}

func show(w http.ResponseWriter, status int, what shown) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = page.Execute(w, what) // the browser has gone
}
