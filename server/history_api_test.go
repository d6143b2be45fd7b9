package server_test

import (
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const history = `{ viewer { sessions(first: 2) {
	edges { cursor node { id plate lotName nameVisibility lot { name } enteredAt enteredAtPrecision exitedAt durationMinutes feeFen state vehicle { plate } } }
	pageInfo { hasNextPage endCursor }
} } }`

func TestTheHistoryShowsEachStayByTheFactsAboutItsVehicle(t *testing.T) {
	testkit.Covers(t, "R016", "R031", "R069", "R070")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Verified("APP", "粤B67890")
		driver.Binds("粤B12345")
		h.Clock.Pass(time.Minute)
		gate := h.Gate("WXR")
		for _, plate := range []string{"粤B12345", "粤B67890"} {
			gate.Sees(plate, servertest.Entering, servertest.Morning.Add(time.Minute)).OK()
		}
		h.Clock.Pass(70 * time.Minute)
		driver = driver.Refreshes()
		for _, plate := range []string{"粤B12345", "粤B67890"} {
			gate.Sees(plate, servertest.Leaving, servertest.Morning.Add(66*time.Minute)).OK()
		}

		got := driver.Asks(history)
		if got.Codes() != nil {
			t.Log(h.Logged())
		}
		got.OK()

		got.MustContain(`"plate":"粤B67890","lotName":"万象荣停车场","nameVisibility":"CLEAR","lot":{"name":"万象荣停车场"},`+
			`"enteredAt":"2026-11-21T09:01:00+08:00","enteredAtPrecision":"EXACT","exitedAt":"2026-11-21T10:06:00+08:00","durationMinutes":65,"feeFen":1000`,
			`"nameVisibility":"HALF","lot":null,"enteredAt":"2026-11-21T06:00:00+08:00","enteredAtPrecision":"PART_OF_DAY",`+
				`"exitedAt":"2026-11-21T06:00:00+08:00","durationMinutes":120,"feeFen":1000,"state":"CLOSED","vehicle":{"plate":"粤B12345"}`)
	})
}
