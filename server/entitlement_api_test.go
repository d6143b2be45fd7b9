package server_test

import (
	"slices"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// tiers, lowest first.
var tiers = []string{"ANONYMOUS", "REGISTERED", "PLATE_BOUND", "FOLLOWED", "VERIFIED"}

// visitor is a fresh person of one tier who tries one service.
type visitor struct {
	*servertest.Client
	car  string // its vehicle; below PLATE_BOUND an id of none
	paid string // a stay it paid for, of somebody's car; an id of none for nobody
	own  string // a stay of its vehicle, which began after it was bound; an id of none without one
}

const visitorsPlate = "粤B12345"

func visitorOf(h *servertest.House, tier string) visitor {
	v := visitor{
		Client: h.Anonymous(),
		car:    h.ID("Vehicle", 1<<40), paid: h.ID("ParkingSession", 1<<40), own: h.ID("ParkingSession", 1<<40),
	}
	switch tier {
	case "ANONYMOUS":
		return v
	case "PLATE_BOUND": // a web page does not follow
		v.Client = h.Driver("H5")
	default:
		v.Client = h.Driver("APP")
	}
	strangers := h.Gate("WXT").Sees("粤B00001", servertest.Entering, servertest.Morning).OK()
	v.paid = idOf(strangers)
	h.Pays(v.Client, v.paid, 500)
	if tier == "REGISTERED" {
		return v
	}
	v.car = v.Binds(visitorsPlate)
	if tier == "VERIFIED" {
		v.Verifies(v.car, visitorsPlate)
	}
	v.own = idOf(h.Gate("WXC").Sees(visitorsPlate, servertest.Entering, servertest.Morning))
	return v
}

// tried is how one service is tried. What refuses answers, to those who may not, the codes said here or else
// FACT_REQUIRED, and UNAUTHENTICATED to nobody; what shows refuses nobody, and shows the text only to those who may.
type tried struct {
	try     func(v visitor) *servertest.Answer
	refused map[string]string
	shows   func(v visitor) string
}

// triedServices are services by name. What is asked is asked with good input, so that whoever is let in is refused nothing.
var triedServices = map[string]tried{
	"FIND_LOTS":   {try: func(v visitor) *servertest.Answer { return v.Asks(`{ lots(first: 1) { edges { node { name } } } }`) }},
	"QUOTE_PLATE": {try: func(v visitor) *servertest.Answer { return v.Asks(quotePlate, plateAtLot("粤B99999", "WXC")) }},
	"MANAGE_CONSENTS": {try: func(v visitor) *servertest.Answer {
		return v.Asks(grantConsent, agreeing("PROMOTIONS", firstVersion, ""))
	}},
	"BIND_PLATE": {try: func(v visitor) *servertest.Answer { return v.Asks(bindPlate, binding("粤B67890", "", true)) }},
	"STAY_RECORDS": {
		try:   func(v visitor) *servertest.Answer { return v.Asks(`{ viewer { sessions { edges { node { id } } } } }`) },
		shows: func(v visitor) string { return v.paid },
	},
	"HIDE_RECORD": {try: func(v visitor) *servertest.Answer {
		return v.Asks(hide, servertest.Vars{"id": v.paid, "hidden": true})
	}},
	"QUOTE_STAY": {
		try: func(v visitor) *servertest.Answer {
			return v.Asks(`query($id: ID!) { quote(input: {stay: $id}) { __typename } }`, servertest.Vars{"id": v.paid})
		},
		refused: map[string]string{"ANONYMOUS": "NOT_FOUND"}, // a stay that is not to be seen is not there
	},
	"VERIFY_VEHICLE": {
		try:     func(v visitor) *servertest.Answer { return v.Shows(v.car, servertest.PapersFor(visitorsPlate)) },
		refused: map[string]string{"REGISTERED": "NOT_FOUND"}, // without a vehicle there is none to name
	},
	"STAY_MESSAGES": {
		try: func(v visitor) *servertest.Answer {
			return v.Asks(`{ viewer { notices { edges { node { kind } } } } }`)
		},
		shows: func(visitor) string { return `"ENTERED"` },
	},
	"CLEAR_RECORDS": {
		try:   func(v visitor) *servertest.Answer { return v.Asks(names, servertest.Vars{"id": v.own}) },
		shows: func(visitor) string { return "万象城停车场" },
	},
	"FULL_MASK": {try: func(v visitor) *servertest.Answer { return v.Asks(fullMask, servertest.Vars{"on": true}) }},
}

func TestWhatATierMayUseIsWhatTheTableSays(t *testing.T) {
	testkit.Covers(t, "R001", "R002", "R003")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		lower := []string{}
		for _, tier := range tiers {
			may := entitledTo(h, tier)
			for _, s := range lower {
				if !slices.Contains(may, s) {
					t.Errorf("%s may not use %s, which a lower tier may", tier, s)
				}
			}
			if len(may) <= len(lower) {
				t.Errorf("%s adds nothing", tier)
			}
			lower = may
		}
		for name, s := range triedServices {
			for _, tier := range tiers {
				t.Run(name+"/"+tier, func(t *testing.T) { mayUse(t, tier, name, s) })
			}
		}
	})
}

// entitledTo are the services that entitlements answers for a tier.
func entitledTo(h *servertest.House, tier string) []string {
	h.T.Helper()
	var names []string
	shown := h.Anonymous().Asks(`query($t: UserTier!) { entitlements(tier: $t) { service name since source } }`, servertest.Vars{"t": tier}).OK().Shown()
	for _, e := range servertest.Part(shown, "entitlements").([]any) {
		if since := servertest.Part(e, "since").(string); slices.Index(tiers, since) > slices.Index(tiers, tier) {
			h.T.Errorf("%v is listed for %s", e, tier)
		}
		names = append(names, servertest.Part(e, "service").(string))
	}
	return names
}

// mayUse tries one service in a house of its own, on SQLite: what decides does not depend on the engine.
func mayUse(t *testing.T, tier, name string, s tried) {
	h := servertest.New(t, servertest.Options{})
	v, allowed := visitorOf(h, tier), slices.Contains(entitledTo(h, tier), name)
	h.Clock.Pass(time.Minute)
	v.Asks(`{ viewer { tier } }`).OK().MustContain(`"tier":"` + tier + `"`)
	got := s.try(v)
	switch {
	case s.shows != nil && allowed:
		got.OK().MustContain(s.shows(v))
	case s.shows != nil:
		got.OK().MustNotContain(s.shows(v))
	case allowed:
		got.OK()
	case s.refused[tier] != "":
		got.MustBeRefused(s.refused[tier])
	case tier == "ANONYMOUS":
		got.MustBeRefused("UNAUTHENTICATED")
	default:
		got.MustBeRefused("FACT_REQUIRED").MustContain(`"nextStep"`)
	}
}

func TestWhatIsMissingIsNamedWithWhatLeadsToIt(t *testing.T) {
	testkit.Covers(t, "R002")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for _, want := range []struct{ tier, fact, step string }{
			{"REGISTERED", "VERIFIED", "BIND_PLATE"}, // nobody verifies a vehicle before binding one
			{"PLATE_BOUND", "FOLLOWED", "FOLLOW_CHANNEL"},
			{"FOLLOWED", "VERIFIED", "VERIFY_VEHICLE"},
		} {
			c := h.Driver(map[bool]string{true: "H5", false: "APP"}[want.tier == "PLATE_BOUND"])
			if want.tier != "REGISTERED" {
				c.Binds(visitorsPlate)
			}
			c.Asks(fullMask, servertest.Vars{"on": true}).MustBeRefused("FACT_REQUIRED").
				MustContain(`"fact":"`+want.fact+`"`, `"nextStep":"`+want.step+`"`)
		}
	})
}
