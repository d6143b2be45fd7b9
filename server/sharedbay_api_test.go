package server_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	setSpaceHours = `mutation($in: SetSpaceHoursInput!) { setSpaceHours(input: $in) {
		space { id hours { days from until } reserved { from until } } userErrors { code field }
	} }`
	sharedBays     = `query($from: DateTime!, $until: DateTime!) { lot(code: "WXC") { sharedBays(from: $from, until: $until) { spaceId bay } } }`
	reservedSpaces = `{ viewer { sharedSpaces(first: 5) { edges { node { bay hours { from } reserved { from until } } } } } }`
	reservedBay    = `{ viewer { reservations(first: 1) { edges { node { bay state } } } } }`
)

// hours are those of a Saturday, the day of the tests' clock, in which a bay is shared.
func hours(space, from, until string) servertest.Vars {
	return servertest.Vars{"in": servertest.Vars{"spaceId": space, "hours": []servertest.Vars{
		{"days": []string{"SATURDAY", "MONDAY"}, "from": from, "until": until},
	}}}
}

// sharesBay has somebody share a bay of WXC in some hours.
func sharesBay(h *servertest.House, bay, from, until string) (owner *servertest.Client, space string) {
	h.T.Helper()
	owner = h.Driver("APP")
	space = offersSpace(owner, "a", servertest.Vars{"bay": bay}, deeds(cardOwner)).OK().String("offerSpace.space.id")
	h.Officer().Asks(decideSpace, decidingSpace(space, true)).OK()
	owner.Asks(setSpaceHours, hours(space, from, until)).OK()
	return owner, space
}

func window(h *servertest.House, after, long time.Duration) servertest.Vars {
	from := h.Clock.Now().Add(after)
	return servertest.Vars{"from": from.Format(time.RFC3339), "until": from.Add(long).Format(time.RFC3339)}
}

func TestASharedBayIsReservedInTheHoursInWhichItsOwnerSharesIt(t *testing.T) {
	testkit.Covers(t, "R076")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.OffersBays("WXC", 0, servertest.Vars{"ownerPercent": 70})
		owner, space := sharesBay(h, "B-012", "10:00", "18:00") // it is nine
		sharesBay(h, "B-013", "10:00", "12:00")
		h.Anonymous().Asks(sharedBays, window(h, time.Hour, 2*time.Hour)).OK().
			MustContain(`"bay":"B-012"`, `"bay":"B-013"`, space).MustNotContain("测试", "138", "测**", deedLocation)
		h.Anonymous().Asks(sharedBays, window(h, time.Hour, 4*time.Hour)).OK().MustContain(`"bay":"B-012"`).MustNotContain("B-013")
		h.Anonymous().Asks(sharedBays, window(h, 30*time.Minute, 2*time.Hour)).OK().MustContain(`"sharedBays":[]`)
		h.Anonymous().Asks(sharedBays, window(h, time.Hour, 1000*time.Hour)).OK().MustContain(`"sharedBays":[]`)

		guest, other := h.Driver("APP"), h.Driver("APP")
		car := guest.Binds("粤B12345")
		shared := servertest.Vars{"spaceId": space}
		guest.ReservesBay("WXC", car, time.Hour, 2*time.Hour).MustBeRefused("NO_BAY_TO_RESERVE") // the lot has set none aside
		guest.ReservesBay("WXC", car, 30*time.Minute, 2*time.Hour, shared).MustBeRefused("NO_BAY_TO_RESERVE")
		guest.ReservesBay("WXC", car, 8*time.Hour, 2*time.Hour, shared).MustBeRefused("NO_BAY_TO_RESERVE")
		guest.ReservesBay("WXC", car, time.Hour, 2*time.Hour, servertest.Vars{"spaceId": car}).MustBeRefused("NO_BAY_TO_RESERVE")
		made := guest.ReservesBay("WXC", car, time.Hour, 2*time.Hour, shared).OK()
		h.WechatTakes(guest.Begins(servertest.Order{ID: made.String("reserveSpace.order.id")}))
		guest.Asks(reservedBay).OK().MustContain(`"bay":"B-012","state":"CONFIRMED"`)
		other.ReservesBay("WXC", other.Binds("粤B54321"), 2*time.Hour, 2*time.Hour, shared).MustBeRefused("NO_BAY_TO_RESERVE")
		h.Anonymous().Asks(sharedBays, window(h, time.Hour, 4*time.Hour)).OK().MustContain(`"sharedBays":[]`)

		when := `"from":"2026-11-21T10:00:00+08:00","until":"2026-11-21T12:00:00+08:00"`
		owner.Asks(reservedSpaces).OK().MustContain(when).MustNotContain("12345", guest.Mobile)
		owner.Asks(withdrawSpace, servertest.Vars{"id": space}).MustBeRefused("SPACE_RESERVED")
		owner.Asks(setSpaceHours, servertest.Vars{"in": servertest.Vars{"spaceId": space, "hours": []servertest.Vars{}}}).OK().
			MustContain(`"hours":[]`, when)
		h.Anonymous().Asks(sharedBays, window(h, 4*time.Hour, time.Hour)).OK().MustContain(`"sharedBays":[]`)

		h.Clock.Pass(time.Hour)
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		h.Clock.Pass(2 * time.Hour)
		h.Gate("WXC").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK().MustContain(`"decision":"RELEASE"`, `"reason":"NOTHING_DUE"`)
		if err := h.Billing.EndReservations(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.SignIn(owner.Mobile, "APP").Asks(withdrawSpace, servertest.Vars{"id": space}).MustBeRefused("EARNINGS_OWED")
	})
}

func TestASharedBayIsReservedByOneOfMany(t *testing.T) {
	testkit.Covers(t, "R076")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.OffersBays("WXC", 0, nil)
		_, space := sharesBay(h, "B-012", "00:00", "00:00")
		plates := []string{"粤B11111", "粤B22222", "粤B33333", "粤B44444"}
		clients, cars, said := make([]*servertest.Client, len(plates)), make([]string, len(plates)), make([]string, len(plates))
		for i, plate := range plates {
			clients[i] = h.Driver("APP")
			cars[i] = clients[i].Binds(plate)
		}
		var all sync.WaitGroup
		for i := range plates {
			all.Go(func() {
				said[i] = clients[i].ReservesBay("WXC", cars[i], time.Hour, time.Hour+time.Duration(i)*time.Minute, servertest.Vars{"spaceId": space}).Text
			})
		}
		all.Wait()
		told := strings.Join(said, "")
		if strings.Count(told, `"state":"HELD"`) != 1 || strings.Count(told, `"NO_BAY_TO_RESERVE"`) != len(plates)-1 {
			t.Errorf("%q", said)
		}
	})
}

func TestOnlyItsOwnerSaysWhenABayIsShared(t *testing.T) {
	testkit.Covers(t, "R076")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.OffersBays("WXC", 0, nil)
		owner := h.Driver("APP")
		space := offersSpace(owner, "a", nil, deeds(cardOwner)).OK().String("offerSpace.space.id")
		owner.Asks(setSpaceHours, hours(space, "10:00", "18:00")).MustBeRefused("SPACE_NOT_SHARED")
		guest := h.Driver("APP")
		guest.ReservesBay("WXC", guest.Binds("粤B12345"), time.Hour, time.Hour, servertest.Vars{"spaceId": space}).MustBeRefused("NO_BAY_TO_RESERVE")
		h.Officer().Asks(decideSpace, decidingSpace(space, true)).OK()
		for _, other := range []*servertest.Client{guest, h.Officer(), h.Anonymous(), h.Hires("MANAGER", "WXC", "").Client} {
			other.Asks(setSpaceHours, hours(space, "10:00", "18:00")).MustNotContain(`"hours"`)
		}
		owner.Asks(setSpaceHours, hours(space, "10:00", "24:00")).MustBeRefused("INVALID_SPACE_HOURS")
		owner.Asks(setSpaceHours, hours(space, "10:00", "18:00")).OK().MustContain(`"days":["SATURDAY","MONDAY"],"from":"10:00","until":"18:00"`)
	})
}
