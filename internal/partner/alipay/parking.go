package alipay

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"parkbff/internal/cnid"
	"parkbff/internal/partner/charge"
)

// The methods of parking are as in Alipay's own SDKs, such as AlipayEcoMycarParking*Model of
// https://github.com/alipay/alipay-sdk-java-all; the newest versions of the methods are asked.

// colors are Alipay's words for colours of plates.
var colors = map[string]string{
	string(cnid.Blue): "BLUE", string(cnid.Green): "GREEN", string(cnid.Yellow): "YELLOW",
	string(cnid.White): "WHITE", string(cnid.Black): "BLACK", string(cnid.YellowGreen): "LIMEGREEN",
}

// Place is what Alipay is told of a place where it is to deduct.
type Place struct {
	Number    string // ours, for ever: at most 28 letters and digits
	Name      string
	Address   string
	Phone     string // of who answers its drivers
	Longitude string // GCJ-02, in degrees, at most 15 characters
	Latitude  string
	Spaces    int
	Fees      string // in words
}

// Register makes a place one where Alipay deducts, and answers Alipay's id of it: charge.Lot has both
// (alipay.eco.mycar.parking.parkinglotinfo.create). The app must have been set up for parking there. Errors:
// charge.Refused, fault.Unavailable.
func (p *Pay) Register(ctx context.Context, place Place) (string, error) {
	if !number.MatchString(place.Number) || len(place.Number) > 28 || place.Name == "" || place.Address == "" {
		return "", invalid("the place lacks a number, a name or an address")
	}
	reply, err := ask[struct {
		ID string `json:"parking_id"`
	}](ctx, p, call{method: "alipay.eco.mycar.parking.parkinglotinfo.create", content: struct {
		Number    string `json:"out_parking_id"`
		Name      string `json:"parking_name"`
		Address   string `json:"parking_address"`
		Phone     string `json:"parking_mobile,omitempty"`
		Longitude string `json:"longitude,omitempty"`
		Latitude  string `json:"latitude,omitempty"`
		Spaces    string `json:"sum_space,omitempty"`
		Fees      string `json:"parking_fee_description,omitempty"`
		Seller    string `json:"mchnt_id"`
		Ways      string `json:"pay_type"`
	}{
		place.Number, place.Name, place.Address, place.Phone, place.Longitude, place.Latitude, strconv.Itoa(place.Spaces), place.Fees,
		p.config.Seller, "1,2", // paid online, and deducted
	}})
	if err == nil && reply.ID == "" {
		err = unreadable("the reply has no id of the place")
	}
	return reply.ID, err
}

// Scenes of an agreement. The first is the one of plates that a camera reads.
const (
	plateScene = "PLATE_PAY"
	nsfFailed  = "NSF_CHECK_FAILED"
)

// Agreement asks how Alipay stands to deducting for a plate now (alipay.eco.mycar.parking.agreement.query); a payer
// named makes the answer surer. It says nothing for certain of a deduction to come. Blocked is who agreed, but has
// not the money, or owes Alipay what it paid in advance. Alipay tells neither a reference nor since when. Errors:
// charge.Refused, fault.Unavailable.
func (p *Pay) Agreement(ctx context.Context, plate charge.Plate, payer string) (charge.Agreement, error) {
	content := struct {
		Plate  string `json:"car_number"`
		Color  string `json:"plate_color,omitempty"`
		Payer  string `json:"alipay_user_id,omitempty"`
		OpenID string `json:"open_id,omitempty"`
		Ver    string `json:"ver"`
	}{Plate: plate.Text, Color: colors[plate.Color], Ver: "2.1"}
	if userID.MatchString(payer) {
		content.Payer = payer
	} else {
		content.OpenID = payer
	}
	reply, err := ask[agreement](ctx, p, call{method: "alipay.eco.mycar.parking.agreement.query", content: content})
	if err != nil {
		return charge.Agreement{}, err
	}
	return reply.state()
}

// agreement is what Alipay says of one.
type agreement struct {
	Scenes  string `json:"agreement_scene"` // with commas between
	Advance *struct {
		Allowed bool `json:"user_alipay_parking_allow_advance"`
		Unpaid  int  `json:"user_wait_repayment_order_count"`
	} `json:"user_advance_info"`
}

func (a agreement) state() (charge.Agreement, error) {
	switch scenes := "," + a.Scenes + ","; {
	case a.Scenes == "":
		return charge.Agreement{}, unreadable("the reply says nothing of an agreement")
	case strings.Contains(scenes, ","+nsfFailed+","):
		return charge.Agreement{State: charge.AgreementBlocked}, nil
	case !strings.Contains(scenes, ","+plateScene+","):
		return charge.Agreement{State: charge.AgreementNone}, nil
	case a.Advance != nil && a.Advance.Unpaid > 0 && !a.Advance.Allowed:
		return charge.Agreement{State: charge.AgreementBlocked}, nil
	}
	return charge.Agreement{State: charge.AgreementOpen}, nil
}

// parkingPage is Alipay's own page of parking, where its users agree to being deducted from at every place that Alipay
// deducts for (停车平台): https://open.alitrip.com/docs/doc.htm?articleId=108053&docType=1&treeId=577
const parkingPage = "alipays://platformapi/startapp?appId=2018031302367666&page=pages/index/index&chInfo=ch_carservice"

// Opening answers where a payer agrees to deductions for a plate. Alipay's page is one for all plates and tells us
// nothing; ask Agreement afterwards.
func (p *Pay) Opening(charge.Plate, string) (charge.Launch, error) {
	return charge.Launch{URL: parkingPage}, nil
}

// visit is what Enter and Leave tell alike.
type visit struct {
	Lot    string `json:"parking_id"`
	Plate  string `json:"car_number"`
	Color  string `json:"car_color,omitempty"`
	Number string `json:"out_serial_no"`
	In     string `json:"in_time,omitempty"`
	Free   int    `json:"free_minutes,omitempty"`
	Asks   bool   `json:"agreement_query,omitempty"`
	Serial string `json:"serial_no,omitempty"`
	Out    string `json:"out_time,omitempty"`
}

func visitOf(e charge.Entry) visit {
	return visit{Lot: e.Lot.ID, Plate: e.Plate.Text, Color: colors[e.Plate.Color], Number: e.Number}
}

// Enter tells Alipay that a car has come, and answers Alipay's number of the stay, which Deduct and Leave want
// (alipay.eco.mycar.parking.enterinfo.sync). The entry may not lie in the future. Errors: charge.Declined, when the
// plate has no agreement; charge.Refused; fault.Unavailable.
func (p *Pay) Enter(ctx context.Context, e charge.Entry) (string, error) {
	if e.Lot.ID == "" || e.Plate.Text == "" || e.EnteredAt.After(p.clock.Now()) {
		return "", invalid("the entry lacks a lot or a plate, or is in the future")
	}
	told := visitOf(e)
	told.In, told.Free, told.Asks = written(e.EnteredAt), int(e.Free/time.Minute), true
	reply, err := ask[struct {
		agreement
		Serial string `json:"serial_no"`
	}](ctx, p, call{method: "alipay.eco.mycar.parking.enterinfo.sync", content: told})
	if err != nil {
		return "", err
	}
	if stands, err := reply.state(); err != nil {
		return "", err
	} else if stands.State == charge.AgreementNone {
		return "", charge.Declined.Because(errors.New("alipay: the plate has no agreement"))
	}
	if reply.Serial == "" {
		return "", unreadable("the reply has no number of the stay")
	}
	return reply.Serial, nil
}

// Leave tells Alipay that a car has gone (alipay.eco.mycar.parking.exitinfo.sync). Reference is what Enter answered.
// Errors: charge.Refused, fault.Unavailable.
func (p *Pay) Leave(ctx context.Context, e charge.Entry, reference string, left time.Time) error {
	if e.Lot.ID == "" || e.Plate.Text == "" {
		return invalid("the entry lacks a lot or a plate")
	}
	told := visitOf(e)
	told.Serial, told.Out = reference, written(left)
	_, err := ask[struct{}](ctx, p, call{method: "alipay.eco.mycar.parking.exitinfo.sync", content: told})
	return err
}
