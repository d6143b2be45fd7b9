package server_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	ownReservations = `{ viewer { reservations(first: 5) { edges { node {
		id state arrival plate priceFen keptFen lateRefundFen startsAt endsAt lot { code }
	} } } } }`
	lotReservations = `query($d: Date) { lot(code: "WXC") { reservations(day: $d, first: 5) { edges { node { id plate state arrival } } } } }`
	lotOffer        = `{ lot(code: "WXC") { reservationOffer { open bays priceFen unitMinutes freeMinutes latePercent } } }`
	cancelReserved  = `mutation($id: ID!) { cancelReservation(input: {reservationId: $id}) {
		reservation { id state keptFen } userErrors { code field message }
	} }`
)

func TestABayIsReservedPaidAndItsCarParksInItForNothing(t *testing.T) {
	testkit.Covers(t, "R032")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.OffersBays("WXC", 2, nil)
		h.Anonymous().Asks(lotOffer).OK().MustContain(`"open":true,"bays":2,"priceFen":1000,"unitMinutes":0,"freeMinutes":60,"latePercent":40`)
		owner, other := h.Driver("APP"), h.Driver("APP")
		car := owner.Binds("粤B12345")
		h.Anonymous().ReservesBay("WXC", car, time.Hour, 2*time.Hour).MustBeRefused("UNAUTHENTICATED")
		other.ReservesBay("WXC", car, time.Hour, 2*time.Hour).MustBeRefused("NOT_FOUND")
		made := owner.ReservesBay("WXC", car, time.Hour, 2*time.Hour).OK().
			MustContain(`"state":"HELD"`, `"priceFen":1000`, `"kind":"RESERVATION","state":"OPEN","dueFen":1000`)
		reserved := made.String("reserveSpace.reservation.id")
		h.WechatTakes(owner.Begins(servertest.Order{ID: made.String("reserveSpace.order.id")}))
		owner.Asks(ownReservations).OK().MustContain(`"state":"CONFIRMED"`, `"plate":"粤B12345"`, `"keptFen":1000`, `"code":"WXC"`)

		today := servertest.Vars{"d": h.Clock.Now().In(time.FixedZone("", 8*60*60)).Format("2006-01-02")}
		h.Staff("WXC").Asks(lotReservations, today).OK().MustContain(reserved, `"plate":"粤B12345"`, `"arrival":"AWAITED"`).MustNotContain(owner.Mobile)
		for _, c := range []*servertest.Client{other, h.Anonymous(), h.Staff("WXT")} {
			c.Asks(ownReservations).MustNotContain(reserved, "12345")
			c.Asks(lotReservations, today).MustNotContain(reserved, "12345")
			c.Asks(nodeOnly, servertest.Vars{"id": reserved}).OK().MustContain(`"node":null`)
		}
		other.Asks(cancelReserved, servertest.Vars{"id": reserved}).MustBeRefused("NOT_FOUND")

		h.Clock.Pass(time.Hour)
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		owner = h.SignIn(owner.Mobile, "APP")
		owner.Asks(ownReservations).OK().MustContain(`"state":"CONFIRMED"`, `"arrival":null`)
		h.Staff("WXC").Asks(lotReservations, today).OK().MustContain(`"arrival":"ARRIVED"`)
		owner.Asks(cancelReserved, servertest.Vars{"id": reserved}).MustBeRefused("RESERVATION_BEGUN")
		h.Clock.Pass(2 * time.Hour)
		h.Gate("WXC").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK().MustContain(`"decision":"RELEASE"`, `"reason":"NOTHING_DUE"`)
		mustBalance(t, h, 1)
	})
}

func TestTheLastBayOfALotIsReservedByOneOfMany(t *testing.T) {
	testkit.Covers(t, "R032")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.OffersBays("WXC", 1, nil)
		plates := []string{"粤B11111", "粤B22222", "粤B33333", "粤B44444"}
		clients, cars, answers := make([]*servertest.Client, len(plates)), make([]string, len(plates)), make([]*servertest.Answer, len(plates))
		for i, plate := range plates {
			clients[i] = h.Driver("APP")
			cars[i] = clients[i].Binds(plate)
		}
		var all sync.WaitGroup
		for i := range plates {
			all.Go(func() {
				answers[i] = clients[i].ReservesBay("WXC", cars[i], time.Hour+time.Duration(i)*time.Minute, 2*time.Hour)
			})
		}
		all.Wait()
		made := 0
		for _, answer := range answers {
			if !slices.Contains(answer.Codes(), "NO_BAY_TO_RESERVE") {
				answer.OK()
				made++
			}
		}
		if made != 1 {
			t.Errorf("the last bay was reserved %d times", made)
		}
	})
}

func TestWhatGoesBackOfAReservationItsTermsSay(t *testing.T) {
	testkit.Covers(t, "R032")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.OffersBays("WXC", 2, nil)
		owner := h.Driver("APP")
		reserve := func(plate string) string {
			made := owner.ReservesBay("WXC", owner.Binds(plate), 2*time.Hour, time.Hour).OK()
			h.WechatTakes(owner.Begins(servertest.Order{ID: made.String("reserveSpace.order.id")}))
			return made.String("reserveSpace.reservation.id")
		}
		early := reserve("粤B12345")
		reserve("粤B54321")
		owner.Asks(cancelReserved, servertest.Vars{"id": early}).OK().MustContain(`"state":"CANCELLED","keptFen":0`)
		h.Clock.Pass(2*time.Hour + 30*time.Minute) // no car has come
		if err := h.Billing.EndReservations(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.SignIn(owner.Mobile, "APP").Asks(ownReservations).OK().MustContain(`"state":"CONFIRMED","arrival":null`, `"keptFen":600`)
		h.Hires("MANAGER", "WXC", "").Asks(lotReservations, servertest.Vars{
			"d": h.Clock.Now().In(time.FixedZone("", 8*60*60)).Format("2006-01-02"),
		}).OK().MustContain(`"NO_SHOW"`)
	})
}
