package server_test

import (
	"slices"
	"strings"
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

const (
	listed = `query($first: Int, $after: String) { viewer { notices(first: $first, after: $after) {
		edges { cursor node { id kind lotName plate occurredAt feeFen } } pageInfo { hasNextPage endCursor }
	} } }`
	noticedAfter = `subscription($after: String) { noticeReceived(after: $after) { cursor notice { id kind plate } } }`
)

func TestWhoDoesNotFollowIsNotTold(t *testing.T) {
	testkit.Covers(t, "R023", "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		web, app := h.Bound("H5", "粤B12345"), h.Bound("APP", "粤B12345")
		silent, told := web.Watches(noticed), app.Watches(noticed)
		stranger := h.Bound("APP", "粤B67890").Watches(noticed)
		gate := h.Gate("WXC")
		gate.Sees("粤B12345", servertest.Entering, servertest.Morning).OK()
		h.Clock.Pass(14 * time.Minute)
		gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK()
		told.Next().MustContain(`"ENTERED"`, `"feeFen":null`)
		told.Next().MustContain(`"EXITED"`, `"feeFen":0`, "粤B***45").MustNotContain("万象城", "09:14", "12345")
		silent.Quiet(50 * time.Millisecond)
		stranger.Quiet(50 * time.Millisecond)
		web.Asks(listed).OK().MustContain(`"edges":[]`)
		h.Anonymous().Asks(listed).OK().MustContain(`"edges":[]`)
		h.Anonymous().Watches(noticed).Refused().MustBeRefused("UNAUTHENTICATED")
		for _, c := range []*servertest.Client{h.Staff("WXC"), gate.Client} {
			c.Watches(noticed).Refused().MustBeRefused("FORBIDDEN")
		}
	})
}

func TestAnObservationThatComesADayLateIsNoNews(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		mobile := h.Bound("APP", "粤B12345").Mobile
		h.Clock.Pass(48 * time.Hour)
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning.Add(time.Hour)).OK().
			MustContain(`"reason":"LATE_UPLOAD"`)
		h.SignIn(mobile, "APP").Asks(`{ viewer { sessions { edges { node { state } } } notices { edges { node { id } } } } }`).
			OK().MustContain(`{"state":"OPEN"}`, `"notices":{"edges":[]}`)
	})
}

func TestAClientGoesOnFromItsCursorWithoutGapOrRepeat(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver, gate := h.Bound("APP", "粤B12345"), h.Gate("WXC")
		see := func(minute time.Duration, direction string) {
			gate.Sees("粤B12345", direction, servertest.Morning.Add(minute*time.Minute)).OK()
		}
		h.Clock.Pass(12 * time.Minute)
		first := driver.Watches(noticedAfter)
		see(0, servertest.Entering)
		cursor := first.Next().String("noticeReceived.cursor")
		see(3, servertest.Leaving) // while nobody listens to what is sent
		see(6, servertest.Entering)
		again := driver.Watches(noticedAfter, servertest.Vars{"after": cursor})
		see(9, servertest.Leaving)
		var heard []string
		for range 3 {
			heard = append(heard, again.Next().String("noticeReceived.notice.kind"))
		}
		if want := []string{"EXITED", "ENTERED", "EXITED"}; !slices.Equal(heard, want) {
			t.Errorf("heard %v, not %v", heard, want)
		}
		again.Quiet(50 * time.Millisecond)

		page := driver.Asks(listed, servertest.Vars{"first": 3}).OK().MustContain(`"hasNextPage":true`)
		rest := driver.Asks(listed, servertest.Vars{"first": 3, "after": page.String("viewer.notices.pageInfo.endCursor")}).OK()
		if n := strings.Count(rest.Text, `"kind"`); n != 1 || !strings.Contains(rest.Text, cursor) {
			t.Errorf("the second page is %s", rest.Text)
		}
		other := h.Driver("APP")
		for _, foreign := range []string{cursor, "AAAA"} {
			other.Watches(noticedAfter, servertest.Vars{"after": foreign}).Refused().MustBeRefused("INVALID_CURSOR")
			other.Asks(listed, servertest.Vars{"after": foreign}).MustBeRefused("INVALID_CURSOR").MustContain(`"field":"after"`)
		}
		for _, first := range []int{0, 101} {
			driver.Asks(listed, servertest.Vars{"first": first}).MustBeRefused("BAD_USER_INPUT").MustContain(`"field":"first"`)
		}
	})
}

func TestACursorPastRetentionAsksForANewStart(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning).OK()
		cursor := lastCursor(driver)
		h.Clock.Pass(91 * 24 * time.Hour)
		h.SignIn(driver.Mobile, "APP").Watches(noticedAfter, servertest.Vars{"after": cursor}).Refused().MustBeRefused("RESYNC_REQUIRED")
	})
}
