package wechatpay

import (
	"crypto/sha256"
	"net/http"
	"time"
)

// deduction is the kind of an order of the parking service.
const deduction = "parking"

// Car is how the parking service stands to a plate.
type Car struct {
	Payer    string  // the openid of who has opened the service for it
	Service  Service // NORMAL, PAUSE, OVERDUE; of a plate that was never set it is OUT_SERVICE
	Outcome  Outcome // of its deductions
	OpenedAt time.Time
}

// Service is the state of the service for a plate.
type Service string

// States of the service. An overdue one is open, and its user owes WeChat; who asks is told PAUSE.
const (
	Normal     Service = "NORMAL"
	Paused     Service = "PAUSE"
	Overdue    Service = "OVERDUE"
	OutService Service = "OUT_SERVICE"
)

// Outcome is what becomes of a deduction.
type Outcome int

// Outcomes: paid; paid in advance by WeChat; taken in and failed; not taken in for want of money.
const (
	Pays Outcome = iota
	Advances
	Fails
	Declines
)

// plate is a plate with its colour.
type plate struct{ text, color string }

var plateColors = map[string]bool{"BLUE": true, "GREEN": true, "YELLOW": true, "BLACK": true, "WHITE": true, "LIMEGREEN": true}

// entry is a stay that a merchant has told of.
type entry struct {
	from      Merchant
	id        string
	number    string
	said      [sha256.Size]byte
	plate     plate
	start     string
	lot       string
	notifyURL string
	free      int64
	spent     bool // a deduction has been taken in for it
}

// scene is the stay of a deduction, as the merchant writes it.
type scene struct {
	ParkingID string `json:"parking_id"`
	Plate     string `json:"plate_number"`
	Color     string `json:"plate_color"`
	Start     string `json:"start_time"`
	End       string `json:"end_time"`
	Lot       string `json:"parking_name"`
	Seconds   int64  `json:"charging_duration"`
	Device    string `json:"device_id"`
}

// car answers how the service stands to a plate.
func (s *Sandbox) car(p plate) Car {
	if known, ok := s.plates.Get(p); ok {
		return known
	}
	return Car{Service: OutService}
}

func (s *Sandbox) service(r request) answer {
	q := r.URL.Query()
	p, payer := plate{q.Get("plate_number"), q.Get("plate_color")}, q.Get("openid")
	if p.text == "" || !plateColors[p.color] || payer == "" || !r.hasApp(q.Get("appid")) {
		return badInput
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	said := map[string]string{
		"plate_number": p.text, "plate_color": p.color, "openid": payer, "service_state": string(OutService),
	}
	if car := s.car(p); car.Payer == payer && car.Service != OutService {
		said["service_open_time"] = written(car.OpenedAt)
		said["service_state"] = string(car.Service)
		if car.Service == Overdue {
			said["service_state"] = string(Paused)
		}
	}
	return fine(said)
}

func (s *Sandbox) enter(r request) answer {
	var body struct {
		Number    string `json:"out_parking_no"`
		Plate     string `json:"plate_number"`
		Color     string `json:"plate_color"`
		NotifyURL string `json:"notify_url"`
		Start     string `json:"start_time"`
		Lot       string `json:"parking_name"`
		Free      *int64 `json:"free_duration"`
	}
	if !r.read(&body) || body.Free == nil || *body.Free < 0 || body.Plate == "" || !plateColors[body.Color] || body.Lot == "" ||
		!numberForm.MatchString(body.Number) || !callable(body.NotifyURL) {
		return badInput
	}
	if start, err := time.Parse(time.RFC3339, body.Start); err != nil || start.After(s.clock.Now()) {
		return badInput
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	said := fingerprint("entry", body)
	e, ok := s.entries.Get(id{r.from.ID, body.Number})
	if ok && e.said != said {
		return badRequest
	}
	if !ok {
		e = &entry{
			from: r.from, id: s.next("PK"), number: body.Number, said: said, plate: plate{body.Plate, body.Color},
			start: body.Start, lot: body.Lot, notifyURL: body.NotifyURL, free: *body.Free,
		}
		s.entries.Put(id{r.from.ID, e.number}, e)
		s.entered.Put(e.id, e)
		s.inside.Put(e.plate, e)
	}
	return fine(s.standing(e))
}

// standing is an entry as the platform answers it.
func (s *Sandbox) standing(e *entry) map[string]any {
	said := map[string]any{
		"id": e.id, "out_parking_no": e.number, "plate_number": e.plate.text, "plate_color": e.plate.color,
		"start_time": e.start, "parking_name": e.lot, "free_duration": e.free, "state": "NORMAL",
	}
	if car := s.car(e.plate); car.Service != Normal {
		said["state"], said["block_reason"] = "BLOCKED", string(car.Service)
	}
	return said
}

func (s *Sandbox) deduct(r request) answer {
	var body struct {
		AppID       string `json:"appid"`
		Description string `json:"description"`
		Number      string `json:"out_trade_no"`
		Scene       string `json:"trade_scene"`
		NotifyURL   string `json:"notify_url"`
		Amount      amount `json:"amount"`
		Parking     scene  `json:"parking_info"`
	}
	if !r.read(&body) || !numberForm.MatchString(body.Number) || !described(body.Description) || body.Scene != "PARKING" ||
		!callable(body.NotifyURL) || body.Amount.Total <= 0 || body.Amount.Currency != "CNY" || !r.hasApp(body.AppID) ||
		!body.Parking.right(s.clock.Now()) {
		return badInput
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	said := fingerprint(deduction, body)
	if o, ok := s.orders.Get(id{r.from.ID, body.Number}); ok {
		switch {
		case o.said != said:
			return refuse(http.StatusForbidden, "OUT_TRADE_NO_USED")
		case o.paid():
			return refuse(http.StatusBadRequest, "ORDERPAID")
		}
		return fine(o.told())
	}
	e, ok := s.entered.Get(body.Parking.ParkingID)
	if !ok || e.from.ID != r.from.ID || e.spent || !body.Parking.is(e) {
		return badRequest
	}
	if last, ok := s.inside.Get(e.plate); !ok || last != e {
		return badRequest
	}
	car := s.car(e.plate)
	switch {
	case car.Service != Normal: // the original's own code for this is not documented
		return refuse(http.StatusForbidden, "ACCOUNT_ERROR")
	case car.Outcome == Declines:
		return refuse(http.StatusForbidden, "NOT_ENOUGH")
	}
	o := &order{
		from: r.from, app: body.AppID, number: body.Number, kind: deduction, said: said, description: body.Description,
		notifyURL: body.NotifyURL, payer: car.Payer, fen: body.Amount.Total, state: accepted, madeAt: s.clock.Now(), parking: &body.Parking,
	}
	s.keep(o)
	e.spent = true
	taken := o.told()
	if s.automatic {
		if err := s.endDeduction(o); err != nil {
			return broken
		}
	}
	return fine(taken)
}

// right holds for a stay that lacks nothing and lies in the past.
func (p scene) right(now time.Time) bool {
	start, err := time.Parse(time.RFC3339, p.Start)
	end, failed := time.Parse(time.RFC3339, p.End)
	return err == nil && failed == nil && start.Before(end) && !end.After(now) && p.ParkingID != "" && p.Plate != "" &&
		plateColors[p.Color] && p.Lot != "" && p.Seconds > 0 && p.Device != ""
}

// is holds for the stay that the entry told of.
func (p scene) is(e *entry) bool {
	return plate{p.Plate, p.Color} == e.plate && p.Start == e.start && p.Lot == e.lot
}

func (s *Sandbox) findDeduction(r request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders.Get(id{r.from.ID, r.PathValue("number")})
	if !ok || o.parking == nil {
		return refuse(http.StatusNotFound, "ORDER_NOT_EXIST")
	}
	return fine(o.told())
}

// toldOfParking is what the platform tells of a deduction.
func (o *order) toldOfParking() map[string]any {
	said := map[string]any{
		"appid": o.app, "sp_mchid": o.from.ID, "description": o.description, "create_time": written(o.madeAt),
		"out_trade_no": o.number, "trade_state": o.state, "trade_scene": "PARKING", "parking_info": o.parking,
		"payer": map[string]string{"openid": o.payer}, "amount": map[string]any{"total": o.fen, "currency": "CNY"},
	}
	if !o.paid() {
		return said
	}
	said["transaction_id"], said["success_time"], said["bank_type"] = o.transaction, written(o.paidAt), "OTHERS"
	said["amount"] = map[string]any{"total": o.fen, "currency": "CNY", "payer_total": o.fen, "discount_total": 0}
	if o.advanced {
		said["bank_type"], said["user_repaid"] = "BPA", "N"
		if o.repaid {
			said["user_repaid"] = "Y"
		}
	}
	return said
}

// endDeduction takes the money, or fails to, and lets the merchant be called.
func (s *Sandbox) endDeduction(o *order) error {
	if o.parking == nil || o.state != accepted {
		return errEnded
	}
	kind := "TRANSACTION.FAIL"
	switch s.car(plate{o.parking.Plate, o.parking.Color}).Outcome {
	case Fails, Declines:
		o.state = failed
	case Advances:
		o.advanced = true
		fallthrough
	case Pays:
		kind = "TRANSACTION.SUCCESS"
		s.take(o)
	}
	return s.tell(event{from: o.from, number: o.number, kind: kind, content: o.told(), address: o.notifyURL})
}
