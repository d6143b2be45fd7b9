package server_test

import (
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const noticed = `subscription { noticeReceived { cursor notice { id kind lotName plate occurredAt occurredAtPrecision nameVisibility feeFen } } }`

func TestAnOwnerSeesTheCarEnterAndLeaveLiveMaskedByTier(t *testing.T) {
	testkit.Covers(t, "R024", "R025", "R069", "R070")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate := h.Gate("WXC")
		unverified := h.Bound("APP", "粤B12345").Watches(noticed)
		verified := h.Verified("APP", "粤B67890").Watches(noticed)

		h.Clock.Pass(5 * time.Minute)
		for _, plate := range []string{"粤B12345", "粤B67890"} {
			gate.Sees(plate, servertest.Entering, servertest.Morning.Add(3*time.Minute)).OK()
		}

		unverified.Next().
			MustContain(`"kind":"ENTERED"`, `"occurredAt":"2026-11-21T06:00:00+08:00"`, `"PART_OF_DAY"`, `粤B***45`).
			MustNotContain("万象城", "09:03", "01:03", "粤B12345")
		verified.Next().
			MustContain(`"occurredAt":"2026-11-21T09:03:00+08:00"`, `"EXACT"`, `"lotName":"万象城停车场"`, `粤B67890`)
	})
}
