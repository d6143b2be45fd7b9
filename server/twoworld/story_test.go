package twoworld_test

import (
	"maps"
	"slices"
	"time"

	"parkbff/server/servertest"
)

// Those who may not see the hidden values, by what they are.
const (
	anonymous  = "anonymous"
	registered = "registered"
	bound      = "bound, not following"
	followed   = "bound and following"
	coDriver   = "co-driver"
	payer      = "payer, not bound"
	other      = "verified owner of another car"
	masking    = "verified owner under full masking"
	hiding     = "verified owner who hides each record"
	staff      = "staff of another lot"
	machine    = "gate of another lot"
)

// And those who may.
const (
	owner = "verified owner"
)

type person struct {
	mobile, channel, plate string
	verified               bool
}

var cast = map[string]person{
	registered: {mobile: "13900000001", channel: "APP"},
	bound:      {mobile: "13900000002", channel: "H5", plate: boundPlate},
	followed:   {mobile: "13900000003", channel: "APP", plate: boundPlate},
	payer:      {mobile: "13900000004", channel: "WECHAT_MINI"},
	other:      {mobile: "13900000005", channel: "APP", plate: otherPlate, verified: true},
	masking:    {mobile: "13900000006", channel: "APP", plate: maskingPlate, verified: true},
	hiding:     {mobile: "13900000007", channel: "APP", plate: hidingPlate, verified: true},
	coDriver:   {mobile: "13900000009", channel: "APP", plate: ownedPlate},
	owner:      {mobile: "13900000008", channel: "APP", plate: ownedPlate, verified: true},
}

// settle signs everybody in for the first time, on the morning of the first day.
func (both worlds) settle() people {
	both.each(func(w world) {
		w.OffersBays(agreed, 2, servertest.Vars{"priceFen": 0, "earlyMinutes": 0, "graceMinutes": 15})
	})
	everybody := both.signIn()
	everybody.each(func(who string, p pair) {
		of := cast[who]
		for i, c := range p {
			if of.plate == "" || who == coDriver {
				continue
			}
			vehicle := c.Binds(of.plate)
			if of.verified {
				c.Verifies(vehicle, of.plate)
			}
			if who == owner {
				c.Shares(vehicle, everybody[coDriver][i])
			}
			if who == followed {
				c.ReservesBay(agreed, vehicle, reserved.Sub(c.House.Clock.Now()), 30*time.Minute).OK()
			}
			if who == masking {
				c.Asks(`mutation { setFullMask(input: {on: true}) { userErrors { code } } }`).OK()
			}
		}
	})
	return everybody
}

// signIn signs everybody in again: tokens are short-lived, and days pass in the story.
func (both worlds) signIn() people {
	everybody := people{}
	for _, who := range slices.Sorted(maps.Keys(cast)) {
		var p pair
		for i, w := range both {
			p[i] = w.SignIn(cast[who].mobile, cast[who].channel)
		}
		if p[0].Token != p[1].Token || p[0].Refresh != p[1].Refresh {
			both[0].T.Errorf("%s can tell the worlds apart by the tokens of its sign-in", who)
		}
		everybody[who] = p
	}
	return everybody
}

// lotOf picks a lot of a world.
type lotOf func(h hidden) string

func hourly(h hidden) string   { return h.hourly }
func unpriced(h hidden) string { return h.unpriced }
func flat(h hidden) string     { return h.flat }
func joint(hidden) string      { return agreed }

// reserved is when the half hour begins for which somebody has reserved a bay in the lot agreed.
var reserved = at(2, "14:00")

// sight is what a gate sees of every car in the story: in the first world at a time, in the second so
// much later, and in both within one part of one day and one hour of the stay's length.
type sight struct {
	direction string
	lot       lotOf
	day       int
	time      string
	later     time.Duration
}

// chapters are what gates see, by the moment at which they report it. Fees are equal in both worlds at
// every moment at which a chapter's scenes are looked at: a fee is never masked.
var chapters = []struct {
	day    int
	told   string
	sights []sight
	scenes []string // times of the same day at which everybody looks
}{
	{0, "11:55", []sight{
		{servertest.Entering, hourly, 0, "09:20", 45 * time.Minute},
		{servertest.Leaving, hourly, 0, "10:40", 70 * time.Minute}, // 80 or 105 minutes: 10 yuan
	}, []string{"11:56"}},
	{0, "17:50", []sight{
		{servertest.Entering, unpriced, 0, "12:10", 45 * time.Minute},
	}, []string{"17:51", "18:12", "18:40", "23:59"}},
	{1, "11:50", []sight{ // the stay before becomes a GHOST of 18:20 or 18:45 hours
		{servertest.Entering, flat, 1, "06:30", 70 * time.Minute},
	}, []string{"11:51", "12:35", "13:20"}},
	{2, "17:45", []sight{
		{servertest.Leaving, flat, 2, "12:05", 90 * time.Minute},   // 29:35 or 29:55 hours: 16 yuan
		{servertest.Entering, joint, 2, "14:10", 45 * time.Minute}, // in the half hour that is reserved, or after it
		{servertest.Leaving, joint, 2, "14:15", 45 * time.Minute},
	}, []string{"17:46"}},
	{92, "11:50", []sight{ // three months later: the window of months begins with the story's first day
		{servertest.Entering, flat, 92, "06:30", 70 * time.Minute},
	}, []string{"11:51", "13:00"}},
	{93, "00:10", nil, []string{"00:11"}}, // and now with its second
}

// report lets the gates of both worlds report what they saw, and answers the rows' ids in order.
func (both worlds) report(s sight, met map[string]string) {
	both.each(func(w world) {
		w.T.Helper()
		plates := []string{boundPlate, ownedPlate, maskingPlate, hidingPlate, otherPlate, w.hidden.stranger}
		if s.lot(w.hidden) == agreed {
			plates = []string{boundPlate, ownedPlate}
		}
		for _, plate := range plates {
			lot, seen := s.lot(w.hidden), at(s.day, s.time)
			switch {
			case plate == otherPlate:
				lot = elsewhere
			case w.hidden.later && plate != maskingPlate && plate != hidingPlate:
				seen = seen.Add(s.later)
			}
			got := w.Gate(lot).Sees(plate, s.direction, seen).OK()
			if plate == w.hidden.stranger {
				plate = "stranger"
			}
			met[plate] = got.String("recordObservation.session.id")
		}
	})
}
