package demo

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"parkbff/ent/observation"
	"parkbff/internal/cnid"
	"parkbff/internal/parking/lotfile"
)

const (
	// History is how long before the first start the demo accounts began to park.
	History = 3 * 24 * time.Hour
	// seed of every draw; fixed, so that a program started again goes on with the same stream.
	seed = 20_260_701
	// public is the fleet of cars that nobody can look up.
	public = "public"
	// everydaySlot holds one stay of a car that lives as people do.
	everydaySlot = 3 * time.Hour
	// hurriedSlot holds one stay of a demo account's car. The stays in it last a little more than a
	// minute, so that there is something to pay where nothing is free.
	hurriedSlot = 75 * time.Second
)

// Timetable knows which car passes which gate at any moment. It is immutable.
type Timetable struct {
	fleets []*fleet
	plates []cnid.Plate
}

// Event is a car that passes a gate, as the gate reads it.
type Event struct {
	ID         string // the same event always bears the same one
	LotCode    string
	Direction  observation.Direction
	Plate      cnid.Plate
	At         time.Time // UTC, whole milliseconds
	Confidence float64

	own bool // of a car that an account has bound
}

// NewTimetable plans the stream of some lots: cars that live as people do, and those of the accounts,
// which do so for History after since and hurry from then on. Rate shortens the stays and pauses of the
// live stream by that factor; 0 means 1.
func NewTimetable(lots []lotfile.Lot, accounts []Account, since time.Time, rate float64) (*Timetable, error) {
	if rate <= 0 {
		rate = 1
	}
	live := since.Add(History)
	cars, err := publicCars(lots)
	if err != nil {
		return nil, err
	}
	t := &Timetable{}
	t.add(&fleet{name: public, cars: cars, slot: paced(everydaySlot, rate), begins: time.Unix(0, 0), habit: everyday})
	for _, account := range accounts {
		own := ownCars(account, lots)
		if len(own) == 0 {
			continue
		}
		name := string(account.Tier)
		t.add(&fleet{name: name + "-past", cars: own, slot: everydaySlot, begins: since, ends: live, habit: everyday})
		t.add(&fleet{name: name + "-live", cars: own, slot: paced(hurriedSlot, rate), begins: live, habit: hurried})
	}
	return t, nil
}

func paced(d time.Duration, rate float64) time.Duration { return time.Duration(float64(d) / rate) }

func (t *Timetable) add(f *fleet) {
	t.fleets = append(t.fleets, f)
	for _, c := range f.cars {
		if !slices.Contains(t.plates, c.plate) {
			t.plates = append(t.plates, c.plate)
		}
	}
}

// Between answers what happens after from and until to, in order of time.
func (t *Timetable) Between(from, to time.Time) []Event {
	var events []Event
	for _, f := range t.fleets {
		for _, s := range f.around(seed, from, to) {
			events = append(events, t.eventsOf(s)...)
		}
	}
	return inOrder(slices.DeleteFunc(events, func(e Event) bool { return !e.At.After(from) || e.At.After(to) }))
}

// UpTo answers what must be reported at a start: what a new house, or one that was away for a while, does
// not know of the stays that are going on or have just ended. The accounts' older past comes whole; it is short.
func (t *Timetable) UpTo(now time.Time) []Event {
	var events []Event
	for _, f := range t.fleets {
		from := now.Add(-2 * f.slot)
		if !f.ends.IsZero() {
			from = f.begins
		}
		for _, s := range f.around(seed, from, now) {
			if s.entered.After(from) { // or its exit would stand there without an entry
				events = append(events, t.eventsOf(s)...)
			}
		}
	}
	return inOrder(slices.DeleteFunc(events, func(e Event) bool { return e.At.After(now) }))
}

func inOrder(events []Event) []Event {
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	return events
}

// eventsOf tells how the gates see one stay. One entry in thirty is read twice, and one exit in forty is
// read with one character wrong; neither happens to the accounts' cars, whose stays should look plain.
func (t *Timetable) eventsOf(s stay) []Event {
	plate := s.fleet.cars[s.car].plate
	id := fmt.Sprintf("demo-%s-%d-%d", s.fleet.name, s.car, s.entered.UnixMilli())
	in := Event{ID: id + "-in", LotCode: s.lot, Direction: observation.DirectionENTRY, Plate: plate, At: s.entered.UTC(), Confidence: 0.98}
	out := Event{ID: id + "-out", LotCode: s.lot, Direction: observation.DirectionEXIT, Plate: plate, At: s.left.UTC(), Confidence: 0.98}
	if s.fleet.name != public {
		in.own, out.own = true, true
		return []Event{in, out}
	}
	luck := s.draw.Float64()
	switch {
	case luck < 1./30:
		again := in
		again.ID, again.At, again.Confidence = id+"-again", in.At.Add(4*time.Second), 0.91
		return []Event{in, again, out}
	case luck > 1-1./40:
		if read, ok := misread(plate, t.plates, s.draw.IntN(len(symbols))); ok {
			out.Plate, out.Confidence = read, 0.62
		}
	}
	return []Event{in, out}
}

// publicCars answers as many cars for each lot as make it look used. They stay with their lot.
func publicCars(lots []lotfile.Lot) ([]car, error) {
	var cars []car
	for _, lot := range lots {
		for range int(float64(lot.Capacity) * drawOf(lot.Code)) {
			n := firstFreePlate + len(cars)
			draw := bluePlate
			if n%3 == 0 {
				draw = greenPlate
			}
			plate, err := draw(headOf(lot.City), n)
			if err != nil {
				return nil, fmt.Errorf("plate of a demo car: %w", err)
			}
			cars = append(cars, car{plate: plate, lots: []string{lot.Code}})
		}
	}
	return cars, nil
}

// drawOf is how many cars drive to a lot, per bay; a little more than half of them are there at noon.
func drawOf(code string) float64 {
	switch code {
	case "SZ-LIBRARY", "HZ-THEATRE":
		return 1.6
	case "BJ-NANLUO":
		return 1.75
	case "SZ-BAYPARK":
		return 1.45
	default:
		return 1
	}
}

func headOf(city string) string {
	for head, of := range heads {
		if of == city {
			return head
		}
	}
	return "粤B"
}

func ownCars(account Account, lots []lotfile.Lot) []car {
	var cars []car
	for _, vehicle := range account.Vehicles {
		own := car{plate: vehicle.Plate}
		for _, lot := range lots {
			if lot.City == cityOf(vehicle.Plate) {
				own.lots = append(own.lots, lot.Code)
			}
		}
		if len(own.lots) > 0 {
			cars = append(cars, own)
		}
	}
	return cars
}
