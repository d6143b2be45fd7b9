package server_test

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	offerSpace = `mutation($in: OfferSpaceInput!) { offerSpace(input: $in) {
		space { id state bay lotCode owner { name mobile idNumber location } answer } userErrors { code field message }
	} }`
	withdrawSpace = `mutation($id: ID!) { withdrawSpace(input: {spaceId: $id}) { space { id state owner { name } } userErrors { code } } }`
	decideSpace   = `mutation($in: DecideSpaceInput!) { decideSpace(input: $in) {
		space { id state decidedAt answer owner { name } } userErrors { code field }
	} }`
	ownSpaces = `query($after: String) { viewer { sharedSpaces(first: 1, after: $after) {
		edges { node { id state bay owner { name mobile idNumber location } } } pageInfo { hasNextPage endCursor }
	} } }`
	submittedSpaces = `query($after: String) { sharedSpaces(first: 10, after: $after) { edges { node { id bay owner { name mobile idNumber location } } } } }`
	spaceByID       = `query($id: ID!) { node(id: $id) { ... on SharedSpace { id state } } }`

	deedLocation = "深圳市罗湖区宝安南路1881号地下二层B-012号车位"
)

// deeds are a certificate of a bay of the same person's as the card that PapersFor shows, or of another's.
func deeds(owner string) map[string][]byte {
	certificate, _ := json.Marshal(map[string]string{"owner": owner, "location": deedLocation}) // maps of strings always encode
	return map[string][]byte{"in.certificate": certificate, "in.idCard": servertest.PapersFor("").Files()["in.idCard"]}
}

func offersSpace(c *servertest.Client, key string, more servertest.Vars, files map[string][]byte) *servertest.Answer {
	in := servertest.Vars{"idempotencyKey": key, "lotCode": "WXC", "bay": "B-012", "mobile": "13812345678", "certificate": nil, "idCard": nil}
	maps.Copy(in, more)
	return c.Uploads(offerSpace, servertest.Vars{"in": in}, files)
}

func decidingSpace(id string, approve bool) servertest.Vars {
	return servertest.Vars{"in": servertest.Vars{"spaceId": id, "approve": approve, "purpose": "工单1024", "answer": "已核对"}}
}

const cardOwner = "测试车主"

func TestABayIsSharedOnceItsOwnersDocumentsHoldAndAnOfficerAgrees(t *testing.T) {
	testkit.Covers(t, "R076", "R077")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner := h.Driver("APP")
		masked := []string{`"name":"测**"`, `"mobile":"138****5678"`, `"idNumber":"110********2X"`, deedLocation}
		offered := offersSpace(owner, "a", servertest.Vars{"bay": "ｂ-012"}, deeds(cardOwner)).OK().
			MustContain(`"state":"SUBMITTED"`, `"bay":"B-012"`, `"lotCode":"WXC"`).MustContain(masked...).MustNotContain(cardOwner, "13812345678", "19491231")
		id := offered.String("offerSpace.space.id")
		offersSpace(owner, "a", nil, deeds("谁也不是")).OK().MustContain(id) // the key is known: nothing is read
		offersSpace(owner, "a", servertest.Vars{"bay": "C-1"}, deeds(cardOwner)).MustBeRefused("IDEMPOTENCY_KEY_REUSED")
		offersSpace(owner, "b", nil, deeds(cardOwner)).MustBeRefused("SPACE_OFFERED")

		officer := h.Officer()
		officer.Asks(submittedSpaces).OK().MustContain(id).MustContain(masked...).MustNotContain(cardOwner, "13812345678", "19491231")
		for _, other := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Staff("WXC"), h.Hires("MANAGER", "WXC", "").Client, h.Gate("WXC").Client} {
			other.Asks(spaceByID, servertest.Vars{"id": id}).MustContain(`"node":null`)
			other.Asks(submittedSpaces).MustContain(`"sharedSpaces":null`).MustNotContain(id)
			other.Asks(decideSpace, decidingSpace(id, true)).MustContain(`"decideSpace":null`)
			other.Asks(withdrawSpace, servertest.Vars{"id": id}).MustContain(`"withdrawSpace":null`)
			other.Asks(ownSpaces).MustNotContain(id)
		}
		officer.Asks(decideSpace, servertest.Vars{"in": servertest.Vars{"spaceId": id, "approve": true, "purpose": " ", "answer": "x"}}).MustBeRefused("INVALID_WORDS")
		officer.Asks(decideSpace, decidingSpace(id, true)).OK().MustContain(`"state":"APPROVED"`, `"decidedAt":"2026-11-21T09:00:00+08:00"`, "已核对")
		officer.Asks(decideSpace, decidingSpace(id, false)).MustBeRefused("ALREADY_DECIDED")
		officer.Asks(submittedSpaces).OK().MustContain(`"edges":[]`)
		owner.Asks(ownSpaces).OK().MustContain(id, `"state":"APPROVED"`).MustContain(masked...)

		owner.Asks(withdrawSpace, servertest.Vars{"id": id}).OK().MustContain(`"state":"WITHDRAWN","owner":null`)
		owner.Asks(withdrawSpace, servertest.Vars{"id": id}).OK().MustContain(`"state":"WITHDRAWN"`)
		for _, kept := range []string{h.Kept(), h.Logged()} {
			for _, secret := range []string{cardOwner, "11010519491231002X", "13812345678", deedLocation} {
				if strings.Contains(kept, secret) {
					t.Errorf("it is kept or logged in the open: %s", secret)
				}
			}
		}
	})
}

func TestOfTwoOwnersOfOneBayOneSharesIt(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		var ids [3]string
		for i := range ids {
			ids[i] = offersSpace(h.Driver("APP"), "a", nil, deeds(cardOwner)).OK().String("offerSpace.space.id")
		}
		officer := h.Officer()
		said := make([]string, len(ids))
		var all sync.WaitGroup
		for i, id := range ids {
			all.Go(func() { said[i] = officer.Asks(decideSpace, decidingSpace(id, true)).Text })
		}
		all.Wait()
		told := strings.Join(said, "")
		if strings.Count(told, `"state":"APPROVED"`) != 1 || strings.Count(told, `"BAY_TAKEN"`) != 2 {
			t.Errorf("%q", said)
		}
	})
}

func TestABayWhoseDocumentsDoNotHoldIsNotOffered(t *testing.T) {
	testkit.Covers(t, "R077")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner := h.Driver("APP")
		broken := deeds(cardOwner)
		broken["in.idCard"] = []byte(`{"name":"` + cardOwner + `","idNumber":"110105194912310021"}`)
		offersSpace(owner, "a", nil, broken).MustBeRefused("VERIFICATION_REFUSED").MustContain("INVALID_ID_NUMBER").MustNotContain("1949")
		offersSpace(owner, "a", nil, deeds("李四")).MustBeRefused("VERIFICATION_REFUSED").MustContain("OWNER_MISMATCH").MustNotContain("李四")
		unreadable := deeds(cardOwner)
		unreadable["in.certificate"] = []byte(`{"plate":"粤B12345"}`)
		offersSpace(owner, "a", nil, unreadable).MustBeRefused("VERIFICATION_REFUSED").MustContain("DOCUMENT_UNREADABLE")
		empty := deeds(cardOwner)
		empty["in.certificate"] = nil
		offersSpace(owner, "a", nil, empty).MustBeRefused("DOCUMENT_EMPTY").MustContain(`"certificate"`)

		offersSpace(owner, "", nil, deeds(cardOwner)).MustBeRefused("INVALID_IDEMPOTENCY_KEY")
		offersSpace(owner, "a", servertest.Vars{"bay": "B 12; --"}, deeds(cardOwner)).MustBeRefused("INVALID_BAY")
		offersSpace(owner, "a", servertest.Vars{"mobile": "110"}, deeds(cardOwner)).MustBeRefused("INVALID_MOBILE")
		offersSpace(owner, "a", servertest.Vars{"lotCode": "NONE"}, deeds(cardOwner)).MustBeRefused("UNKNOWN_LOT")
		offersSpace(h.Anonymous(), "a", nil, deeds(cardOwner)).MustBeRefused("UNAUTHENTICATED")
		offersSpace(h.Staff("WXC"), "a", nil, deeds(cardOwner)).MustBeRefused("FORBIDDEN")
		owner.Asks(ownSpaces).OK().MustContain(`"edges":[]`)

		owner.Verifies(owner.Binds("粤B12345"), "粤B12345") // and so it is known whose account this is
		another := deeds("王五")
		another["in.idCard"] = []byte(`{"name":"王五","idNumber":"440308199901010012"}`)
		offersSpace(owner, "a", nil, another).MustBeRefused("VERIFICATION_REFUSED")
	})
}

func TestARejectedOfferKeepsNothingOfTheOwner(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner := h.Driver("APP")
		id := offersSpace(owner, "a", nil, deeds(cardOwner)).OK().String("offerSpace.space.id")
		h.Officer().Asks(decideSpace, decidingSpace(id, false)).OK().MustContain(`"state":"REJECTED"`, `"owner":null`, "已核对")
		owner.Asks(withdrawSpace, servertest.Vars{"id": id}).MustBeRefused("ALREADY_DECIDED")
		rows := h.Store.Fresh(h.AsSystem()).SharedSpace.Query().AllX(h.AsSystem())
		if len(rows) != 1 || rows[0].Owner != nil {
			t.Error("the owner is kept")
		}
		again := offersSpace(owner, "b", nil, deeds(cardOwner)).OK().String("offerSpace.space.id")
		if again == id {
			t.Error("a rejected offer was answered for a new one")
		}
	})
}
