package wechatpay

import (
	"crypto/sha256"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"
	"unicode/utf8"

	"parkbff/internal/clock"
)

// Kinds of charges, as the paths call them.
const (
	jsapi = "jsapi"
	h5    = "h5"
	app   = "app"
)

// tradeTypes are how the platform calls the kinds afterwards.
var tradeTypes = map[string]string{jsapi: "JSAPI", h5: "MWEB", app: "APP"}

// States of orders.
const (
	notPaid  = "NOTPAY"
	success  = "SUCCESS"
	refunded = "REFUND"
	closed   = "CLOSED"
	accepted = "ACCEPTED"
	failed   = "PAY_FAIL"
)

// order is a charge or a deduction.
type order struct {
	from        Merchant
	app         string
	number      string
	kind        string
	said        [sha256.Size]byte // what it was asked for with
	prepayID    string
	transaction string
	description string
	notifyURL   string
	payer       string // the openid that must pay; empty: anybody
	fen         int64
	back        int64 // refunded, or being so
	state       string
	madeAt      time.Time
	expires     time.Time
	paidAt      time.Time

	parking  *scene // of a deduction
	advanced bool
	repaid   bool
}

// prepayment is what a merchant asks for.
type prepayment struct {
	AppID       string `json:"appid"`
	MchID       string `json:"mchid"`
	Description string `json:"description"`
	Number      string `json:"out_trade_no"`
	Expires     string `json:"time_expire"`
	NotifyURL   string `json:"notify_url"`
	Amount      amount `json:"amount"`
	Payer       struct {
		OpenID string `json:"openid"`
	} `json:"payer"`
	Scene struct {
		Address string `json:"payer_client_ip"`
		H5      struct {
			Type string `json:"type"`
		} `json:"h5_info"`
	} `json:"scene_info"`
}

type amount struct {
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

var numberForm = regexp.MustCompile(`^[0-9A-Za-z_\-|*]{6,32}$`)

// right holds for a request that lacks nothing.
func (p prepayment) right(kind string, r request) bool {
	switch {
	case !numberForm.MatchString(p.Number), p.Amount.Total <= 0, p.Amount.Currency != "CNY", !callable(p.NotifyURL):
		return false
	case p.MchID != r.from.ID, !described(p.Description):
		return false
	case kind == jsapi:
		return p.Payer.OpenID != ""
	case kind == h5:
		return net.ParseIP(p.Scene.Address) != nil && p.Scene.H5.Type == "Wap"
	}
	return true
}

func described(text string) bool { return text != "" && utf8.RuneCountInString(text) <= 127 }

// callable holds for what the platform would call: https without a query. The loopback interface needs no TLS here.
func callable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

func (s *Sandbox) prepay(kind string) func(request) answer {
	return func(r request) answer {
		var p prepayment
		if !r.read(&p) || !p.right(kind, r) {
			return badInput
		}
		if !r.hasApp(p.AppID) {
			return refuse(http.StatusBadRequest, "APPID_MCHID_NOT_MATCH")
		}
		expires, err := time.Parse(time.RFC3339, p.Expires)
		now := s.clock.Now()
		if p.Expires == "" {
			expires = now.Add(2 * time.Hour)
		} else if err != nil || !expires.After(now) {
			return badInput
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		said := fingerprint(kind, p)
		known, ok := s.orders.Get(id{r.from.ID, p.Number})
		if ok {
			return s.again(known, said, r)
		}
		o := &order{
			from: r.from, app: p.AppID, number: p.Number, kind: kind, said: said, prepayID: s.next("wx"),
			description: p.Description, notifyURL: p.NotifyURL, payer: p.Payer.OpenID, fen: p.Amount.Total, state: notPaid,
			madeAt: now, expires: expires,
		}
		s.keep(o)
		s.prepaid.Put(o.prepayID, o)
		return s.launch(o, r)
	}
}

// again answers to who asks for a number that is known.
func (s *Sandbox) again(o *order, said [sha256.Size]byte, r request) answer {
	switch {
	case o.paid():
		return refuse(http.StatusBadRequest, "ORDERPAID")
	case o.said != said: // 请求重入时，参数与首次请求时不一致
		return badRequest
	case o.state == closed:
		return refuse(http.StatusBadRequest, "ORDER_CLOSED")
	}
	return s.launch(o, r)
}

func (s *Sandbox) keep(o *order) {
	s.orders.Put(id{o.from.ID, o.number}, o)
	s.numbers.Put(o.number, o)
	s.listed.Add(o)
}

func (s *Sandbox) launch(o *order, r request) answer {
	if o.kind == h5 {
		return fine(map[string]string{"h5_url": home(r.Request) + payPage + "?" + url.Values{"prepay_id": {o.prepayID}}.Encode()})
	}
	return fine(map[string]string{"prepay_id": o.prepayID})
}

// home is where the caller has found the stand-in.
func home(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// fingerprint is the same for the same request.
func fingerprint(kind string, request any) [sha256.Size]byte {
	said, err := json.Marshal(request)
	if err != nil { // of strings and numbers alone
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(append([]byte(kind+"\n"), said...))
}

func (o *order) paid() bool { return o.state == success || o.state == refunded }

func (s *Sandbox) find(r request) answer {
	if r.URL.Query().Get("mchid") != r.from.ID {
		return badInput
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders.Get(id{r.from.ID, r.PathValue("number")})
	if !ok || o.parking != nil || o.kind == "" {
		return refuse(http.StatusNotFound, "ORDER_NOT_EXIST")
	}
	return fine(o.told())
}

// told is what the platform tells of a charge.
func (o *order) told() map[string]any {
	if o.parking != nil {
		return o.toldOfParking()
	}
	said := map[string]any{
		"appid": o.app, "mchid": o.from.ID, "out_trade_no": o.number, "trade_state": o.state, "trade_state_desc": o.state,
		"attach": "", "amount": map[string]any{"total": o.fen, "currency": "CNY"},
	}
	if !o.paid() {
		return said
	}
	said["transaction_id"], said["trade_type"], said["bank_type"] = o.transaction, tradeTypes[o.kind], "OTHERS"
	said["success_time"] = written(o.paidAt)
	said["payer"] = map[string]string{"openid": o.payer}
	said["amount"] = map[string]any{"total": o.fen, "payer_total": o.fen, "currency": "CNY", "payer_currency": "CNY"}
	return said
}

func written(t time.Time) string { return t.In(clock.Shanghai).Format(time.RFC3339) }

// close closes a charge. To a number that nobody has prepared the original has been seen to answer that it is closed,
// and to take no charge of that number afterwards.
func (s *Sandbox) close(r request) answer {
	var body struct {
		MchID string `json:"mchid"`
	}
	if !r.read(&body) || body.MchID != r.from.ID {
		return badInput
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	number := r.PathValue("number")
	o, ok := s.orders.Get(id{r.from.ID, number})
	switch {
	case !ok:
		s.orders.Put(id{r.from.ID, number}, &order{from: r.from, number: number, state: closed})
	case o.paid():
		return refuse(http.StatusBadRequest, "ORDERPAID")
	case o.parking != nil:
		return badRequest
	case o.state == closed && o.kind != "":
		return refuse(http.StatusBadRequest, "ORDER_CLOSED")
	default:
		o.state = closed
	}
	return answer{status: http.StatusNoContent}
}
