package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	setPayoutAccount = `mutation($in: SetPayoutAccountInput!) { setPayoutAccount(input: $in) {
		payoutAccount { bank cardNumber holder since refused } userErrors { code field message }
	} }`
	removePayoutAccount = `mutation { removePayoutAccount { userErrors { code } } }`
	ownPayouts          = `{ viewer { payoutAccount { bank cardNumber holder refused } earnings { owedFen pendingFen } settlements(first: 5) {
		edges { node { id number state reason fen cardNumber decidedAt items { lotCode bay fen } } } pageInfo { hasNextPage }
	} } }`
	settlementByID = `query($id: ID!) { node(id: $id) { ... on Settlement { id state fen cardNumber } } }`

	ownersCard = "6216261000000000018"
	badCard    = "6228480402564890018"
)

// sixty hundredths are the owner's.
var sixty = servertest.Vars{"ownerPercent": 60}

func setsCard(c *servertest.Client, card string) *servertest.Answer {
	return c.Asks(setPayoutAccount, servertest.Vars{"in": servertest.Vars{"cardNumber": card, "bank": "招商银行"}})
}

// earns has somebody reserve a shared bay for 10 yuan and park there, of which 60 hundredths are its owner's, and answers
// the owner signed in again.
func earns(t *testing.T, h *servertest.House, owner *servertest.Client, space, plate string) *servertest.Client {
	t.Helper()
	guest := h.Driver("APP")
	made := guest.ReservesBay("WXC", guest.Binds(plate), time.Hour, time.Hour, servertest.Vars{"spaceId": space}).OK()
	h.WechatTakes(guest.Begins(servertest.Order{ID: made.String("reserveSpace.order.id")}))
	h.Clock.Pass(time.Hour)
	h.Gate("WXC").Sees(plate, servertest.Entering, h.Clock.Now()).OK()
	h.Clock.Pass(time.Hour)
	h.Gate("WXC").Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
	for range 2 { // once it is over, nothing changes any more
		if err := h.Billing.EndReservations(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return h.SignIn(owner.Mobile, "APP")
}

// settlesNextDay lets a day pass and makes its settlements, and answers the owner signed in again.
func settlesNextDay(t *testing.T, h *servertest.House, owner *servertest.Client) *servertest.Client {
	t.Helper()
	h.Clock.Pass(24 * time.Hour)
	if err := h.Payouts.SettleDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h.SignIn(owner.Mobile, "APP")
}

// shows lets time pass until the owner is shown something of its payouts.
func shows(t *testing.T, owner *servertest.Client, want string) *servertest.Answer {
	t.Helper()
	for range 300 {
		if strings.Contains(owner.Asks(ownPayouts).OK().Text, want) {
			return owner.Asks(ownPayouts).OK() // each part of an answer is read by itself
		}
		owner.House.Clock.Pass(time.Second)
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s is never shown: %s", want, owner.Asks(ownPayouts).Text)
	return nil
}

var swept = servertest.Options{SweepEvery: 50 * time.Millisecond}

func TestWhoPaysOwnersOutIsToldAmountNumberCardAndNameAndNothingElse(t *testing.T) {
	testkit.Covers(t, "R079", "R104")
	told := &servertest.Told{}
	h := servertest.New(t, servertest.Options{SweepEvery: swept.SweepEvery, Overhear: told.Overhear})
	h.OffersBays("WXC", 0, sixty)
	owner, space := sharesBay(h, "B-012", "00:00", "00:00")
	owner = earns(t, h, owner, space, "粤B11111")
	setsCard(owner, ownersCard).OK()
	owner = settlesNextDay(t, h, owner)
	shows(t, owner, `"state":"PAID"`)
	const inside = "picture" // as servertest names what is inside of Base64: the customer's name
	for _, field := range told.Fields("unionPay") {
		if field != inside && !slices.Contains(jobs["unionPay"].fields, field) {
			t.Errorf("it was told %s", field)
		}
	}
	for text, want := range map[string][]string{
		cardOwner: {inside}, ownersCard: nil, "B-012": nil, "WXC": nil, "万象城": nil, owner.Mobile: nil,
		"11010519491231002X": nil, deedLocation: nil,
	} {
		if got := told.Names("unionPay", text); !slices.Equal(got, want) {
			t.Errorf("%s is told in %v, want %v", text, got, want)
		}
	}
}

func TestWhatASharedBayEarnsIsPaidToItsOwnersBankCard(t *testing.T) {
	testkit.Covers(t, "R079")
	servertest.EachWith(t, swept, func(t *testing.T, h *servertest.House) {
		h.OffersBays("WXC", 0, sixty)
		early := h.Driver("APP")
		setsCard(early, ownersCard).MustBeRefused("NO_SHARED_SPACE").MustNotContain(ownersCard)
		owner, space := sharesBay(h, "B-012", "00:00", "00:00")
		owner.Asks(ownPayouts).OK().MustContain(`"payoutAccount":null`, `"owedFen":0`, `"edges":[]`)
		setsCard(owner, "6216261000000000019").MustBeRefused("INVALID_CARD_NUMBER").MustContain(`"cardNumber"`).MustNotContain("62162610")
		setsCard(h.Anonymous(), ownersCard).MustBeRefused("UNAUTHENTICATED")
		setsCard(h.Staff("WXC"), ownersCard).MustBeRefused("FORBIDDEN")
		setsCard(owner, "6216 2610 0000 0000 018").OK().
			MustContain(`"bank":"招商银行","cardNumber":"****0018","holder":"测**"`, `"refused":false`, `"since":"2026-11-21T09:00:00+08:00"`)

		owner = earns(t, h, owner, space, "粤B11111")
		owner.Asks(ownPayouts).OK().MustContain(`"owedFen":600,"pendingFen":0`)
		owner.Asks(closeAccount).MustBeRefused("EARNINGS_OWED")
		owner.Asks(withdrawSpace, servertest.Vars{"id": space}).MustBeRefused("EARNINGS_OWED")
		owner = settlesNextDay(t, h, owner)
		paid := shows(t, owner, `"state":"PAID"`).
			MustContain(`"owedFen":0,"pendingFen":0`, `"reason":null,"fen":600,"cardNumber":"****0018"`, `"items":[{"lotCode":"WXC","bay":"B-012","fen":600}]`)
		if got := h.Partners.UnionPayMoney.PaidOut(); len(got) != 1 || got[0].Card != ownersCard || got[0].Holder != cardOwner || got[0].Fen != 600 {
			t.Errorf("the bank has paid %d times", len(got))
		}
		mustBalance(t, h, 3)

		id := paid.String("viewer.settlements.edges.0.node.id")
		owner.Asks(settlementByID, servertest.Vars{"id": id}).OK().MustContain(`"state":"PAID"`)
		for _, other := range []*servertest.Client{
			h.Anonymous(), h.Driver("APP"), h.Staff("WXC"), h.Hires("MANAGER", "WXC", "").Client, h.Gate("WXC").Client, h.Officer(),
		} {
			other.Asks(settlementByID, servertest.Vars{"id": id}).MustContain(`"node":null`)
			other.Asks(ownPayouts).MustContain(`"payoutAccount":null`).MustNotContain("0018", "招商", "测", `"fen":600`, paid.String("viewer.settlements.edges.0.node.number"))
			if other.Mobile == "" {
				other.Asks(removePayoutAccount).MustContain(`"removePayoutAccount":null`)
			}
		}
		owner.Asks(removePayoutAccount).OK()
		owner.Asks(withdrawSpace, servertest.Vars{"id": space}).OK().MustContain(`"state":"WITHDRAWN"`)
		owner.Asks(ownPayouts).OK().MustContain(`"payoutAccount":null`, `"state":"PAID"`)
		owner.Asks(closeAccount).OK()
		for where, kept := range map[string]string{"store": h.Kept(), "log": h.Logged()} {
			for _, secret := range []string{ownersCard, cardOwner, "招商银行"} {
				if strings.Contains(kept, secret) {
					t.Errorf("%s has it in the open: %s", where, secret)
				}
			}
		}
	})
}

func TestACardThatTheBankRefusesIsSetAnewAndPaidOnceTheNextDay(t *testing.T) {
	testkit.Covers(t, "R079")
	servertest.EachWith(t, swept, func(t *testing.T, h *servertest.House) {
		h.OffersBays("WXC", 0, sixty)
		h.Partners.UnionPayMoney.RefuseCard(badCard, "61")
		owner, space := sharesBay(h, "B-012", "00:00", "00:00")
		owner = earns(t, h, owner, space, "粤B11111")
		setsCard(owner, badCard).OK()
		owner = settlesNextDay(t, h, owner)
		shows(t, owner, `"state":"FAILED"`).MustContain(`"refused":true`, `"reason":"CARD_REFUSED"`, `"owedFen":600,"pendingFen":0`)
		owner = settlesNextDay(t, h, owner)
		setsCard(owner, ownersCard).OK().MustContain(`"refused":false`)
		owner = settlesNextDay(t, h, owner)
		shows(t, owner, `"state":"PAID"`).MustContain(`"owedFen":0`)
		if got := h.Partners.UnionPayMoney.PaidOut(); len(got) != 1 || got[0].Card != ownersCard {
			t.Errorf("the bank has paid %d times", len(got))
		}
		mustBalance(t, h, 3)
	})
}
