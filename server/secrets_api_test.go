package server_test

import (
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// What is planted: persons and cars that do not exist, in the form that the rules ask for.
const (
	plantedPlate   = "浙B3XK91"
	plantedObject  = "浙BD72146" // only ever seen by gates
	plantedMisread = "浙B7WM20"
	plantedAsked   = "浙B5QH38" // only ever asked for
	plantedNick    = "小白龙马"
	plantedDevice  = "慕容的红米手机"
)

var plantedMobiles = []string{"+8613966660001", "+85251239876", "+85362348765", "+886912347654"}

var plantedPapers = servertest.Papers{
	Plate: plantedPlate, VIN: "1M8GDM9AXKP042788", EngineNumber: "ENG7731902Q", Owner: "慕容测试甲", BrandModel: "试验牌QX9001",
	IDNumber: "11010519491231002X",
}

// There is no tracing yet: what comes belongs into this test.
func TestNothingPersonalLiesInTheOpenWhereverTheProgramPutsThingsDown(t *testing.T) {
	testkit.Covers(t, "R071", "R091", "R118")
	eachOnKeptBus(t, func(t *testing.T, h *servertest.House, stream func() string) {
		said := h.Overhears()
		told := plant(t, h)

		places := map[string]string{
			"the store, its log and the keys": h.Kept(), "the log": h.Logged(), "the metrics": h.Measured(), "the bus": said(),
			"the work on the bus": said(), "the stream of work": stream(),
		}
		known := map[string]string{
			"the store, its log and the keys": "万象城停车场", "the log": "level=INFO", "the metrics": "parkbff_", "the bus": "notice.",
			"the work on the bus": "\nwork ", "the stream of work": "PARKBFF_WORK",
		}
		secrets := append([]string{
			plantedPlate, plantedObject, plantedMisread, plantedAsked, plantedNick, plantedDevice,
			plantedPapers.VIN, plantedPapers.EngineNumber, plantedPapers.Owner, plantedPapers.BrandModel, plantedPapers.IDNumber,
		}, told...)
		for _, plate := range []string{plantedPlate, plantedObject, plantedMisread, plantedAsked} {
			secrets = append(secrets, plate[len("浙"):])
		}
		for _, mobile := range plantedMobiles {
			secrets = append(secrets, mobile, mobile[len("+86"):])
		}
		for place, content := range places {
			if !servertest.Keeps(content, known[place]) {
				t.Errorf("%s: not even %q was found, so nothing was looked at", place, known[place])
			}
			for i, secret := range secrets {
				if servertest.Keeps(content, secret) {
					t.Errorf("%s holds secret %d in the open", place, i)
				}
			}
		}
	})
}

// plant lets every kind of personal value into the program, and answers the secrets that only a run knows.
func plant(t *testing.T, h *servertest.House) (told []string) {
	t.Helper()
	var people []*servertest.Client
	for _, mobile := range plantedMobiles {
		people = append(people, signInFrom(h, mobile))
	}
	owner, watching := people[0], people[0].Watches(`subscription { noticeReceived { notice { plate lotName } } }`)
	car := owner.Binds(plantedPlate)
	owner.Asks(`mutation($v: ID!, $n: String) { renameVehicle(input: {vehicleId: $v, nickname: $n}) { userErrors { code } } }`,
		servertest.Vars{"v": car, "n": plantedNick}).OK()
	owner.Shows(car, plantedPapers).OK()
	people[1].Shows(people[1].Binds(plantedMisread), plantedPapers).MustBeRefused("VERIFICATION_REFUSED")
	gate := h.Gate("WXC")
	for _, plate := range []string{plantedPlate, plantedObject} {
		seen := gate.Report(plate, servertest.Entering, servertest.Morning)
		seen["eventId"] = "IN-" + plate[len("浙"):] + "-1" // as some gates name events
		gate.Asks(servertest.RecordObservation, servertest.Vars{"in": seen}).OK()
	}
	watching.Next().MustContain(plantedPlate)
	h.Clock.Pass(10 * time.Minute)
	gate.Sees(plantedMisread, servertest.Leaving, h.Clock.Now()).MustBeRefused("ENTRY_NOT_FOUND")
	gate.Sees(plantedPlate, servertest.Leaving, h.Clock.Now()).OK()
	watching.Next().MustContain(plantedPlate)
	h.Anonymous().Asks(quotePlate, plateAtLot(plantedAsked, "WXC")).OK()
	h.Anonymous().Asks(`{ quote(input: {plateAtLot: {plate: "` + plantedAsked + `x", lotCode: "WXC"}}) { __typename } }`)
	owner.Asks(`{ viewer { account { mobile } vehicles { plate nickname } sessions { edges { node { plate } } } notices { edges { node { plate } } } } }`).
		MustContain(plantedPlate, plantedNick)
	told = append(plantPeople(t, h, owner, people[2], people[3], car), plantPlatforms(t, h, owner)...)
	h.Clock.Pass(61 * time.Second) // since the last code
	people = append(people, signInFrom(h, owner.Mobile))
	told = append(told, plantMessages(h, people[len(people)-1], gate)...)
	told = append(told, plantStaff(h)...)
	for _, person := range people {
		told = append(told, person.Token, person.Refresh)
	}
	return append(told, gate.Token)
}

// signInFrom signs in on a device that has a name.
func signInFrom(h *servertest.House, mobile string) *servertest.Client {
	h.T.Helper()
	h.Anonymous().Asks(sendCode, servertest.Vars{"m": mobile}).OK()
	got := h.Anonymous().Asks(`mutation($in: LoginInput!) { login(input: $in) { accessToken refreshToken userErrors { code } } }`,
		servertest.Vars{"in": servertest.Vars{"mobile": mobile, "code": h.SentCode(mobile), "channel": "APP", "deviceName": plantedDevice}}).OK()
	return &servertest.Client{House: h, Mobile: mobile, Token: got.String("login.accessToken"), Refresh: got.String("login.refreshToken")}
}
