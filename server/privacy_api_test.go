package server_test

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/server/servertest"
)

const (
	fullMask = `mutation($on: Boolean!) { setFullMask(input: {on: $on}) {
		viewer { account { fullMask } sessions { edges { node { lotName nameVisibility lot { name } } } } } userErrors { code }
	} }`
	hide = `mutation($id: ID!, $hidden: Boolean!) {
		setSessionHidden(input: {sessionId: $id, hidden: $hidden}) { session { lotName nameVisibility lot { name } plate } userErrors { code } }
	}`
	names = `query($id: ID!) { node(id: $id) { ... on ParkingSession { lotName nameVisibility lot { name } plate enteredAt } } }`
)

func TestFullMaskingCallsEveryLotByTheOneName(t *testing.T) {
	testkit.Covers(t, "R028", "R065")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const constant = `"lotName":"捷停车智慧停车场","nameVisibility":"FULL_MASK"`
		owner, gate := h.Verified("APP", "粤B12345"), h.Gate("WXC")
		stay := servertest.Vars{"id": idOf(gate.Sees("粤B12345", servertest.Entering, servertest.Morning))}
		owner.Asks(names, stay).OK().MustContain(`"lotName":"万象城停车场","nameVisibility":"CLEAR","lot":{"name":"万象城停车场"}`)
		live := owner.Watches(noticed)
		owner.Asks(fullMask, servertest.Vars{"on": true}).OK().MustContain(`"fullMask":true`, constant, `"lot":null`).MustNotContain("万")
		owner.Asks(names, stay).OK().MustContain(constant, `"lot":null`, `"plate":"粤B12345"`).MustNotContain("万")
		owner.Asks(`{ viewer { openSessions { edges { node { lotName nameVisibility } } } notices { edges { node { lotName nameVisibility } } } } }`).
			OK().MustContain(`"openSessions":{"edges":[{"node":{`+constant, `"notices":{"edges":[{"node":{`+constant).MustNotContain("万")
		h.Clock.Pass(9 * time.Minute)
		gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK()
		live.Next().MustContain(`"EXITED"`, `"lotName":"捷停车智慧停车场"`).MustNotContain("万")
		owner.Asks(`{ lots(search: "万象城") { edges { node { name } } } }`).OK().MustContain("万象城停车场") // public search is untouched

		h.Clock.Pass(2 * time.Minute) // the sign-in is now older than ten minutes
		owner = owner.Refreshes()
		owner.Asks(fullMask, servertest.Vars{"on": false}).MustBeRefused("STEP_UP_REQUIRED").MustContain(`"fullMask":true`).MustNotContain("万")
		h.SignIn(owner.Mobile, "APP").Asks(fullMask, servertest.Vars{"on": false}).OK().MustContain(`"fullMask":false`, `"lotName":"万象城停车场"`)
	})
}

func TestOneRecordIsHiddenAtEveryTier(t *testing.T) {
	testkit.Covers(t, "R065")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, owner, other := h.Gate("WXC"), h.Verified("APP", "粤B12345"), h.Bound("APP", "粤B67890")
		stay := servertest.Vars{"id": idOf(gate.Sees("粤B12345", servertest.Entering, servertest.Morning)), "hidden": true}
		below := servertest.Vars{"id": idOf(gate.Sees("粤B67890", servertest.Entering, servertest.Morning)), "hidden": true}
		const hidden = `"lotName":"捷停车智慧停车场","nameVisibility":"FULL_MASK","lot":null`
		owner.Asks(hide, stay).OK().MustContain(hidden).MustNotContain("万")
		other.Asks(hide, below).OK().MustContain(hidden).MustNotContain("万")
		owner.Asks(names, stay).OK().MustContain(hidden, `"enteredAt":"2026-11-21T09:00:00+08:00"`).MustNotContain("万")
		owner.Asks(`{ viewer { notices { edges { node { lotName } } } } }`).OK().MustContain(`"lotName":"捷停车智慧停车场"`).MustNotContain("万")
		h.Staff("WXC").Asks(names, stay).OK().MustContain(`"lotName":"万象城停车场"`) // the wish is the account's own
		stay["hidden"] = false
		owner.Asks(hide, stay).OK().MustContain(`"lotName":"万象城停车场"`)
	})
}

func TestBelowVerifiedANameIsSharedByAtLeastThreeLotsOfTheCity(t *testing.T) {
	testkit.Covers(t, "R016", "R069", "R070")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		seen := map[string]int{}
		for i, lot := range []string{"WXC", "WXT", "WXH"} {
			stay := servertest.Vars{"id": idOf(h.Gate(lot).Sees("粤B12345", servertest.Entering, servertest.Morning.Add(time.Duration(i)*time.Minute)))}
			got := driver.Asks(names, stay).OK().
				MustContain(`"nameVisibility":"HALF","lot":null,"plate":"粤B***45","enteredAt":"2026-11-21T06:00:00+08:00"`).
				MustNotContain("万象", "12345", "09:0", "01:0")
			seen[got.String("node.lotName")]++
		}
		if seen["万***停车场"] != 3 {
			t.Errorf("the names are shown as %v", seen)
		}
	})
}

func TestTheDataThatParkingNeedsIsListed(t *testing.T) {
	testkit.Covers(t, "R048")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		got := h.Anonymous().Asks(`{ dataInventory(purpose: PARKING_CORE) { source fields { name sensitive } } }`).OK().
			MustContain("车牌号", "车辆类型", "停车进出场记录", "停车场名称", "支付方式", "支付金额", "交易信息", "(二)2(1)")
		if n := strings.Count(got.Text, `"name"`); n != 7 {
			t.Errorf("%d kinds of data are listed, not 7", n)
		}
		h.Anonymous().Asks(`{ dataInventory(purpose: MOVEMENT_TRACK) { fields { code sensitive } } }`).OK().
			MustContain(`{"code":"enteredAt","sensitive":true}`).MustNotContain(`"sensitive":false`)
	})
}

func TestPersonalValuesAreSealedAtRestAndFoundByKeyedHashes(t *testing.T) {
	testkit.Covers(t, "R091", "R118", "R071")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		driver := h.Driver("APP")
		car := driver.Binds(plate)
		driver.Asks(`mutation($v: ID!) { renameVehicle(input: {vehicleId: $v, nickname: "小白龙马"}) { userErrors { code } } }`, servertest.Vars{"v": car}).OK()
		driver.Verifies(car, plate)
		h.Gate("WXC").Sees(plate, servertest.Entering, servertest.Morning).OK()
		h.Gate("WXC").Sees("粤B55555", servertest.Leaving, servertest.Morning).MustBeRefused("ENTRY_NOT_FOUND")
		h.Anonymous().Asks(quotePlate, plateAtLot("粤B66666", "WXC")).OK()

		papers := servertest.PapersFor(plate)
		mustNotBeKept(t, h, plate, "B12345", driver.Mobile, "小白龙马", "粤B55555", "粤B66666", driver.Refresh,
			papers.VIN, papers.EngineNumber, papers.Owner, papers.BrandModel, papers.IDNumber)
		for _, index := range indexes(t, h) {
			if len(index) != vault.IndexSize {
				t.Errorf("an index has %d bytes", len(index))
			}
			for _, guess := range []string{plate, plate + "|BLUE", "+86" + driver.Mobile, driver.Mobile, papers.IDNumber} {
				if unkeyed := sha256.Sum256([]byte(guess)); bytes.HasPrefix(unkeyed[:], index) {
					t.Error("an index is an unkeyed hash: whoever tries all plates finds it")
				}
			}
		}
	})
}

// indexes reads the rows of each kind that hold personal values, checks that these are sealed, and
// answers the hashes by which they are found.
func indexes(t *testing.T, h *servertest.House) [][]byte {
	t.Helper()
	ctx := h.AsSystem()
	db := h.Store.Client(ctx)
	account, binding := db.Account.Query().OnlyX(ctx), db.VehicleBinding.Query().OnlyX(ctx)
	stay, notice := db.ParkingSession.Query().OnlyX(ctx), db.Notice.Query().OnlyX(ctx)
	observations := db.Observation.Query().Order(ent.Asc("id")).AllX(ctx)
	for name, sealed := range map[string]vault.Sealed{
		"mobile": account.Mobile, "plate of a binding": binding.Plate, "nickname": binding.Nickname,
		"plate of a stay": stay.Plate, "plate of a notice": notice.Plate, "plate of an observation": observations[0].Plate,
	} {
		if len(sealed) < 28 { // a nonce and a tag
			t.Errorf("the %s is not sealed", name)
		}
	}
	return [][]byte{
		account.MobileIndex, account.PersonIndex, binding.PlateIndex, stay.PlateIndex,
		observations[0].PlateIndex, observations[1].PlateIndex, db.QuoteAttempt.Query().OnlyX(ctx).PlateIndex,
	}
}

func TestWhatIsAnothersLooksLikeWhatIsNotThere(t *testing.T) {
	testkit.Covers(t, "R070")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner, stranger := h.Driver("APP"), h.Bound("APP", "粤B67890")
		car := owner.Binds("粤B12345")
		stay := idOf(h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning))
		notice := entryNotice(owner)
		command := h.Staff("WXC").Asks(sendCommand, command("k", "OPEN", "")).OK().String("sendGateCommand.command.id")
		viewers := map[string]*servertest.Client{
			"nobody": h.Anonymous(), "another driver": stranger, "another lot's staff": h.Staff("WXT"), "another lot's gate": h.Gate("WXT").Client,
		}
		files := servertest.PapersFor("粤B12345").Files()
		for what, ask := range map[string]struct {
			id, typ string
			with    func(c *servertest.Client, id string) *servertest.Answer
		}{
			"node of a stay":     {stay, "ParkingSession", asking(names)},
			"node of a notice":   {notice, "Notice", asking(names)},
			"node of a vehicle":  {car, "Vehicle", asking(names)},
			"node of a command":  {command, "GateCommand", asking(names)},
			"node of an account": {owner.Asks(`{ viewer { account { id } } }`).OK().String("viewer.account.id"), "Account", asking(names)},
			"quote of a stay":    {stay, "ParkingSession", asking(`query($id: ID!) { quote(input: {stay: $id}) { __typename } }`)},
			"unbindPlate":        {car, "Vehicle", asking(unbindPlate)},
			"renameVehicle":      {car, "Vehicle", asking(`mutation($id: ID!) { renameVehicle(input: {vehicleId: $id}) { vehicle { id } } }`)},
			"setSessionHidden":   {stay, "ParkingSession", asking(`mutation($id: ID!) { setSessionHidden(input: {sessionId: $id, hidden: true}) { session { id } } }`)},
			"reviewMatch":        {stay, "ParkingSession", asking(`mutation($id: ID!) { reviewMatch(input: {sessionId: $id, right: false}) { session { id } } }`)},
			"acknowledging":      {command, "GateCommand", asking(`mutation($id: ID!) { acknowledgeGateCommand(input: {commandId: $id, outcome: DONE}) { command { id } } }`)},
			"verifyVehicle": {car, "Vehicle", func(c *servertest.Client, id string) *servertest.Answer {
				return c.Uploads(servertest.VerifyVehicle, verifying(id), files)
			}},
			"several nodes":        {stay, "ParkingSession", asking(`query($id: ID!) { nodes(ids: [$id]) { id } }`)},
			"reviewMatch by owner": {stay, "ParkingSession", func(_ *servertest.Client, id string) *servertest.Answer { return asking(review)(owner, id) }},
		} {
			for who, c := range viewers {
				missing := ask.with(c, h.ID(ask.typ, 1<<40))
				mustBeEqual(t, what+", "+who, missing, ask.with(c, ask.id).MustNotContain("粤B", "万"))
				mustBeEqual(t, what+" by a forged id, "+who, missing, ask.with(c, "AAAAAAAAAAAAAAAAAAAAAA"))
				if what != "several nodes" {
					mustBeEqual(t, what+" by an id of another type, "+who, missing, ask.with(c, h.ID("Lot", 1<<40)))
				}
			}
		}
		owner.Asks(names, servertest.Vars{"id": stay}).OK().MustContain(`"nameVisibility":"HALF"`) // and all of it is still the owner's
		owner.Asks(`query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }`, servertest.Vars{"ids": []string{car, command, stay, notice}}).
			OK().MustContain(`[{"__typename":"Vehicle"},null,{"__typename":"ParkingSession"},{"__typename":"Notice"}]`)
	})
}

// asking sends an operation about one id.
func asking(query string) func(c *servertest.Client, id string) *servertest.Answer {
	return func(c *servertest.Client, id string) *servertest.Answer {
		return c.Asks(query, servertest.Vars{"id": id, "right": false})
	}
}

// mustNotBeKept fails the test if a value stands in the open in the store or in the log.
func mustNotBeKept(t *testing.T, h *servertest.House, secrets ...string) {
	t.Helper()
	kept, logged := h.Kept(), h.Logged()
	if !servertest.Keeps(kept, "万象城停车场") {
		t.Fatal("what is kept was not found: not even the name of a lot, which is public")
	}
	for i, secret := range secrets {
		if secret == "" {
			continue
		}
		if servertest.Keeps(kept, secret) {
			t.Errorf("secret %d is kept in the open", i)
		}
		if strings.Contains(logged, secret) {
			t.Errorf("secret %d is logged", i)
		}
	}
}
