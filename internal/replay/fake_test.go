package replay_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/tariff"
)

// fakeServer keeps the promises of the contract that a replay relies on, in memory.
type fakeServer struct {
	*httptest.Server
	clock *fakeClock

	mu       sync.Mutex
	requests int
	fate     func(request int) fate // nil: all are answered
	lots     map[string]lotfile.Lot
	events   map[string]event
	stays    map[string][]*parked // by lot, in order of record
	inside   map[string][]*parked // by plate: not seen leaving
	people   map[string]*person   // by mobile
	batches  []int
}

// fate of a request.
type fate int

const (
	answered  fate = iota
	unheard        // the connection breaks before anything is done
	unsaid         // the connection breaks before the answer is out
	refusedIt      // 503
)

type event struct{ plate, direction, at string }

type parked struct {
	lot, plate  string
	enter, exit time.Time
	feeFen      int64
	ghost       bool
}

type person struct {
	code           string
	sent           []time.Time
	channel, plate string
	verified       bool
}

func startServer(t *testing.T, clock *fakeClock) *fakeServer {
	t.Helper()
	f := &fakeServer{
		clock: clock, lots: map[string]lotfile.Lot{}, events: map[string]event{},
		stays: map[string][]*parked{}, inside: map[string][]*parked{}, people: map[string]*person{},
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// The House of the fake server.

func (f *fakeServer) ImportLots(_ context.Context, lots []lotfile.Lot) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, lot := range lots {
		f.lots[lot.Code] = lot
	}
	return nil
}

func (f *fakeServer) GateToken(_ context.Context, lotCode, gateCode string) (string, error) {
	return "gate " + lotCode + " " + gateCode, nil
}

func (f *fakeServer) StaffToken(_ context.Context, _, lotCode string) (string, error) {
	return "staff " + lotCode, nil
}

type call struct {
	token     string
	query     string
	variables map[string]json.RawMessage
	files     map[string]string
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	decided := answered
	if f.fate != nil {
		decided = f.fate(f.requests)
	}
	switch decided {
	case unheard:
		panic(http.ErrAbortHandler)
	case refusedIt:
		http.Error(w, "starting", http.StatusServiceUnavailable)
		return
	}
	answer := f.answer(r)
	if decided == unsaid {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (f *fakeServer) answer(r *http.Request) any {
	if r.URL.Path == "/dev/sms" {
		return map[string]string{"code": f.people[r.URL.Query().Get("mobile")].code}
	}
	c, err := readCall(r)
	if err != nil {
		return failure("BAD_USER_INPUT", nil)
	}
	for name, do := range map[string]func(call) any{
		"recordObservations(": f.recordObservations, "sessions(": f.sessions, "sendLoginCode(": f.sendLoginCode,
		"login(": f.login, "bindPlate(": f.bindPlate, "verifyVehicle(": f.verifyVehicle, "{ lot(": f.lot,
	} {
		if strings.Contains(c.query, name) {
			return do(c)
		}
	}
	return failure("BAD_USER_INPUT", nil)
}

func readCall(r *http.Request) (call, error) {
	c := call{token: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), files: map[string]string{}}
	var operation struct {
		Query     string
		Variables map[string]json.RawMessage
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		err := json.NewDecoder(r.Body).Decode(&operation)
		c.query, c.variables = operation.Query, operation.Variables
		return c, err
	}
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(r.MultipartForm.Value["operations"][0]), &operation); err != nil {
		return c, err
	}
	c.query, c.variables = operation.Query, operation.Variables
	var places map[string][]string
	if err := json.Unmarshal([]byte(r.MultipartForm.Value["map"][0]), &places); err != nil {
		return c, err
	}
	for key, place := range places {
		file, err := r.MultipartForm.File[key][0].Open()
		if err != nil {
			return c, err
		}
		text, err := io.ReadAll(file)
		if err != nil {
			return c, err
		}
		c.files[strings.TrimPrefix(place[0], "variables.")] = string(text)
	}
	return c, nil
}

func (c call) text(variable string) string {
	var text string
	_ = json.Unmarshal(c.variables[variable], &text)
	return text
}

func data(field string, value any) any {
	return map[string]any{"data": map[string]any{field: value}}
}

func failure(code string, more map[string]any) any {
	extensions := map[string]any{"code": code}
	maps.Copy(extensions, more)
	return map[string]any{"data": nil, "errors": []any{map[string]any{"message": code, "extensions": extensions}}}
}

type userError struct {
	Code string `json:"code"`
}

func refused(codes ...string) []userError {
	list := []userError{}
	for _, code := range codes {
		list = append(list, userError{code})
	}
	return list
}

func (f *fakeServer) lot(c call) any {
	lot, ok := f.lots[c.text("code")]
	if !ok {
		return data("lot", nil)
	}
	return data("lot", map[string]string{"code": lot.Code})
}

type result struct {
	Duplicate  bool        `json:"duplicate"`
	UserErrors []userError `json:"userErrors"`
}

func (f *fakeServer) recordObservations(c call) any {
	var inputs []struct{ EventID, LotCode, GateCode, Direction, Plate, PlateColor, ObservedAt string }
	_ = json.Unmarshal(c.variables["inputs"], &inputs)
	if len(inputs) == 0 || len(inputs) > 500 {
		return failure("TOO_MANY_OBSERVATIONS", nil)
	}
	f.batches = append(f.batches, len(inputs))
	results := make([]result, len(inputs))
	for i, in := range inputs {
		results[i] = result{UserErrors: refused()}
		at, timeErr := time.Parse(time.RFC3339, in.ObservedAt)
		_, plateErr := cnid.ParsePlate(in.Plate, cnid.Color(in.PlateColor))
		this, key := event{in.Plate, in.Direction, in.ObservedAt}, in.LotCode+"|"+in.EventID
		known, again := f.events[key]
		switch {
		case !strings.HasPrefix(c.token, "gate "+in.LotCode+" "):
			results[i].UserErrors = refused("FOREIGN_LOT")
		case !f.hasGate(in.LotCode, in.GateCode):
			results[i].UserErrors = refused("UNKNOWN_GATE")
		case timeErr != nil || plateErr != nil || len(in.EventID) > 64 || at.After(f.clock.Now().Add(2*time.Minute)):
			results[i].UserErrors = refused("BAD_USER_INPUT")
		case again && known != this:
			results[i].UserErrors = refused("EVENT_ID_REUSED")
		case again:
			results[i].Duplicate = true
		default:
			results[i].UserErrors = f.observe(in.LotCode, in.Direction, in.Plate, at)
			f.events[key] = this
		}
	}
	return data("recordObservations", map[string]any{"results": results, "userErrors": refused()})
}

func (f *fakeServer) hasGate(lot, gate string) bool {
	return slices.ContainsFunc(f.lots[lot].Gates, func(g lotfile.Gate) bool { return g.Code == gate })
}

// observe opens or closes a stay. A car that enters while it stands in a lot has left that one unseen.
func (f *fakeServer) observe(lot, direction, plate string, at time.Time) []userError {
	for _, s := range f.inside[plate] {
		switch {
		case s.enter.After(at):
		case direction == "ENTRY":
			s.ghost = true
		case s.lot == lot:
			charge, _ := f.lots[lot].Tariff.Price(tariff.Stay{Enter: s.enter, Exit: at}, tariff.Calendar{})
			s.exit, s.feeFen, s.ghost = at, charge.Fen, false
			f.inside[plate] = slices.DeleteFunc(f.inside[plate], func(other *parked) bool { return other == s })
			return refused()
		}
	}
	if direction == "EXIT" {
		return refused("ENTRY_NOT_FOUND")
	}
	s := &parked{lot: lot, plate: plate, enter: at}
	f.stays[lot], f.inside[plate] = append(f.stays[lot], s), append(f.inside[plate], s)
	return refused()
}

func (s *parked) node() any {
	node := map[string]any{
		"plate": s.plate, "enteredAt": s.enter.In(clock.Shanghai).Format(time.RFC3339), "exitedAt": nil,
		"feeFen": s.feeFen, "state": "OPEN",
	}
	if !s.exit.IsZero() {
		node["exitedAt"], node["state"] = s.exit.Format(time.RFC3339), "CLOSED"
	}
	if s.ghost {
		node["state"] = "GHOST"
	}
	return node
}

func (f *fakeServer) sessions(c call) any {
	code := c.text("code")
	if c.token != "staff "+code {
		return failure("FACT_REQUIRED", nil)
	}
	first, _ := strconv.Atoi(string(c.variables["first"]))
	if first < 1 || first > 100 {
		return failure("BAD_USER_INPUT", nil)
	}
	upTo := len(f.stays[code])
	if after := c.text("after"); after != "" {
		upTo, _ = strconv.Atoi(after)
	}
	edges, from := []any{}, max(0, upTo-first)
	for _, s := range slices.Backward(f.stays[code][from:upTo]) {
		edges = append(edges, map[string]any{"node": s.node()})
	}
	return data("lot", map[string]any{"sessions": map[string]any{
		"edges": edges, "pageInfo": map[string]any{"hasNextPage": from > 0, "endCursor": strconv.Itoa(from)},
	}})
}

func (f *fakeServer) sendLoginCode(c call) any {
	mobile, err := cnid.ParseMobile(c.text("mobile"))
	if err != nil {
		return data("sendLoginCode", map[string]any{"userErrors": refused("INVALID_MOBILE")})
	}
	who := f.people[mobile.National()]
	if who == nil {
		who = &person{}
		f.people[mobile.National()] = who
	}
	now := f.clock.Now()
	if n := len(who.sent); n > 0 && now.Sub(who.sent[n-1]) < time.Minute || n >= 10 {
		wait := time.Minute - now.Sub(who.sent[n-1])
		return failure("RATE_LIMITED", map[string]any{"retryAfter": cmp.Or(int(wait.Seconds()), 1)})
	}
	who.sent = append(who.sent, now)
	who.code = fmt.Sprintf("%06d", 1000+len(who.sent))
	return data("sendLoginCode", map[string]any{"userErrors": refused()})
}

func (f *fakeServer) login(c call) any {
	who := f.people[c.text("mobile")]
	if who == nil || who.code == "" || who.code != c.text("code") {
		return data("login", map[string]any{"userErrors": refused("CODE_INVALID")})
	}
	who.code, who.channel = "", c.text("channel")
	return data("login", map[string]any{"accessToken": "driver " + c.text("mobile"), "userErrors": refused()})
}

func (f *fakeServer) bindPlate(c call) any {
	who := f.people[strings.TrimPrefix(c.token, "driver ")]
	if who == nil {
		return failure("UNAUTHENTICATED", nil)
	}
	who.plate = c.text("plate")
	return data("bindPlate", map[string]any{
		"vehicle": map[string]any{"id": "vehicle", "verified": who.verified}, "userErrors": refused(),
	})
}

func (f *fakeServer) verifyVehicle(c call) any {
	who := f.people[strings.TrimPrefix(c.token, "driver ")]
	var licence struct{ Plate, VIN, EngineNumber, Owner, BrandModel string }
	var card struct{ Name, IDNumber string }
	_ = json.Unmarshal([]byte(c.files["licence"]), &licence)
	_ = json.Unmarshal([]byte(c.files["card"]), &card)
	_, err := cnid.ParseResidentID(card.IDNumber)
	if who == nil || err != nil || licence.Plate != who.plate || licence.Owner != card.Name || card.Name == "" {
		return data("verifyVehicle", map[string]any{"userErrors": refused("VERIFICATION_REFUSED")})
	}
	who.verified = true
	return data("verifyVehicle", map[string]any{"userErrors": refused()})
}

// fakeClock passes only when somebody waits.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func clockAt(text string) *fakeClock {
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return &fakeClock{now: now.UTC()}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}
