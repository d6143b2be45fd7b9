package server_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	bindPlate = `mutation($in: BindPlateInput!) {
		bindPlate(input: $in) { vehicle { id plate plateColor verified } viewer { tier } userErrors { code field message } }
	}`
	unbindPlate = `mutation($id: ID!) { unbindPlate(input: {vehicleId: $id}) { viewer { tier } userErrors { code } } }`
	vehicles    = `{ viewer { vehicles { id plate nickname verified verification { result reason method checkedAt } } } }`
)

func binding(plate, color string, consent bool) servertest.Vars {
	in := servertest.Vars{"plate": plate, "trackConsent": consent}
	if color != "" {
		in["plateColor"] = color
	}
	return servertest.Vars{"in": in}
}

func TestAVehicleIsVerifiedByTwoDocumentsAndOnlyTheOutcomeIsKept(t *testing.T) {
	testkit.Covers(t, "R063", "R071", "R072")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		car := driver.Binds("粤B12345")
		driver.Asks(vehicles).OK().MustContain(`"verification":{"result":"NONE","reason":null,"method":null,"checkedAt":null}`)
		papers := servertest.PapersFor("粤B12345")
		secrets := []string{papers.VIN, papers.EngineNumber, papers.Owner, papers.BrandModel, papers.IDNumber}

		got := driver.Shows(car, papers).OK().MustContain(`"verified":true`).MustNotContain(secrets...)
		got.MustContain(car)
		driver.Asks(vehicles).OK().
			MustContain(`"verification":{"result":"PASSED","reason":null,"method":"DOCUMENTS","checkedAt":"2026-11-21T09:00:00+08:00"}`).
			MustNotContain(secrets...)
		driver.Shows(car, papers).OK() // verified already: answered as it is
		mustNotBeKept(t, h, secrets...)
	})
}

func TestDocumentsThatProveNothingAreRefusedWithAReasonAndKeptNowhere(t *testing.T) {
	testkit.Covers(t, "R063", "R071", "R072")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		change := func(how func(p *servertest.Papers)) servertest.Papers {
			p := servertest.PapersFor("粤B12345")
			how(&p)
			return p
		}
		var secrets []string
		for reason, papers := range map[string]servertest.Papers{
			"PLATE_MISMATCH":      change(func(p *servertest.Papers) { p.Plate = "粤B12346" }),
			"INVALID_ID_NUMBER":   change(func(p *servertest.Papers) { p.IDNumber = "110105194912310021" }),
			"MINOR":               change(func(p *servertest.Papers) { p.IDNumber = "110105201501010017" }),
			"DOCUMENT_UNREADABLE": change(func(p *servertest.Papers) { p.IDNumber = "" }),
		} {
			driver := h.Driver("APP")
			car := driver.Binds("粤B12345")
			driver.Shows(car, papers).MustBeRefused("VERIFICATION_REFUSED").
				MustContain(`"vehicle":null`).MustNotContain(papers.VIN, papers.Owner, papers.EngineNumber, papers.BrandModel)
			driver.Asks(vehicles).OK().MustContain(`"verified":false,"verification":{"result":"REFUSED","reason":"` + reason + `","method":"DOCUMENTS"`)
			secrets = append(secrets, papers.IDNumber, papers.VIN)
		}
		driver := h.Driver("APP")
		car := driver.Binds("粤B12345")
		files := servertest.PapersFor("粤B12345").Files()
		files["in.idCard"] = []byte(`{"name":"另一人","idNumber":"11010519491231002X"}`)
		driver.Uploads(servertest.VerifyVehicle, verifying(car), files).MustBeRefused("VERIFICATION_REFUSED")
		driver.Asks(vehicles).OK().MustContain(`"reason":"OWNER_MISMATCH"`).MustNotContain("另一人")
		files["in.idCard"] = make([]byte, 5<<20+1)
		driver.Uploads(servertest.VerifyVehicle, verifying(car), files).MustBeRefused("DOCUMENT_TOO_LARGE")
		mustNotBeKept(t, h, append(secrets, "另一人")...)
	})
}

func verifying(car string) servertest.Vars {
	return servertest.Vars{"in": servertest.Vars{"vehicleId": car, "drivingLicence": nil, "idCard": nil}}
}

func TestFiveTriesADayAreEnoughToVerify(t *testing.T) {
	testkit.Covers(t, "R063")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		car := driver.Binds("粤B12345")
		wrong := servertest.PapersFor("粤B12346")
		for range 5 {
			driver.Shows(car, wrong).MustBeRefused("VERIFICATION_REFUSED")
		}
		driver.Shows(car, servertest.PapersFor("粤B12345")).MustBeRefused("RATE_LIMITED").MustContain(`"retryAfter":86400`)
		h.Clock.Pass(24 * time.Hour)
		driver.Refreshes().Verifies(car, "粤B12345")
	})
}

func TestAVerifiedPlateIsItsOwnersAlone(t *testing.T) {
	testkit.Covers(t, "R064")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		early, silent := h.Driver("APP"), h.Bound("H5", plate)
		earlyCar := early.Binds(plate)
		gate := h.Gate("WXC")
		stay := gate.Sees(plate, servertest.Entering, servertest.Morning).OK().String("recordObservation.session.id")
		told := early.Watches(noticed)
		owner := h.Verified("APP", plate)

		told.Next().MustContain(`"BOUND_BY_ANOTHER"`, "粤B***45").MustNotContain(plate)
		told.Next().MustContain(`"EVICTED"`, "粤B***45").MustNotContain(plate, owner.Mobile)
		for _, evicted := range []*servertest.Client{early, silent} {
			evicted.Asks(`query($id: ID!) { node(id: $id) { id } viewer { tier vehicles { plate } sessions { edges { node { id } } } } }`,
				servertest.Vars{"id": stay}).OK().MustContain(`{"node":null,"viewer":{"tier":"REGISTERED","vehicles":[],"sessions":{"edges":[]}}}`)
			evicted.Asks(bindPlate, binding(plate, "", true)).MustBeRefused("PLATE_PROTECTED").
				MustContain(`"vehicle":null`, `"field":"plate"`).MustNotContain(plate)
		}
		early.Shows(earlyCar, servertest.PapersFor(plate)).MustBeRefused("PLATE_PROTECTED").MustContain(`"vehicle":null`)
		h.Driver("H5").Asks(bindPlate, binding("粤b·12345", "", true)).MustBeRefused("PLATE_PROTECTED")
		h.Driver("H5").Asks(bindPlate, binding(plate, "YELLOW", true)).OK() // another vehicle

		car := owner.Asks(vehicles).OK().String("viewer.vehicles.0.id")
		owner.Asks(unbindPlate, servertest.Vars{"id": car}).OK()
		early.Asks(bindPlate, binding(plate, "", true)).OK().MustContain(`"verified":false`)
	})
}

func TestAVehicleVerifiedWithoutFollowingIsProtectedAndClearButNotTold(t *testing.T) {
	testkit.Covers(t, "R001", "R064", "R065", "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner := h.Verified("H5", "粤B12345")
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning).OK()
		owner.Asks(`{ viewer { tier sessions { edges { node { lotName plate } } } notices { edges { node { id } } } } }`).OK().
			MustContain(`"tier":"PLATE_BOUND"`, `"lotName":"万象城停车场","plate":"粤B12345"`, `"notices":{"edges":[]}`)
		h.Driver("APP").Asks(bindPlate, binding("粤B12345", "", true)).MustBeRefused("PLATE_PROTECTED")
		owner.Asks(`mutation { setFullMask(input: {on: true}) { userErrors { code } } }`).
			MustBeRefused("FACT_REQUIRED").MustContain(`"fact":"FOLLOWED"`)
	})
}

func TestWhatCannotBeBoundIsRefusedByCode(t *testing.T) {
	testkit.Covers(t, "R064")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("H5")
		h.Anonymous().Asks(bindPlate, binding("粤B12345", "", true)).MustBeRefused("UNAUTHENTICATED").MustNotContain("12345")
		h.Gate("WXC").Asks(bindPlate, binding("粤B12345", "", true)).MustBeRefused("FORBIDDEN")
		driver.Asks(bindPlate, binding("粤B12345", "", false)).MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"MOVEMENT_TRACK"`)
		for plate, color := range map[string]string{"粤O12345": "", "粤B1234I": "", "粤B1234": "", "": "", "粤B12346": "GREEN", "粤BD12345": "BLUE"} {
			driver.Asks(bindPlate, binding(plate, color, true)).MustBeRefused("INVALID_PLATE").
				MustContain(`"vehicle":null`, `"field":"plate"`).MustNotContain("1234")
		}
		for _, plate := range []string{"粤B11111", "粤BD11111", "粤Z1234港"} {
			driver.Asks(bindPlate, binding(plate, "", true)).OK().MustContain(`"tier":"PLATE_BOUND"`)
		}
		driver.Asks(bindPlate, binding("粤B11112", "", true)).MustBeRefused("TOO_MANY_PLATES").MustNotContain("11112")
		again := driver.Asks(bindPlate, binding("粤B·11111", "BLUE", true)).OK() // bound already: answered as it is
		if n := strings.Count(driver.Asks(vehicles).OK().Text, `"plate"`); n != 3 {
			t.Errorf("%d vehicles are bound, not 3", n)
		}
		driver.Asks(unbindPlate, servertest.Vars{"id": again.String("bindPlate.vehicle.id")}).OK()
		driver.Asks(bindPlate, binding("粤B11112", "", true)).OK()
	})
}

func TestConsentsPageAndAreTheirPersonsOwn(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const listed = `query($after: String) { viewer { account { consents(first: 1, after: $after) {
			edges { node { id purpose } } pageInfo { hasNextPage endCursor }
		} } } }`
		const byID = `query($id: ID!) { node(id: $id) { ... on Consent { purpose } } }`
		driver := h.Bound("APP", "粤B12345")
		newest := driver.Asks(listed).OK().MustContain("MOVEMENT_TRACK", `"hasNextPage":true`)
		oldest := driver.Asks(listed, servertest.Vars{"after": newest.String("viewer.account.consents.pageInfo.endCursor")}).OK().
			MustContain("PARKING_CORE", `"hasNextPage":false`).MustNotContain("MOVEMENT_TRACK")

		id := servertest.Vars{"id": oldest.String("viewer.account.consents.edges.0.node.id")}
		driver.Asks(byID, id).OK().MustContain("PARKING_CORE")
		for _, other := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Staff("WXC"), h.Gate("WXC").Client} {
			other.Asks(byID, id).OK().MustContain(`{"node":null}`)
		}
	})
}

func TestUnbindingIsAlwaysPossibleAndEndsTheConsentAndTheView(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		car := driver.Binds("粤B12345")
		stay := h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning).OK().String("recordObservation.session.id")
		h.Clock.Pass(2 * time.Minute)
		const consents = `{ viewer { account { consents(first: 1) { edges { node { purpose policyVersion grantedAt withdrawnAt endedAt state } } pageInfo { hasNextPage } } } } }`
		driver.Asks(consents).OK().MustContain(`"purpose":"MOVEMENT_TRACK","policyVersion":"2025-05-16","grantedAt":"2026-11-21T09:00:00+08:00","withdrawnAt":null,"endedAt":null,"state":"GRANTED"`)
		driver.Asks(unbindPlate, servertest.Vars{"id": car}).OK() // while the car is inside and owes
		driver.Asks(consents).OK().MustContain(`"purpose":"MOVEMENT_TRACK","policyVersion":"2025-05-16","grantedAt":"2026-11-21T09:00:00+08:00","withdrawnAt":null,"endedAt":"2026-11-21T09:02:00+08:00","state":"ENDED"`)
		driver.Asks(`query($id: ID!) { node(id: $id) { id } viewer { openSessions { edges { node { id } } } notices { edges { node { kind } } } } }`,
			servertest.Vars{"id": stay}).OK().MustContain(`{"node":null,"viewer":{"openSessions":{"edges":[]},"notices":{"edges":[]}}}`)
		driver.Binds("粤B12345") // a new binding sees nothing of before
		driver.Asks(`{ viewer { sessions { edges { node { id } } } } }`).OK().MustContain(`"edges":[]`)
	})
}

func TestANicknameIsTheAccountsOwn(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const rename = `mutation($id: ID!, $n: String) {
			renameVehicle(input: {vehicleId: $id, nickname: $n}) { vehicle { nickname } userErrors { code field } }
		}`
		driver, other := h.Driver("APP"), h.Bound("APP", "粤B12345")
		car := driver.Binds("粤B12345")
		driver.Asks(rename, servertest.Vars{"id": car, "n": " 老婆的车 "}).OK().MustContain(`"nickname":"老婆的车"`)
		for _, bad := range []string{strings.Repeat("长", 21), "a\u0007b"} {
			driver.Asks(rename, servertest.Vars{"id": car, "n": bad}).MustBeRefused("INVALID_NICKNAME").MustContain(`"field":"nickname"`)
		}
		other.Asks(vehicles).OK().MustNotContain("老婆的车", car)
		mustNotBeKept(t, h, "老婆的车")
		driver.Asks(rename, servertest.Vars{"id": car, "n": ""}).OK().MustContain(`"nickname":null`)
	})
}
