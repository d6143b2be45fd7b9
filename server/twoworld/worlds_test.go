// Package twoworld proves that what is masked cannot be learnt: two houses share keys, clock and random
// source and differ only in hidden values, each inside one value of its mask. Whoever may not see those
// values must get byte-identical answers from both, whatever is asked (design §4).
package twoworld_test

import (
	"crypto/rand"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent/task"
	"parkbff/internal/parking/geo"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/tariff"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/server/servertest"
)

// hidden is what the two worlds differ in.
type hidden struct {
	hourly, unpriced, flat string // lots, by code
	stranger               string // plate of a car that nobody has bound
	later                  bool   // whether gates saw everything later
}

// Each value of the second lies within the mask of its fellow in the first: lots that wear one half name
// and have one price, plates of which one half is shown, minutes of one part of the day.
var (
	thisHidden  = hidden{hourly: "WXC", unpriced: "WXF", flat: "WXD", stranger: "粤B67845"}
	otherHidden = hidden{hourly: "WXT", unpriced: "WXG", flat: "WXM", stranger: "粤BD98745", later: true}
)

// elsewhere is a lot in which nothing is hidden, agreed one that is the same in both worlds: who reserves a bay there says
// so, and whether the car comes in time is hidden.
const (
	elsewhere = "WXN"
	agreed    = "WXE"
)

func lots() []lotfile.Lot {
	flat := tariff.Always(tariff.RateTable{
		Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 24 * 60, Fen: 800}), ExitGraceMinutes: 15,
	})
	names := [][2]string{
		{"WXC", "万象城停车场"},
		{"WXT", "万象天地停车场"},
		{"WXF", "万象坊停车场"},
		{"WXG", "万象阁停车场"},
		{"WXD", "万象都停车场"},
		{"WXM", "万象门停车场"},
		{elsewhere, "万象南停车场"},
		{agreed, "万象东停车场"},
	}
	all := make([]lotfile.Lot, len(names))
	for i, name := range names {
		all[i] = servertest.Lot(name[0], name[1])
		all[i].Capacity = 20 // small: one car must not show in public
		all[i].Location = &lotfile.Location{
			Point: geo.Point{Latitude: 22.54 + float64(i)/1000, Longitude: 114.11}, Datum: lotfile.WGS84,
		}
		switch name[0] {
		case "WXF", "WXG":
			all[i].Tariff = nil
		case "WXD", "WXM":
			all[i].Tariff = &flat
		}
	}
	return all
}

// world is one of the two.
type world struct {
	*servertest.House
	hidden hidden
}

// worlds are both, in which all happens alike.
type worlds [2]world

// eachEngine opens two worlds on each engine.
func eachEngine(t *testing.T, test func(t *testing.T, both worlds)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, func() string { return "" })) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, func() string { return testkit.PostgresURL(t) })) })
}

func open(t *testing.T, url func() string) (both worlds) {
	t.Helper()
	keys := t.TempDir() + "/keys"
	if _, err := vault.CreateKeys(keys, rand.Reader); err != nil {
		t.Fatal(err)
	}
	for i, h := range []hidden{thisHidden, otherHidden} {
		both[i] = world{hidden: h, House: servertest.New(t, servertest.Options{
			DatabaseURL: url(), Keys: keys, Random: servertest.Repeatable(), Lots: lots(), Workers: 1,
		})}
	}
	return both
}

// each lets something happen in both worlds.
func (both worlds) each(happen func(w world)) {
	for _, w := range both {
		happen(w)
	}
}

// goTo moves both clocks to a time of a day, such as (1, "11:20"), once the work of before is done, and counts the
// vacancies anew.
func (both worlds) goTo(day int, clock string) {
	both.rest()
	both.each(func(w world) {
		w.T.Helper()
		w.Clock.Set(at(day, clock))
		if err := w.Parking.RefreshVacancies(w.T.Context()); err != nil {
			w.T.Fatal(err)
		}
	})
}

// rest waits until the work outside that is due is done, which nobody waits for otherwise.
func (both worlds) rest() {
	both.each(func(w world) {
		w.T.Helper()
		for late := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			due := task.And(task.StateEQ(task.StateWAITING), task.DueAtLTE(w.Clock.Now()))
			left, err := w.Store.Fresh(w.AsSystem()).Task.Query().Where(due).Count(w.AsSystem())
			switch {
			case err != nil:
				w.T.Fatal(err)
			case left == 0:
				return
			case time.Now().After(late):
				w.T.Fatalf("%d tasks are not done", left)
			}
		}
	})
}

func at(day int, clock string) time.Time { return servertest.At(clock).AddDate(0, 0, day) }

// reply is all that a client sees of an answer.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

// ask sends an operation to one world.
func ask(c *servertest.Client, op operation) reply {
	c.House.T.Helper()
	if len(op.files) > 0 {
		got := c.Uploads(op.text, op.vars, op.files)
		return reply{Status: got.Status, Body: withoutPorts(got.Text)}
	}
	got := c.Asks(op.text, op.vars)
	header := maps.Clone(got.Header)
	header.Del("Date") // of the machine, not of the house
	return reply{Status: got.Status, Header: header, Body: withoutPorts(got.Text)}
}

// standIn is where a stand-in of a partner listens, which authorizeUrl names: each world has its own stand-ins, at
// ports that the machine picks, always of five digits.
var standIn = regexp.MustCompile(`http://127\.0\.0\.1:\d{5}/`)

func withoutPorts(text string) string { return standIn.ReplaceAllString(text, "http://stand-in/") }

// pair is one person in both worlds.
type pair [2]*servertest.Client

// ask sends an operation to both worlds at once.
func (p pair) ask(op operation) (this, other reply) {
	var both sync.WaitGroup
	both.Go(func() { this = ask(p[0], op) })
	both.Go(func() { other = ask(p[1], op) })
	both.Wait()
	return this, other
}

// enough differences say what is wrong.
const enough = 3

// sameFor fails the test for each operation that the two worlds answer differently, and remembers what
// was answered.
func sameFor(t *testing.T, who string, p pair, ops []operation, met *acquaintance) {
	t.Helper()
	different := 0
	for _, op := range ops {
		this, other := p.ask(op)
		if !reflect.DeepEqual(this, other) {
			t.Errorf("%s can tell the worlds apart by %s %v:\n%s", who, op.text, op.vars, cmp.Diff(this, other))
			if different++; different == enough {
				return
			}
		}
		met.listen(t, op, this)
	}
}

// people are the viewers by what they are, in a fixed order.
type people map[string]pair

func (p people) each(do func(who string, p pair)) {
	for _, who := range slices.Sorted(maps.Keys(p)) {
		do(who, p[who])
	}
}
