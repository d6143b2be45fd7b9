package alipay

import (
	"cmp"
	"slices"
	"strings"

	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/ticket"
)

// Standing is how a plate's owner and Alipay stand to deducting.
type Standing string

// Standings. Of the open ones, Short has no money; Credit has none either, and Alipay pays in advance where seller and
// deduction allow it, once: then the plate Owes, and nothing is deducted until Agree says otherwise.
const (
	None   Standing = ""
	Open   Standing = "OPEN"
	Short  Standing = "SHORT"
	Credit Standing = "CREDIT"
	Owes   Standing = "OWES"
)

// parking is what the stand-in knows of places and cars.
type parking struct {
	places  recent.Values[string, place]   // by Alipay's id
	outer   recent.Values[tradeOf, string] // ids, by ours of a seller
	agreed  recent.Values[string, owner]   // by plate
	stays   recent.Values[string, stay]    // by serial
	visited recent.List[Visit]
}

type place struct {
	app    string
	number string
}

type owner struct {
	user     string
	standing Standing
}

type stay struct {
	app, place, plate, number string
}

// Visit is what an app told of a car.
type Visit struct {
	Place  string // Alipay's id
	Plate  string
	Serial string
	Left   bool
}

// Agree makes a person's plate stand so.
func (s *Sandbox) Agree(plate, person string, standing Standing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parking.agreed.Put(plate, owner{s.UserID(person), standing})
}

// Visits are the last cars that were told of, the oldest first.
func (s *Sandbox) Visits() []Visit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parking.visited.All()
}

func (s *Sandbox) register(c call) (map[string]any, error) {
	var a struct {
		Number    string `json:"out_parking_id"`
		Name      string `json:"parking_name"`
		Address   string `json:"parking_address"`
		Phone     string `json:"parking_mobile"`
		Longitude string `json:"longitude"`
		Latitude  string `json:"latitude"`
		Spaces    string `json:"sum_space"`
		Fees      string `json:"parking_fee_description"`
		Seller    string `json:"mchnt_id"`
		Ways      string `json:"pay_type"`
	}
	if err := strictly(c.body, &a); err != nil {
		return nil, err
	}
	if !placeNumber.MatchString(a.Number) || a.Name == "" || a.Address == "" || a.Seller != c.app.Seller || !strings.Contains(a.Ways, "2") {
		return nil, failure("INVALID_PARAMETER")
	}
	if _, known := s.parking.outer.Get(tradeOf{c.app.Seller, a.Number}); known {
		return nil, bizFail
	}
	id := "PI" + ticket.NumberOf(19, "place", c.app.Seller, a.Number)
	s.parking.outer.Put(tradeOf{c.app.Seller, a.Number}, id)
	s.parking.places.Put(id, place{c.app.ID, a.Number})
	return map[string]any{"parking_id": id}, nil
}

var plateColors = []string{"", "BLUE", "GREEN", "YELLOW", "WHITE", "BLACK", "LIMEGREEN"}

func (s *Sandbox) agreement(c call) (map[string]any, error) {
	var a struct {
		Plate  string `json:"car_number"`
		Color  string `json:"plate_color"`
		Payer  string `json:"alipay_user_id"`
		OpenID string `json:"open_id"`
		Ver    string `json:"ver"`
	}
	if err := strictly(c.body, &a); err != nil {
		return nil, err
	}
	if a.Plate == "" || a.Ver != "2.1" || !slices.Contains(plateColors, a.Color) {
		return nil, invalidParameter
	}
	return s.stands(c.app, a.Plate, a.Payer), nil
}

// stands is how a plate stands to deducting, in the original's words.
func (s *Sandbox) stands(app App, plate, payer string) map[string]any {
	o, _ := s.parking.agreed.Get(plate)
	if o.standing == None || payer != "" && payer != o.user {
		return map[string]any{"agreement_scene": "NO_AGREEMENT_SCENE", "current_time": written(s.clock.Now())}
	}
	said := map[string]any{"agreement_scene": "PLATE_PAY,ETC_PAY", "current_time": written(s.clock.Now())}
	switch {
	case o.standing == Short:
		said["agreement_scene"] = "NSF_CHECK_FAILED"
	case app.Advances && o.standing == Owes:
		said["user_advance_info"] = map[string]any{
			"consult_result": "0", "user_alipay_parking_allow_advance": false, "user_wait_repayment_order_count": 1,
		}
	case app.Advances:
		said["user_advance_info"] = map[string]any{
			"consult_result": "0", "user_alipay_parking_allow_advance": true, "user_wait_repayment_order_count": 0,
		}
	}
	return said
}

// visit is what is told of a car that comes or goes.
type visit struct {
	Place  string `json:"parking_id"`
	Plate  string `json:"car_number"`
	Color  string `json:"car_color"`
	Number string `json:"out_serial_no"`
	In     string `json:"in_time"`
	Free   int    `json:"free_minutes"`
	Asks   bool   `json:"agreement_query"`
	Serial string `json:"serial_no"`
	Out    string `json:"out_time"`
}

// visitOf reads one, to a place that the app has registered.
func (s *Sandbox) visitOf(c call) (visit, error) {
	var v visit
	if err := strictly(c.body, &v); err != nil {
		return visit{}, err
	}
	if p, ok := s.parking.places.Get(v.Place); !ok || p.app != c.app.ID || v.Plate == "" || !slices.Contains(plateColors, v.Color) {
		return visit{}, failure("INVALID_PARAMETER")
	}
	return v, nil
}

func (s *Sandbox) enter(c call) (map[string]any, error) {
	v, err := s.visitOf(c)
	if err != nil {
		return nil, err
	}
	in, err := instant(v.In)
	if err != nil || in.After(s.clock.Now()) || v.Out != "" || v.Serial != "" {
		return nil, failure("INVALID_PARAMETER")
	}
	serial := ticket.NumberOf(24, "stay", c.app.ID, v.Place, v.Plate, cmp.Or(v.Number, v.In))
	if _, again := s.parking.stays.Get(serial); !again {
		s.parking.stays.Put(serial, stay{c.app.ID, v.Place, v.Plate, v.Number})
		s.parking.visited.Add(Visit{Place: v.Place, Plate: v.Plate, Serial: serial})
	}
	said := map[string]any{"serial_no": serial}
	if v.Asks {
		said["agreement_scene"] = s.stands(c.app, v.Plate, "")["agreement_scene"]
	}
	return said, nil
}

func (s *Sandbox) exit(c call) (map[string]any, error) {
	v, err := s.visitOf(c)
	if err != nil {
		return nil, err
	}
	if _, err := instant(v.Out); err != nil || v.In != "" {
		return nil, failure("INVALID_PARAMETER")
	}
	if known, ok := s.parking.stays.Get(v.Serial); v.Serial != "" && (!ok || known != (stay{c.app.ID, v.Place, v.Plate, v.Number})) {
		return nil, failure("INVALID_PARAMETER")
	}
	s.parking.visited.Add(Visit{Place: v.Place, Plate: v.Plate, Serial: v.Serial, Left: true})
	return map[string]any{}, nil
}
