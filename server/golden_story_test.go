package server_test

import (
	"fmt"
	"time"

	"parkbff/internal/parking/geo"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/place"
	"parkbff/server/servertest"
)

const (
	theCar    = "粤B12345"
	stayParts = `
fragment stay on ParkingSession {
	id plate lotName nameVisibility
	lot { id code name address tariffText position { latitude longitude datum } pictures { url } }
	enteredAt enteredAtPrecision exitedAt exitedAtPrecision durationMinutes feeFen paidFen state
	vehicle { id plate nickname } match review
}`
	noticeParts = `
fragment told on Notice { id kind lotName nameVisibility plate occurredAt occurredAtPrecision feeFen }`
	watchEntry = `subscription($after: String) { noticeReceived(after: $after) { notice { ...told } } }` + noticeParts
)

func goldenLots() []lotfile.Lot {
	lots := servertest.Lots()
	lots[0].Location = &lotfile.Location{Point: geo.Point{Latitude: 22.5431, Longitude: 114.1135}, Datum: lotfile.GCJ02}
	lots[0].Gates = append(lots[0].Gates, lotfile.Gate{Code: "G2", Direction: lotfile.Both})
	lots[0].Pictures = []place.Picture{{URL: "https://example.com/wxc.jpg", AltText: "东门入口"}}
	return lots
}

// sight is what one viewer sees, by path.
type sight map[string]any

// story is the house in which the stay of the golden file goes on.
type story struct {
	*servertest.House
	people map[string]*servertest.Client
	gate   *servertest.Gate
	entry  servertest.Vars
	stay   string
	notice string            // that the follower got of the entry
	names  map[string]string // of ids
	seen   map[string]sight
}

// tellStory lets it happen and answers what each viewer saw.
func tellStory(h *servertest.House) map[string]sight {
	s := &story{House: h, gate: h.Gate("WXC"), names: map[string]string{}, seen: map[string]sight{}}
	s.entry = s.gate.Report(theCar, servertest.Entering, servertest.At("09:03"))
	s.people = map[string]*servertest.Client{
		"followed": h.Bound("APP", theCar), "ex-binder": h.Bound("APP", theCar),
		"verified for another car only": h.Verified("WECHAT_MINI", "粤B67890"),
		"registered":                    h.Driver("H5"), "unbound payer": h.Driver("H5"), "another user": h.Bound("APP", "粤B11111"),
	}
	s.people["verified for another car only"].Binds(theCar)
	s.people["bound"] = h.Bound("H5", theCar) // the last, of whom the others are told
	before := map[string]string{}
	for _, name := range []string{"followed", "ex-binder"} {
		before[name] = lastCursor(s.people[name])
	}
	s.carEnters()
	s.timePasses()
	for name, driver := range s.people {
		s.looks(name, driver)
	}
	s.keep("ex-binder", "subscription", s.replay("ex-binder", before["ex-binder"], false))
	s.verifies(before["followed"])
	s.machinesAndStaffLook()
	return s.seen
}

// carEnters while those who may are listening.
func (s *story) carEnters() {
	watches := map[string]*servertest.Watch{}
	for name, driver := range s.people {
		if name != "ex-binder" {
			watches[name] = driver.Watches(watchEntry)
		}
	}
	s.Clock.Set(servertest.At("09:04"))
	s.stay = s.gate.Asks(servertest.RecordObservation, servertest.Vars{"in": s.entry}).OK().String("recordObservation.session.id")
	s.names[s.stay] = "the stay"
	s.names[s.Anonymous().Asks(`{ lot(code: "WXC") { id } }`).OK().String("lot.id")] = "the lot"
	for _, name := range []string{"followed", "verified for another car only", "bound", "registered", "unbound payer", "another user"} {
		s.keep(name, "subscription", s.heard(watches[name], name == "followed" || name == "verified for another car only"))
	}
}

// timePasses until 10:20: somebody pays, and one binder unbinds.
func (s *story) timePasses() {
	s.Clock.Set(servertest.At("09:40"))
	s.people["unbound payer"] = s.people["unbound payer"].Refreshes()
	s.Pays(s.people["unbound payer"], s.stay, 500)
	s.Clock.Set(servertest.At("10:20"))
	for name, driver := range s.people {
		s.people[name] = driver.Refreshes()
	}
	for _, name := range []string{"followed", "bound", "verified for another car only"} {
		s.nickname(name)
	}
	s.people["ex-binder"].Asks(`mutation($v: ID!) { unbindPlate(input: {vehicleId: $v}) { userErrors { code } } }`,
		servertest.Vars{"v": s.nickname("ex-binder")}).OK()
	s.notice = entryNotice(s.people["followed"])
}

// verifies lets the follower verify the car, which evicts the others, and then mask everything.
func (s *story) verifies(before string) {
	owner := s.people["followed"]
	owner.Verifies(s.nickname("followed"), theCar)
	s.looks("verified", owner)
	s.keep("verified", "subscription", s.replay("followed", before, true))
	owner.Asks(`mutation { setFullMask(input: {on: true}) { userErrors { code } } }`).OK()
	s.looks("verified, with full masking", owner)
	s.keep("verified, with full masking", "subscription", s.replay("followed", before, true))
}

// machinesAndStaffLook, and those who are nobody. Staff have a mutation about a stay only once an exit was
// misread, so that comes last.
func (s *story) machinesAndStaffLook() {
	machines := map[string]*servertest.Client{
		"gate": s.gate.Client, "another gate of the lot": s.GateAt("WXC", "G2"), "gate of another lot": s.GateAt("WXT", "G1"),
	}
	staff := map[string]*servertest.Client{"staff of the lot": s.Staff("WXC"), "staff of another lot": s.Staff("WXT")}
	s.notListening("anonymous", s.Anonymous())
	for name, machine := range machines {
		s.notListening(name, machine)
		s.keep(name, "mutation", s.stayIn(machine.Asks(`mutation($in: RecordObservationInput!) {
			recordObservation(input: $in) { session { ...stay } userErrors { code } }
		}`+stayParts, servertest.Vars{"in": s.entry}), "recordObservation"))
	}
	for name, member := range staff {
		s.notListening(name, member)
	}
	s.gate.Sees("粤B12346", servertest.Leaving, s.Clock.Now()).OK()
	for _, name := range []string{"staff of another lot", "staff of the lot"} {
		s.keep(name, "mutation", s.stayIn(staff[name].Asks(`mutation($id: ID!) {
			reviewMatch(input: {sessionId: $id, right: true}) { session { ...stay } userErrors { code } }
		}`+stayParts, servertest.Vars{"id": s.stay}), "reviewMatch"))
	}
}

// notListening is a viewer without an account.
func (s *story) notListening(name string, c *servertest.Client) {
	s.looks(name, c)
	s.keep(name, "subscription", servertest.Refused(c.Watches(watchEntry).Refused().Codes()[0]))
}

// looks asks on every path that reads, and for the account's own wish, which answers the stay.
func (s *story) looks(name string, c *servertest.Client) {
	ids := servertest.Vars{"stay": s.stay, "notice": s.noticeOf(c)}
	seen := s.named(c.Asks(`query($stay: ID!, $notice: ID!) {
		viewer {
			sessions { edges { node { ...stay } } }
			openSessions { edges { node { ...stay } } }
			notices { edges { node { ...told } } }
		}
		lot(code: "WXC") { sessions { edges { node { ...stay } } } }
		node(id: $stay) { ...stay }
		noticeNode: node(id: $notice) { ...told }
	}`+stayParts+noticeParts, ids).Shown())
	s.keep(name, "sessions", servertest.Nodes(seen, "viewer.sessions"))
	s.keep(name, "openSessions", servertest.Nodes(seen, "viewer.openSessions"))
	s.keep(name, "lot", servertest.Nodes(seen, "lot.sessions"))
	s.keep(name, "node", servertest.Part(seen, "node"))
	s.keep(name, "noticeNode", servertest.Part(seen, "noticeNode"))
	s.keep(name, "notices", ofTheEntry(servertest.Nodes(seen, "viewer.notices")))
	s.keep(name, "mutation", s.stayIn(c.Asks(`mutation($stay: ID!) {
		setSessionHidden(input: {sessionId: $stay, hidden: false}) { session { ...stay } userErrors { code } }
	}`+stayParts, ids), "setSessionHidden"))
}

// noticeOf is the viewer's own notice of the entry, or another's where it has none.
func (s *story) noticeOf(c *servertest.Client) string {
	if own := entryNotice(c); own != "" {
		s.names[own] = "the notice"
		return own
	}
	return s.notice
}

// replay is what arrives of the entry after a cursor.
func (s *story) replay(name, after string, something bool) []any {
	return s.heard(s.people[name].Watches(watchEntry, servertest.Vars{"after": after}), something)
}

// heard is what arrives of the entry: the one notice, or nothing.
func (s *story) heard(w *servertest.Watch, something bool) []any {
	if !something {
		w.Quiet(50 * time.Millisecond)
		return []any{}
	}
	for {
		notice, ok := servertest.Part(w.Next().Shown(), "noticeReceived.notice").(map[string]any)
		if !ok || notice["kind"] == "ENTERED" {
			notice["id"] = "the notice"
			return []any{notice}
		}
	}
}

func (s *story) keep(viewer, path string, value any) {
	if s.seen[viewer] == nil {
		s.seen[viewer] = sight{}
	}
	s.seen[viewer][path] = value
}

// stayIn is the stay in a payload, or why there is none.
func (s *story) stayIn(a *servertest.Answer, mutation string) any {
	payload := servertest.Part(s.named(a.Shown()), mutation)
	if refused, ok := payload.(string); ok {
		return refused
	}
	if code, ok := servertest.Part(payload, "userErrors.0.code").(string); ok {
		return servertest.Refused(code)
	}
	return servertest.Part(payload, "session")
}

// named replaces ids by what they stand for.
func (s *story) named(value any) any {
	switch v := value.(type) {
	case string:
		if name, known := s.names[v]; known {
			return name
		}
	case []any:
		for i, inner := range v {
			v[i] = s.named(inner)
		}
	case map[string]any:
		for key, inner := range v {
			v[key] = s.named(inner)
		}
	}
	return value
}

// nickname gives the car a name in an account and answers its id there.
func (s *story) nickname(name string) string {
	driver := s.people[name]
	cars, _ := servertest.Part(driver.Asks(`{ viewer { vehicles { id plate } } }`).OK().Shown(), "viewer.vehicles").([]any)
	for _, car := range cars {
		if servertest.Part(car, "plate") != theCar {
			continue
		}
		id := fmt.Sprint(servertest.Part(car, "id"))
		driver.Asks(`mutation($v: ID!) { renameVehicle(input: {vehicleId: $v, nickname: "小白"}) { userErrors { code } } }`,
			servertest.Vars{"v": id}).OK()
		s.names[id] = "the car"
		return id
	}
	s.T.Fatalf("the car is not bound to %q", name)
	return ""
}

const kindsOfNotices = `{ viewer { notices { edges { cursor node { id kind } } } } }`

// entryNotice is the id of the account's notice of the entry, or empty.
func entryNotice(c *servertest.Client) string {
	told, _ := ofTheEntry(servertest.Nodes(c.Asks(kindsOfNotices).Shown(), "viewer.notices")).([]any)
	if len(told) == 0 {
		return ""
	}
	return fmt.Sprint(servertest.Part(told[0], "id"))
}

// lastCursor is where the account's notices stand.
func lastCursor(c *servertest.Client) string {
	return c.Asks(kindsOfNotices).OK().String("viewer.notices.edges.0.cursor")
}

func ofTheEntry(notices any) any {
	all, ok := notices.([]any)
	if !ok {
		return notices
	}
	kept := []any{}
	for _, n := range all {
		if servertest.Part(n, "kind") == "ENTERED" {
			kept = append(kept, n)
		}
	}
	return kept
}
