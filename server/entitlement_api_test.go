package server_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"parkbff/internal/entitlement"
	"parkbff/internal/language"
	"parkbff/internal/money"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// tiers, lowest first.
var tiers = []string{"ANONYMOUS", "REGISTERED", "PLATE_BOUND", "FOLLOWED", "VERIFIED"}

// visitor is a fresh person of one tier who tries one service.
type visitor struct {
	*servertest.Client
	plate string // of its vehicle, if it has one
	car   string // its vehicle; below PLATE_BOUND an id of none
	paid  string // a stay it paid for, of somebody's car; an id of none for nobody
	own   string // a stay of its vehicle, which began after it was bound; an id of none without one
	free  string // a plate that nobody has bound
}

const visitorsPlate = "粤B12345"

// visitorOf is one of a tier, the nth of the house.
func visitorOf(h *servertest.House, tier string, n int) visitor {
	v := visitor{
		Client: h.Anonymous(), plate: fmt.Sprintf("粤B1%04d", n), free: fmt.Sprintf("粤B2%04d", n),
		car: h.ID("Vehicle", 1<<40), paid: h.ID("ParkingSession", 1<<40), own: h.ID("ParkingSession", 1<<40),
	}
	switch tier {
	case "ANONYMOUS":
		return v
	case "PLATE_BOUND": // a web page does not follow
		v.Client = h.Driver("H5")
	default:
		v.Client = h.Driver("APP")
	}
	strangers := h.Gate("WXT").Sees(fmt.Sprintf("粤B3%04d", n), servertest.Entering, h.Clock.Now().Add(-time.Hour)).OK()
	v.paid = idOf(strangers)
	h.PaysAll(v.Client, v.paid)
	if tier == "REGISTERED" {
		return v
	}
	v.car = v.Binds(v.plate)
	if tier == "VERIFIED" {
		v.Verifies(v.car, v.plate)
	}
	v.own = idOf(h.Gate("WXC").Sees(v.plate, servertest.Entering, h.Clock.Now()))
	return v
}

// tried is how one service is tried. What refuses answers, to those who may not, the codes said here or else
// FACT_REQUIRED, and UNAUTHENTICATED to nobody; what shows refuses nobody, and shows the text only to those who may.
type tried struct {
	try     func(v visitor) *servertest.Answer
	refused map[string]string
	shows   func(v visitor) string
}

// withoutCar is how those are refused who name a vehicle and have none.
var withoutCar = map[string]string{"REGISTERED": "NOT_FOUND"}

// triedServices are services by name. What is asked is asked with good input, so that whoever is let in is refused nothing.
var triedServices = map[string]tried{
	"FIND_LOTS":   {try: func(v visitor) *servertest.Answer { return v.Asks(`{ lots(first: 1) { edges { node { name } } } }`) }},
	"QUOTE_PLATE": {try: func(v visitor) *servertest.Answer { return v.Asks(quotePlate, plateAtLot(v.free, "WXC")) }},
	"PAY_PARKING": {try: func(v visitor) *servertest.Answer {
		stay := idOf(v.House.Gate("WXT").Sees(v.free, servertest.Entering, v.House.Clock.Now().Add(-time.Hour)))
		return v.Asks(servertest.CreateOrder, servertest.Vars{"in": servertest.Vars{"idempotencyKey": v.free[3:], "quote": v.House.Quoted(stay)}})
	}},
	"PASSWORD_FREE": {
		try: func(v visitor) *servertest.Answer {
			return v.Asks(openPasswordFree, opening(v.House, v.car, money.WeChat))
		},
		refused: withoutCar,
	},
	"E_INVOICE": {try: func(v visitor) *servertest.Answer {
		return v.Asks(saveTitle, servertest.Vars{"t": companyTitle()})
	}},
	"MANAGE_PROFILE": {try: func(v visitor) *servertest.Answer {
		return v.Asks(updateProfile, telling(servertest.Vars{"nickname": "白龙马甲"}))
	}},
	"MANAGE_CONSENTS": {try: func(v visitor) *servertest.Answer {
		return v.Asks(grantConsent, agreeing("PROMOTIONS", firstVersion, ""))
	}},
	"MANAGE_DEVICES": {try: func(v visitor) *servertest.Answer { return v.Asks(sendStepUp) }},
	"MESSAGE_CHANNELS": {try: func(v visitor) *servertest.Answer {
		return v.Asks(setChannels, servertest.Vars{"in": servertest.Vars{"sms": true}})
	}},
	"END_ACCOUNT":  {try: func(v visitor) *servertest.Answer { return v.Asks(closeAccount) }},
	"LINK_CHANNEL": {try: linksWechat},
	"BIND_PLATE":   {try: func(v visitor) *servertest.Answer { return v.Asks(bindPlate, binding(v.free, "", true)) }},
	"DISPUTE_PLATE": {try: func(v visitor) *servertest.Answer {
		other := v.House.Driver("APP")
		other.Shows(other.Binds(v.free), othersPapers(v.free)).OK()
		return claims(v.Client, v.free, servertest.PapersFor(v.free))
	}},
	"DISPUTE_CHARGE": {
		try: func(v visitor) *servertest.Answer {
			gate := v.House.Gate("WXT")
			stay := idOf(gate.Sees(v.free, servertest.Entering, v.House.Clock.Now().Add(-time.Hour)))
			v.House.PaysAll(v.Client, stay)
			gate.Sees(v.free, servertest.Leaving, v.House.Clock.Now()).OK()
			return v.Asks(disputeCharge, disputing("x", stay, servertest.Vars{"reason": "OTHER"}))
		},
	},
	"VOUCHERS": {try: func(v visitor) *servertest.Answer {
		return v.Asks(claimVoucher, servertest.Vars{"c": v.House.GrantsVoucher("WXC", servertest.Vars{"kind": "WAIVER"})})
	}},
	"PERMITS": {try: func(v visitor) *servertest.Answer {
		if v.Mobile != "" {
			v.car = v.Binds(v.free)
		}
		return v.BuysPermit(v.House.SellsPermits("WXC", 1, nil), v.car)
	}},
	"RESERVATIONS": {try: func(v visitor) *servertest.Answer {
		if v.Mobile != "" {
			v.car = v.Binds(v.free)
		}
		v.House.OffersBays("WXC", 10, nil)
		return v.ReservesBay("WXC", v.car, time.Hour, time.Hour)
	}},
	"MEMBERSHIP": {
		try: func(v visitor) *servertest.Answer {
			if v.Mobile != "" {
				v.Asks(grantConsent, agreeing("MEMBERSHIP", firstVersion, "")).OK()
			}
			return v.Asks(ownMembership)
		},
		shows: func(visitor) string { return `"level":"ORDINARY"` },
	},
	"SHARE_SPACE": {try: func(v visitor) *servertest.Answer { return offersSpace(v.Client, "x", nil, deeds(cardOwner)) }},
	"RUN_FLEET":   {try: func(v visitor) *servertest.Answer { return opensFleet(v.Client, company, creditCode) }},
	"STAY_RECORDS": {
		try:   func(v visitor) *servertest.Answer { return v.Asks(`{ viewer { sessions { edges { node { id } } } } }`) },
		shows: func(v visitor) string { return v.paid },
	},
	"HIDE_RECORD": {try: func(v visitor) *servertest.Answer {
		return v.Asks(hide, servertest.Vars{"id": v.paid, "hidden": true})
	}},
	"QUOTE_STAY": {
		try:     func(v visitor) *servertest.Answer { return v.Asks(quoteStay, servertest.Vars{"stay": v.paid}) },
		refused: map[string]string{"ANONYMOUS": "NOT_FOUND"}, // a stay that is not to be seen is not there
	},
	"SET_MESSAGES": {
		try: func(v visitor) *servertest.Answer {
			return v.Asks(setMessages, servertest.Vars{"v": v.car, "k": "ENTERED", "on": false})
		},
		refused: withoutCar,
	},
	"VERIFY_VEHICLE": {
		try:     func(v visitor) *servertest.Answer { return v.Shows(v.car, servertest.PapersFor(v.plate)) },
		refused: withoutCar,
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
	"SET_MESSAGE_DISPLAY": {try: func(v visitor) *servertest.Answer { return v.Asks(setDisplay, display("HALF")) }},
	"FULL_MASK":           {try: func(v visitor) *servertest.Answer { return v.Asks(fullMask, servertest.Vars{"on": true}) }},
	"INVITE_CO_DRIVER": {
		try:     func(v visitor) *servertest.Answer { return v.Asks(inviteCoDriver, servertest.Vars{"id": v.car}) },
		refused: withoutCar,
	},
}

// linksWechat links the mini-program's account of somebody whom WeChat's stand-in knows by the plate.
func linksWechat(v visitor) *servertest.Answer {
	if v.Mobile != "" {
		v.Asks(sendStepUp).OK()
		v.Asks(`mutation($c: String!) { stepUp(input: {code: $c}) { userErrors { code } } }`,
			servertest.Vars{"c": v.House.SentCode(v.Mobile)}).OK()
	}
	proof := proved(v.House.T, v.House, url.Values{"channel": {"WECHAT_MINI"}, "person": {v.plate}})
	return v.Asks(`mutation($c: String!) {
		linkChannel(input: {channel: WECHAT_MINI, code: $c, linkConsent: true}) { linkedAccount { channel } userErrors { code } }
	}`, servertest.Vars{"c": proof.Code})
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
		visitors := 0
		for _, row := range entitlement.All(language.Chinese) {
			name := string(row.Service)
			s, ok := triedServices[name]
			if !ok {
				t.Errorf("nobody tries %s", name)
				continue
			}
			for _, tier := range tiers {
				visitors++
				v := visitorOf(h, tier, visitors)
				h.Clock.Pass(time.Minute)
				t.Run(name+"/"+tier, func(t *testing.T) { mayUse(t, v, tier, name, s) })
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

// mayUse tries one service.
func mayUse(t *testing.T, v visitor, tier, name string, s tried) {
	here := *v.House // what fails, fails in this subtest
	here.T = t
	v.Client.House = &here
	allowed := slices.Contains(entitledTo(&here, tier), name)
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
