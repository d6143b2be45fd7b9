package matrix_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/ent"
	"parkbff/ent/notice"
	"parkbff/ent/staff"
	"parkbff/ent/staffrole"
	"parkbff/server/servertest"
)

// Cars, and which two stays each has: one that is over in the lot WXR, and one that goes on in WXT.
const (
	sharedCar   = "粤B12345"  // bound by three people, verified by none
	ownedCar    = "粤B23456"  // verified by its owner, and driven by another too
	otherCar    = "粤B34567"  // verified by somebody who has bound the shared one as well
	maskingCar  = "粤B45678"  // verified by somebody under full masking
	hidingCar   = "粤BD56789" // verified by somebody who hides the stay that is over
	halfCar     = "粤B78901"  // verified by somebody who wants messages half masked
	fullCar     = "粤B89012"  // verified by somebody who wants messages fully masked
	strangeCar  = "粤B67890"  // bound by nobody; somebody pays for it
	misreadCar  = "粤B67891"  // as which the exit of the strange one was read
	closed      = "closed"
	open        = "open"
	closedLot   = "WXR"
	openLot     = "WXT"
	anotherLot  = "WXH"
	officersLot = "WXC" // where the officer worked once
	anonymous   = "anonymous"
	registered  = "registered"
	payer       = "registered, has paid"
	bound       = "bound, not following"
	followed    = "bound and following"
	coDriver    = "co-driver"
	owner       = "verified"
	ownerOther  = "verified, of another car"
	masking     = "verified, under full masking"
	hiding      = "verified, hides a record"
	halfTold    = "verified, messages shown half"
	fullyMasked = "verified, messages shown masked"
	attendant   = "staff of the lot"
	foreigner   = "staff of another lot"
	gate        = "gate of the lot"
	foreignGate = "gate of another lot"
	officer     = "officer"
	manager     = "manager of the lot"
)

var lotNames = map[string]string{closedLot: "万象荣停车场", openLot: "万象天地停车场"}

// cast is everybody who has an account: how they sign in and what is so about them in the end.
var cast = map[string]struct {
	mobile, channel string
	facts           facts
}{
	registered:  {"13900000001", "APP", facts{follows: true}},
	payer:       {"13900000002", "WECHAT_MINI", facts{follows: true, pays: []string{strangeCar}}},
	bound:       {"13900000003", "H5", facts{binds: []string{sharedCar}}},
	followed:    {"13900000004", "APP", facts{follows: true, binds: []string{sharedCar}}},
	coDriver:    {"13900000005", "APP", facts{follows: true, binds: []string{ownedCar}}},
	owner:       {"13900000006", "APP", facts{follows: true, binds: []string{ownedCar}, verifies: []string{ownedCar}}},
	ownerOther:  {"13900000007", "APP", facts{follows: true, binds: []string{otherCar, sharedCar}, verifies: []string{otherCar}}},
	masking:     {"13900000008", "APP", facts{follows: true, binds: []string{maskingCar}, verifies: []string{maskingCar}, masks: true}},
	halfTold:    {"13900000010", "APP", facts{follows: true, binds: []string{halfCar}, verifies: []string{halfCar}, messages: "HALF"}},
	fullyMasked: {"13900000011", "APP", facts{follows: true, binds: []string{fullCar}, verifies: []string{fullCar}, messages: "FULL"}},
	hiding:      {"13900000009", "APP", facts{follows: true, binds: []string{hidingCar}, verifies: []string{hidingCar}, hides: true}},
}

// matrix is the test as it goes on.
type matrix struct {
	*servertest.House
	schema   *ast.Schema
	guarded  map[string]ast.FieldList
	asks     map[string][]any // values of required arguments, by coordinate
	clients  map[string]*servertest.Client
	facts    map[string]facts
	records  map[string]*record // by id
	stays    map[string]string  // ids, by car and which
	orders   []ordered
	disputes []disputed
	invoices []invoiced
	permit   string // the owner's
	reserved []reserved
	again    map[string]map[string][]any // mutations that change nothing when they are sent again, by who and name
	bindings map[int64]string            // plates
	kept     []keptAnswer
	tally
}

// keptAnswer is one to be judged once all records are known, by the facts of its own moment.
type keptAnswer struct {
	who, way, root string
	facts          facts
	shown          any
}

func newMatrix(t *testing.T, h *servertest.House) *matrix {
	t.Helper()
	schema, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	return &matrix{
		House: h, schema: schema, guarded: guardedFields(schema),
		clients: map[string]*servertest.Client{}, facts: map[string]facts{},
		records: map[string]*record{}, stays: map[string]string{}, again: map[string]map[string][]any{}, bindings: map[int64]string{}, tally: newTally(),
	}
}

// settle lets everybody come, on the morning of the day.
func (m *matrix) settle() {
	for _, who := range slices.Sorted(maps.Keys(cast)) {
		as := cast[who]
		as.facts.account = true
		m.facts[who], m.clients[who] = as.facts, m.SignIn(as.mobile, as.channel)
	}
	for _, who := range []string{bound, followed, ownerOther, masking, hiding, halfTold, fullyMasked, owner} {
		for _, plate := range m.facts[who].binds {
			vehicle := m.clients[who].Binds(plate)
			m.bindings[m.Row(vehicle)] = plate
			if slices.Contains(m.facts[who].verifies, plate) {
				m.clients[who].Verifies(vehicle, plate)
			}
			if who == owner {
				m.bindings[m.Row(m.clients[owner].Shares(vehicle, m.clients[coDriver]))] = plate
			}
		}
	}
	m.clients[masking].Asks(`mutation { setFullMask(input: {on: true}) { userErrors { code } } }`).OK()
	for who, f := range m.facts {
		if f.messages != "" {
			m.clients[who].Asks(`mutation($m: MessageDisplay) { setMessageDisplay(input: {mode: $m}) { userErrors { code } } }`,
				servertest.Vars{"m": f.messages}).OK()
		}
	}
	m.employ()
}

// employ brings those who have no account.
func (m *matrix) employ() {
	m.clients[anonymous] = m.Anonymous()
	m.clients[attendant], m.facts[attendant] = m.Staff(closedLot), facts{worksAt: closedLot}
	m.clients[foreigner], m.facts[foreigner] = m.Staff(anotherLot), facts{worksAt: anotherLot}
	m.clients[gate], m.facts[gate] = m.GateAt(closedLot, "G1"), facts{worksAt: closedLot, machine: true}
	m.clients[foreignGate], m.facts[foreignGate] = m.GateAt(anotherLot, "G1"), facts{worksAt: anotherLot, machine: true}
	m.clients[officer], m.facts[officer], m.facts[anonymous] = m.Staff(officersLot), facts{}, facts{}
	if err := m.promote("staff-" + officersLot); err != nil {
		m.T.Fatal(err)
	}
}

// promote makes a member of staff an officer of the platform, who works at no lot.
func (m *matrix) promote(label string) error {
	return m.Store.WithTx(m.AsSystem(), func(ctx context.Context, tx *ent.Tx) error {
		member, err := tx.Staff.Query().Where(staff.LabelEQ(label)).OnlyID(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.StaffRole.Delete().Where(staffrole.StaffID(member)).Exec(ctx); err != nil {
			return err
		}
		return tx.StaffRole.Create().SetStaffID(member).SetRole(staffrole.RoleOFFICER).Exec(ctx)
	})
}

// signInAgain gives everybody new tokens: they live a quarter of an hour.
func (m *matrix) signInAgain() {
	for _, who := range slices.Sorted(maps.Keys(cast)) {
		m.clients[who] = m.SignIn(cast[who].mobile, cast[who].channel)
	}
}

// Moments of the story.
var (
	entered, left = servertest.At("09:20"), servertest.At("10:41")
	enteredNext   = servertest.At("11:50")
	asked         = servertest.At("12:10")
)

// happen lets the cars come and go while everybody listens, one pay, one hide a record, and the staff review
// a plate that was read wrongly.
func (m *matrix) happen(t *testing.T) {
	m.Clock.Set(servertest.At("11:55"))
	m.signInAgain()
	ears := m.listen()
	over, on := m.Gate(closedLot), m.Gate(openLot)
	for _, car := range []string{sharedCar, ownedCar, otherCar, maskingCar, hidingCar, halfCar, fullCar, strangeCar} {
		read := car
		if car == strangeCar {
			read = misreadCar
		}
		over.Sees(car, servertest.Entering, entered).OK()
		m.stays[car+closed] = over.Sees(read, servertest.Leaving, left).OK().String("recordObservation.session.id")
		m.stays[car+open] = on.Sees(car, servertest.Entering, enteredNext).OK().String("recordObservation.session.id")
	}
	m.hear(ears)
	m.clients[hiding].Asks(`mutation($id: ID!) { setSessionHidden(input: {sessionId: $id, hidden: true}) { userErrors { code } } }`,
		servertest.Vars{"id": m.stays[hidingCar+closed]}).OK()
	m.Clock.Set(asked)
	m.signInAgain()
	m.pay()
	input := map[string]any{"sessionId": m.stays[strangeCar+closed], "right": true}
	for _, who := range []string{foreigner, gate, officer, attendant} {
		for _, op := range m.mutation(t, "reviewMatch", input) {
			m.keep(who, op, "Mutation", m.ask(who, op).Shown())
		}
	}
	m.recordAll()
}

// listen subscribes everybody to notices.
func (m *matrix) listen() map[string]*servertest.Watch {
	ears := map[string]*servertest.Watch{}
	for _, who := range slices.Sorted(maps.Keys(m.clients)) {
		ears[who] = m.clients[who].Watches(m.noticeReceived(nil).text)
	}
	return ears
}

func (m *matrix) noticeReceived(given map[string]any) operation {
	route := m.routes(m.schema.Subscription, "noticeReceived")[0]
	return m.write("subscription", route, given, false)
}

// hear keeps what everybody heard live. Whoever follows and has bound a car hears of three things about it.
func (m *matrix) hear(ears map[string]*servertest.Watch) {
	for _, who := range slices.Sorted(maps.Keys(ears)) {
		f := m.facts[who]
		f.hides = false // not yet
		if !f.account {
			ears[who].Refused() // whatever the reason
			continue
		}
		if f.follows {
			for range 3 * len(f.binds) {
				m.kept = append(m.kept, keptAnswer{who, "noticeReceived, live", "Subscription", f, ears[who].Next().Shown()})
			}
		}
		ears[who].Quiet(20 * time.Millisecond)
		ears[who].Leaves()
	}
}

func (m *matrix) keep(who string, op operation, root string, shown any) {
	m.kept = append(m.kept, keptAnswer{who, op.way, root, m.facts[who], shown})
}

// recordAll writes down the truth, from the story and from which row is whose.
func (m *matrix) recordAll() {
	accounts := map[int64]string{}
	for who, client := range m.clients {
		if m.facts[who].account {
			accounts[m.Row(client.Asks(`{ viewer { account { id } } }`).OK().String("viewer.account.id"))] = who
		}
	}
	for key, id := range m.stays {
		car := strings.TrimSuffix(strings.TrimSuffix(key, open), closed)
		r := &record{typ: "ParkingSession", plate: car, lot: closedLot, stay: closed, truth: m.stayThatIsOver(car), hourUp: 120}
		if strings.HasSuffix(key, open) {
			r.lot, r.stay, r.truth, r.hourUp = openLot, open, m.stayThatGoesOn(car), 7*60
		}
		m.records[id] = r
	}
	for _, code := range []string{officersLot, openLot, anotherLot, closedLot} {
		lot, _ := m.Parking.Lot(code)
		m.records[m.ID("Lot", lot.Row)] = &record{typ: "Lot", lot: code, truth: map[string]any{"gates": present{}, "sessions": present{}, "orders": present{}, "shifts": present{}, "chargeDisputes": present{}, "reservations": present{}}}
	}
	m.recordOrders()
	m.recordNotices(accounts)
}

func (m *matrix) recordNotices(accounts map[int64]string) {
	client, ctx := m.Store.Client(m.AsSystem()), m.AsSystem()
	bindings, err := client.VehicleBinding.Query().All(ctx)
	if err != nil {
		m.T.Fatal(err)
	}
	cars := map[int64]string{}
	for _, b := range bindings {
		cars[b.VehicleID] = m.bindings[b.ID]
	}
	notices, err := client.Notice.Query().All(ctx)
	if err != nil {
		m.T.Fatal(err)
	}
	for _, row := range notices {
		m.records[m.ID("Notice", row.ID)] = m.noticeOf(row, accounts[row.AccountID], cars)
	}
}

func (m *matrix) stayThatIsOver(car string) map[string]any {
	match, review := "EXACT", "NONE"
	if car == strangeCar {
		match, review = "NEAR_PLATE", "CONFIRMED"
	}
	return map[string]any{
		"plate": car, "lotName": lotNames[closedLot], "nameVisibility": "CLEAR", "lot": lotCode(closedLot),
		"enteredAt": entered, "enteredAtPrecision": "EXACT", "exitedAt": left, "exitedAtPrecision": "EXACT",
		"durationMinutes": 81, "match": match, "review": review,
	}
}

func (m *matrix) stayThatGoesOn(car string) map[string]any {
	return map[string]any{
		"plate": car, "lotName": lotNames[openLot], "nameVisibility": "CLEAR", "lot": lotCode(openLot),
		"enteredAt": enteredNext, "enteredAtPrecision": "EXACT", "exitedAt": nil, "exitedAtPrecision": "EXACT",
		"durationMinutes": 20, "match": "EXACT", "review": "NONE",
	}
}

// noticeOf tells the truth about a notice: of a stay, or of a binding on the morning of the day.
func (m *matrix) noticeOf(row *ent.Notice, who string, cars map[int64]string) *record {
	car := ""
	if row.VehicleID != nil {
		car = cars[*row.VehicleID]
	}
	r := &record{typ: "Notice", whose: who, plate: car, truth: map[string]any{
		"lotName": nil, "nameVisibility": "CLEAR", "occurredAt": servertest.Morning, "occurredAtPrecision": "EXACT",
	}}
	if row.SessionID != nil {
		stay := m.records[m.ID("ParkingSession", *row.SessionID)]
		r.plate, r.stay = stay.plate, stay.stay
		r.truth["lotName"], r.truth["occurredAt"] = stay.truth["lotName"], stay.truth["enteredAt"]
		switch row.Kind {
		case notice.KindEXITED:
			r.truth["occurredAt"] = stay.truth["exitedAt"]
		case notice.KindPAID:
			r.truth["occurredAt"] = asked
		}
	}
	if row.Kind == notice.KindRESERVED {
		r.truth["lotName"], r.truth["occurredAt"] = lotNames[closedLot], asked
	}
	r.truth["plate"] = r.plate
	return r
}
