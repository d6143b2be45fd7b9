package server_test

import (
	"context"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/staffrole"
	"parkbff/internal/identity/token"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	disputePlate = `mutation($in: DisputePlateInput!) {
		disputePlate(input: $in) { dispute { id plate state openedAt decidedAt } userErrors { code field message } }
	}`
	decideDispute = `mutation($id: ID!, $up: Boolean!, $why: String! = "工单1024") {
		decidePlateDispute(input: {disputeId: $id, uphold: $up, purpose: $why}) { dispute { id plate state } userErrors { code } }
	}`
	ownDisputes = `query($after: String) { viewer { account { plateDisputes(first: 1, after: $after) {
		edges { node { id plate state } } pageInfo { hasNextPage endCursor }
	} } } }`
	openDisputes = `query($after: String) { plateDisputes(first: 1, after: $after) {
		edges { node { id plate state } } pageInfo { hasNextPage endCursor }
	} }`
	disputeByID = `query($id: ID!) { node(id: $id) { ... on PlateDispute { plate state } } }`
)

// officer is somebody of the platform who has just shown a second factor, or has not.
func officer(t *testing.T, h *servertest.House, steppedUp bool) *servertest.Client {
	t.Helper()
	var member *ent.Staff
	err := h.Store.WithTx(h.AsSystem(), func(ctx context.Context, tx *ent.Tx) (err error) {
		row := tx.Staff.Create().SetLabel("officer-" + map[bool]string{true: "1", false: "2"}[steppedUp]).SetCreatedAt(h.Clock.Now())
		if steppedUp {
			row.SetTotpStep(h.Clock.Now().Unix() / 30)
		}
		if member, err = row.Save(ctx); err != nil {
			return err
		}
		return tx.StaffRole.Create().SetStaffID(member.ID).SetRole(staffrole.RoleOFFICER).Exec(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	bearer, err := h.Tokens.Issue(token.Claims{
		Use: token.Staff, Subject: member.ID, SignIn: member.TokenGeneration, ExpiresAt: h.Clock.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h.With(bearer)
}

// claims claims a plate with papers.
func claims(c *servertest.Client, plate string, p servertest.Papers) *servertest.Answer {
	return c.Uploads(disputePlate, servertest.Vars{"in": servertest.Vars{
		"plate": plate, "drivingLicence": nil, "idCard": nil, "trackConsent": true,
	}}, p.Files())
}

// othersPapers are good papers for a plate, of another person than PapersFor's.
func othersPapers(plate string) servertest.Papers {
	p := servertest.PapersFor(plate)
	p.Owner, p.IDNumber = "另一车主", "440308199001011239"
	return p
}

func TestAClaimUpheldTakesTheCarFromItsEarlierOwnerAtOnce(t *testing.T) {
	testkit.Covers(t, "R064")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		owner, claimant := h.Verified("APP", plate), h.Driver("APP")
		h.Clock.Pass(time.Minute)
		stay := h.Gate("WXC").Sees(plate, servertest.Entering, h.Clock.Now()).OK().String("recordObservation.session.id")
		owner.Asks(allOfStay, servertest.Vars{"stay": stay}).OK().MustContain(stay)
		lost := owner.Watches(noticed)
		claim := claims(claimant, plate, othersPapers(plate)).OK().MustContain(`"plate":"粤B12345","state":"OPEN"`, `"decidedAt":null`).String("disputePlate.dispute.id")
		lost.Next().MustContain(`"DISPUTE_OPENED"`, plate, `"lotName":null`).MustNotContain(claim, claimant.Mobile, "另一车主")

		ofPlatform := officer(t, h, true)
		ofPlatform.Asks(openDisputes).OK().MustContain(claim, "粤B***45").MustNotContain(plate)
		ofPlatform.Asks(disputeByID, servertest.Vars{"id": claim}).OK().MustContain("粤B***45").MustNotContain(plate)
		told := claimant.Watches(noticed)
		ofPlatform.Asks(decideDispute, servertest.Vars{"id": claim, "up": true}).OK().MustContain(`"plate":"粤B***45","state":"UPHELD"`).MustNotContain(plate)
		lost.Next().MustContain(`"EVICTED"`, "粤B***45").MustNotContain(plate, claimant.Mobile)
		told.Next().MustContain(`"DISPUTE_DECIDED"`, plate)
		knowsNothing(t, h, owner, lost, stay, plate)
		told.Next().MustContain(`"ENTERED"`, "万象城停车场", plate)
		claimant.Asks(vehicles).OK().MustContain(`"verified":true,"verification":{"result":"PASSED","reason":null,"method":"DISPUTE"`)
		claimant.Asks(ownDisputes).OK().MustContain(`"plate":"粤B12345","state":"UPHELD"`)
		owner.Asks(bindPlate, binding(plate, "", true)).MustBeRefused("PLATE_PROTECTED")
		ofPlatform.Asks(decideDispute, servertest.Vars{"id": claim, "up": false}).MustBeRefused("ALREADY_DECIDED")
		ofPlatform.Asks(openDisputes).OK().MustContain(`"edges":[]`)
		mustNotBeKept(t, h, "另一车主", "440308199001011239", "LSVAA4182E2184847", plate)
	})
}

func TestAClaimIsItsClaimantsAndTheOfficers(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		plates := []string{"粤B12345", "粤B54321"}
		owner, claimant := h.Verified("APP", plates[0]), h.Driver("H5")
		owner.Verifies(owner.Binds(plates[1]), plates[1])
		h.Clock.Pass(time.Minute)
		var ids []string
		for _, plate := range plates {
			ids = append(ids, claims(claimant, plate, othersPapers(plate)).OK().String("disputePlate.dispute.id"))
		}
		newest := claimant.Asks(ownDisputes).OK().MustContain(ids[1], plates[1], `"hasNextPage":true`).MustNotContain(ids[0])
		claimant.Asks(ownDisputes, servertest.Vars{"after": newest.String("viewer.account.plateDisputes.pageInfo.endCursor")}).OK().
			MustContain(ids[0], `"hasNextPage":false`).MustNotContain(ids[1])
		ready, unready := officer(t, h, true), officer(t, h, false)
		oldest := ready.Asks(openDisputes).OK().MustContain(ids[0], `"hasNextPage":true`).MustNotContain(ids[1])
		ready.Asks(openDisputes, servertest.Vars{"after": oldest.String("plateDisputes.pageInfo.endCursor")}).OK().MustContain(ids[1]).MustNotContain(ids[0])

		for _, other := range []*servertest.Client{owner, h.Anonymous(), h.Staff("WXC"), h.Gate("WXC").Client} {
			other.Asks(disputeByID, servertest.Vars{"id": ids[0]}).OK().MustContain(`{"node":null}`)
			other.Asks(openDisputes).MustBeRefused("FORBIDDEN").MustContain(`{"plateDisputes":null}`)
			other.Asks(decideDispute, servertest.Vars{"id": ids[0], "up": true}).MustBeRefused("FORBIDDEN").MustContain(`{"decidePlateDispute":null}`)
		}
		owner.Asks(ownDisputes).OK().MustContain(`"edges":[]`)
		claimant.Asks(decideDispute, servertest.Vars{"id": ids[0], "up": true}).MustBeRefused("FORBIDDEN")
		unready.Asks(decideDispute, servertest.Vars{"id": ids[0], "up": true}).MustBeRefused("STEP_UP_REQUIRED").MustContain(`"dispute":null`)
		ready.Asks(decideDispute, servertest.Vars{"id": ids[0], "up": true, "why": " "}).MustBeRefused("BAD_USER_INPUT")
		ready.Asks(decideDispute, servertest.Vars{"id": ids[0], "up": false}).OK().MustContain(`"state":"REJECTED"`)
		owner.Asks(vehicles).OK().MustContain(`"plate":"粤B12345","nickname":null,"verified":true`)
		claimant.Asks(vehicles).OK().MustContain(`"vehicles":[]`)
	})
}

func TestAClaimNeedsPapersBeforeItTellsAnything(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.Verified("APP", "粤B12345")
		stranger := h.Driver("APP")
		protected := claims(stranger, "粤B12345", othersPapers("粤B99999")).MustBeRefused("VERIFICATION_REFUSED").MustContain("PLATE_MISMATCH", `"dispute":null`)
		unknown := claims(stranger, "粤B00001", othersPapers("粤B99999"))
		if protected.Text != unknown.Text {
			t.Errorf("a plate is probed: %s, %s", protected.Text, unknown.Text)
		}
		claims(stranger, "粤B00001", othersPapers("粤B00001")).MustBeRefused("NOT_DISPUTABLE").MustNotContain("00001")
		claims(stranger, "粤O1", othersPapers("粤O1")).MustBeRefused("INVALID_PLATE").MustContain(`"field":"plate"`)
		in := servertest.Vars{"plate": "粤B12345", "drivingLicence": nil, "idCard": nil}
		stranger.Uploads(disputePlate, servertest.Vars{"in": in}, othersPapers("粤B12345").Files()).
			MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"MOVEMENT_TRACK"`)
		claims(h.Anonymous(), "粤B12345", othersPapers("粤B12345")).MustBeRefused("UNAUTHENTICATED")
	})
}
