package demo

import (
	"math"
	"math/rand/v2"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
)

// fleet is a number of cars with one habit. Time is cut into slots, each car's a little later than the
// last one's, and in each slot a car makes one stay or none; so no car is ever in two places.
type fleet struct {
	name string
	cars []car
	slot time.Duration
	// begins and ends bound the slots; a zero end is none.
	begins, ends time.Time
	habit        habit
}

type car struct {
	plate cnid.Plate
	lots  []string // codes, one of which it drives to
}

// habit draws what a car does in a slot: how long after its start it arrives and how long it stays, both
// together shorter than the slot. It answers false when the car stays away.
type habit func(draw *rand.Rand, start time.Time, slot time.Duration) (arrives, stays time.Duration, comes bool)

// stay is one stay of one car. It says nothing of rereads and misreads.
type stay struct {
	fleet   *fleet
	car     int
	lot     string
	entered time.Time
	left    time.Time
	draw    *rand.Rand // for what else happens to this stay
}

// around answers every stay of the fleet that touches [from, to].
func (f *fleet) around(seed uint64, from, to time.Time) []stay {
	if to.Before(f.begins) {
		return nil
	}
	from = later(from, f.begins)
	var stays []stay
	for i := range f.cars {
		first := f.begins.Add(f.phase(i))
		k := max(0, int64(from.Sub(first)/f.slot)-1)
		for ; ; k++ {
			start := first.Add(time.Duration(k) * f.slot)
			if start.After(to) || !f.ends.IsZero() && start.Add(f.slot).After(f.ends) {
				break
			}
			if s, comes := f.stayIn(seed, i, k, start); comes && !s.left.Before(from) && !s.entered.After(to) {
				stays = append(stays, s)
			}
		}
	}
	return stays
}

// phase is how much later than the fleet's beginning a car's slots begin. Multiples of the golden ratio
// spread any run of neighbours evenly, so that the cars of one lot do not come and go in a wave.
func (f *fleet) phase(i int) time.Duration {
	_, part := math.Modf(float64(i) * (math.Phi - 1))
	return time.Duration(part * float64(f.slot))
}

func (f *fleet) stayIn(seed uint64, i int, k int64, start time.Time) (stay, bool) {
	draw := rand.New(rand.NewPCG(seed^digest(f.name), uint64(i)<<32^uint64(k)))
	arrives, stays, comes := f.habit(draw, start, f.slot)
	if !comes {
		return stay{}, false
	}
	entered := start.Add(arrives).Truncate(time.Millisecond)
	left := entered.Add(stays).Truncate(time.Millisecond)
	lots := f.cars[i].lots
	return stay{
		fleet: f, car: i, lot: lots[draw.IntN(len(lots))], entered: entered, left: left, draw: draw,
	}, true
}

// digest spreads the draws of differently named fleets (FNV-1a).
func digest(name string) uint64 {
	sum := uint64(14695981039346656037)
	for _, b := range []byte(name) {
		sum = (sum ^ uint64(b)) * 1099511628211
	}
	return sum
}

// everyday is how people park: more by day than by night, mostly for an hour or two and now and then
// for much longer (log-normal, median 80 minutes).
func everyday(draw *rand.Rand, start time.Time, slot time.Duration) (arrives, stays time.Duration, comes bool) {
	if draw.Float64() >= busyness(start) {
		return 0, 0, false
	}
	arrives = time.Duration(draw.Float64() * 0.2 * float64(slot))
	longest := slot - arrives - 3*time.Minute
	drawn := time.Duration(80 * math.Exp(0.7*draw.NormFloat64()) * float64(time.Minute))
	return arrives, min(max(drawn, 4*time.Minute), longest), true
}

// hurried is how the cars of the demo accounts park, so that something happens while one looks on.
func hurried(draw *rand.Rand, _ time.Time, slot time.Duration) (arrives, stays time.Duration, comes bool) {
	arrives = time.Duration(draw.Float64() * float64(slot) / 20)
	return arrives, slot*17/20 + time.Duration(draw.Float64()*float64(slot)/20), true
}

// busyness is the share of cars that are out in a slot, by the hour of its start in Shanghai.
func busyness(start time.Time) float64 {
	curve := [24]float64{
		0.25, 0.22, 0.20, 0.20, 0.22, 0.30, 0.45, 0.65, 0.85, 0.95, 0.97, 0.97,
		0.95, 0.95, 0.96, 0.95, 0.95, 0.95, 0.92, 0.85, 0.75, 0.60, 0.45, 0.32,
	}
	return curve[start.In(clock.Shanghai).Hour()]
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
