package servertest

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"parkbff/internal/viewer"
)

var mobiles atomic.Int64

// Driver signs a new person in on a channel (APP, WECHAT_MINI, ALIPAY_MINI follow; H5 does not).
func (h *House) Driver(channel string) *Client {
	h.T.Helper()
	return h.SignIn(fmt.Sprintf("139%08d", mobiles.Add(1)), channel)
}

// SignIn signs in by mobile and code.
func (h *House) SignIn(mobile, channel string) *Client {
	h.T.Helper()
	h.Anonymous().Asks(`mutation($m: String!) { sendLoginCode(input: {mobile: $m}) { userErrors { code message } } }`,
		Vars{"m": mobile}).OK()
	got := h.Anonymous().Asks(`mutation($in: LoginInput!) {
		login(input: $in) { accessToken refreshToken userErrors { code message } }
	}`, Vars{"in": Vars{"mobile": mobile, "code": h.SentCode(mobile), "channel": channel}}).OK()
	return &Client{
		House: h, Mobile: mobile,
		Token: got.String("login.accessToken"), Refresh: got.String("login.refreshToken"),
	}
}

// CodeFor asks for a code for a purpose and answers it.
func (h *House) CodeFor(purpose, mobile string) string {
	h.T.Helper()
	h.Anonymous().Asks(`mutation($in: SendLoginCodeInput!) { sendLoginCode(input: $in) { userErrors { code message } } }`,
		Vars{"in": Vars{"mobile": mobile, "purpose": purpose}}).OK()
	return h.SentCode(mobile)
}

// SentCode is the code that was last sent to a mobile.
func (h *House) SentCode(mobile string) string {
	h.T.Helper()
	return h.Sent(mobile).Code
}

// SMS is what was last sent to a mobile: the code, and the whole text.
type SMS struct{ Code, Text string }

// Sent answers it.
func (h *House) Sent(mobile string) SMS {
	h.T.Helper()
	r, err := http.NewRequestWithContext(h.T.Context(), http.MethodGet, h.URL+"/dev/sms?mobile="+url.QueryEscape(mobile), nil)
	if err != nil {
		h.T.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var sent SMS
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<10)).Decode(&sent); err != nil || sent.Code == "" {
		h.T.Fatalf("no code was sent: %v", err)
	}
	return sent
}

// Binds binds a plate with its consent and answers the vehicle's id.
func (c *Client) Binds(plate string) string {
	c.House.T.Helper()
	return c.Asks(`mutation($p: Plate!) {
		bindPlate(input: {plate: $p, trackConsent: true}) { vehicle { id } userErrors { code message } }
	}`, Vars{"p": plate}).OK().String("bindPlate.vehicle.id")
}

// Bound is a new person that has bound a plate.
func (h *House) Bound(channel, plate string) *Client {
	h.T.Helper()
	c := h.Driver(channel)
	c.Binds(plate)
	return c
}

// VerifyVehicle is the operation by which a vehicle is verified.
const VerifyVehicle = `mutation($in: VerifyVehicleInput!) {
	verifyVehicle(input: $in) { vehicle { id verified } userErrors { code message } }
}`

// Papers of a vehicle and of its owner, as the stand-in reads them.
type Papers struct {
	Plate, VIN, EngineNumber, Owner, BrandModel, IDNumber string
}

// PapersFor are good papers for a plate.
func PapersFor(plate string) Papers {
	return Papers{
		Plate: plate, VIN: "LSVAA4182E2184847", EngineNumber: "ENG778899", Owner: "测试车主", BrandModel: "试验牌TEST1",
		IDNumber: "11010519491231002X",
	}
}

// Files of the papers, by the variable they are for.
func (p Papers) Files() map[string][]byte {
	licence, _ := json.Marshal(map[string]string{ // maps of strings always encode
		"plate": p.Plate, "vin": p.VIN, "engineNumber": p.EngineNumber, "owner": p.Owner, "brandModel": p.BrandModel,
	})
	card, _ := json.Marshal(map[string]string{"name": p.Owner, "idNumber": p.IDNumber})
	return map[string][]byte{"in.drivingLicence": licence, "in.idCard": card}
}

// Shows sends papers for a vehicle.
func (c *Client) Shows(vehicleID string, p Papers) *Answer {
	c.House.T.Helper()
	return c.Uploads(VerifyVehicle,
		Vars{"in": Vars{"vehicleId": vehicleID, "drivingLicence": nil, "idCard": nil}}, p.Files())
}

// Verified is a new person that has bound and verified a plate.
func (h *House) Verified(channel, plate string) *Client {
	h.T.Helper()
	c := h.Driver(channel)
	c.Verifies(c.Binds(plate), plate)
	return c
}

// Verifies verifies a vehicle with good papers.
func (c *Client) Verifies(vehicleID, plate string) {
	c.House.T.Helper()
	c.Shows(vehicleID, PapersFor(plate)).OK()
}

// Staff is an attendant of a lot.
func (h *House) Staff(lotCode string) *Client {
	h.T.Helper()
	token, err := h.House.Staff.Token(h.AsSystem(), "staff-"+lotCode, lotCode, viewer.Attendant)
	if err != nil {
		h.T.Fatal(err)
	}
	return h.With(token)
}

// Gate is the machine G1 of a lot.
type Gate struct {
	*Client
	lotCode string
}

// Gate answers gate G1 of a lot.
func (h *House) Gate(lotCode string) *Gate {
	h.T.Helper()
	token, err := h.Identity.GateToken(h.AsSystem(), lotCode, "G1")
	if err != nil {
		h.T.Fatal(err)
	}
	return &Gate{Client: h.With(token), lotCode: lotCode}
}

// Directions.
const (
	Entering = "ENTRY"
	Leaving  = "EXIT"
)

// RecordObservation is the operation by which gates report, with all it may answer.
const RecordObservation = `mutation($in: RecordObservationInput!) {
	recordObservation(input: $in) {
		session { id state plate feeFen durationMinutes }
		barrier { decision reason displayText }
		duplicate
		userErrors { code field message }
	}
}`

// Report is the input of one observation.
func (g *Gate) Report(plate, direction string, at time.Time) Vars {
	return Vars{
		"eventId": fmt.Sprintf("%s-%s-%08x-%d", g.lotCode, direction, crc32.ChecksumIEEE([]byte(plate)), at.UnixMilli()), "lotCode": g.lotCode,
		"gateCode": "G1", "direction": direction, "plate": plate, "observedAt": at.UTC().Format(time.RFC3339Nano),
		"confidence": 0.98,
	}
}

// Sees reports a car and answers what came back.
func (g *Gate) Sees(plate, direction string, at time.Time) *Answer {
	g.House.T.Helper()
	return g.Asks(RecordObservation, Vars{"in": g.Report(plate, direction, at)})
}

// Refreshes changes the refresh token for new tokens.
func (c *Client) Refreshes() *Client {
	c.House.T.Helper()
	got := c.House.Anonymous().Asks(`mutation($r: String!) {
		refreshToken(input: {refreshToken: $r}) { accessToken refreshToken userErrors { code message } }
	}`, Vars{"r": c.Refresh}).OK()
	return &Client{
		House: c.House, Mobile: c.Mobile,
		Token: got.String("refreshToken.accessToken"), Refresh: got.String("refreshToken.refreshToken"),
	}
}
