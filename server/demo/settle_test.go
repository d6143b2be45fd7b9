package demo

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent"
	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/identity"
	"parkbff/internal/identity/token"
	"parkbff/internal/notice"
	"parkbff/internal/partner/ocr"
	"parkbff/internal/partner/ocr/tc3"
	ocrsandbox "parkbff/internal/partner/sandbox/ocr"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/risk"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

// town is a house without its server: what Settle works on.
type town struct {
	t      *testing.T
	people identity.Config
	box    *letterbox // what a newcomer's phone receives
	now    time.Time
	folder string
}

type hands struct{ *town }

func (h hands) Now() time.Time { return h.now }

type deaf struct{}

func (deaf) Tell(context.Context, *ent.Tx, notice.Telling) error { return nil }

func eachTown(t *testing.T, test func(t *testing.T, h *town)) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) { test(t, newTown(t, s)) })
}

func newTown(t *testing.T, s *store.Store) *town {
	h := &town{t: t, box: &letterbox{}, now: monday.UTC(), folder: t.TempDir()}
	keys := vaulttest.Keys(t)
	signing := keys.SigningKeys()[0]
	public := signing.Private.Public().(ed25519.PublicKey)
	issuer, err := token.NewIssuer([]token.Key{{ID: signing.ID, Private: signing.Private, Public: public}}, "parkbff", "parkbff", keys.IDKey(), hands{h})
	h.must(err)
	credentials := tc3.Credentials{ID: "id", Secret: "secret"}
	sandbox := httptest.NewServer(ocrsandbox.New(credentials, hands{h}))
	t.Cleanup(sandbox.Close)
	reader, err := ocr.New(ocr.Config{BaseURL: sandbox.URL, Credentials: credentials, AlsoTakes: []string{ocrsandbox.MediaType}}, hands{h})
	h.must(err)
	catalogue, err := consents.Published()
	h.must(err)
	h.people = identity.Config{
		Catalogue: catalogue, StepUps: nobodySteppedUp{},
		Store: s, Vault: vault.New(keys, s.DataKeys()), Tokens: issuer, Clock: hands{h}, Random: rand.Reader,
		SMS: h.box, Reader: reader, Teller: deaf{}, Risks: risk.New(risk.Config{Store: s, Clock: hands{h}}),
	}
	return h
}

func (h *town) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *town) settles() time.Time {
	h.t.Helper()
	since, err := Settle(h.t.Context(), h.people, theAccounts(h.t), h.folder)
	h.must(err)
	return since
}

// newcomer signs in to a demo account as the page does.
func (h *town) newcomer(account Account) (*identity.Service, context.Context) {
	h.t.Helper()
	service, err := identity.New(h.people)
	h.must(err)
	ctx := viewer.With(h.t.Context(), viewer.Nobody())
	_, err = service.SendCode(ctx, account.Mobile, identity.CodeForLogin)
	h.must(err)
	_, err = service.SignIn(ctx, identity.Login{Mobile: account.Mobile, Code: h.box.last(), Channel: account.Channel})
	h.must(err)
	return service, ctx
}

func TestEachAccountStandsAsItsTierSaysAndANewcomerMaySignInAtOnce(t *testing.T) {
	eachTown(t, func(t *testing.T, h *town) {
		since := h.settles()
		for _, account := range theAccounts(t) {
			service, ctx := h.newcomer(account)
			if tier := viewer.Of(ctx).Tier(); tier != account.Tier {
				t.Errorf("the account of %s is %s", account.Tier, tier)
			}
			vehicles, err := service.Vehicles(ctx)
			h.must(err)
			for i, v := range vehicles {
				want := account.Vehicles[i]
				if v.Plate != want.Plate.Text() || v.Verified != want.Verified || *v.Nickname != want.Nickname {
					t.Errorf("vehicle %d of %s is not as planned", i, account.Tier)
				}
				if v.BoundAt.Before(since) || v.BoundAt.After(since.Add(time.Minute)) {
					t.Errorf("vehicle %d of %s is bound since %s, its past begins %s", i, account.Tier, v.BoundAt, since)
				}
			}
			if len(vehicles) != len(account.Vehicles) {
				t.Errorf("%s has %d vehicles", account.Tier, len(vehicles))
			}
		}
	})
}

func TestSettlingAgainChangesNothing(t *testing.T) {
	eachTown(t, func(t *testing.T, h *town) {
		since := h.settles()
		before := h.signIns()
		h.now = h.now.Add(5 * time.Hour)
		if again := h.settles(); !again.Equal(since) {
			t.Errorf("the past begins %s, and then %s", since, again)
		}
		if diff := cmp.Diff(before, h.signIns()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatANewcomerUndidIsMendedAtTheNextStart(t *testing.T) {
	eachTown(t, func(t *testing.T, h *town) {
		h.settles()
		bound := theAccounts(t)[1]
		service, ctx := h.newcomer(bound)
		vehicles, err := service.Vehicles(ctx)
		h.must(err)
		h.must(service.UnbindPlate(ctx, vehicles[0].Row))

		h.now = h.now.Add(History + 2*time.Hour)
		h.settles()

		_, ctx = h.newcomer(bound)
		if tier := viewer.Of(ctx).Tier(); tier != viewer.TierPlateBound {
			t.Errorf("the account is %s", tier)
		}
	})
}

func TestAnAccountInUseIsLeftAsItIs(t *testing.T) {
	eachTown(t, func(t *testing.T, h *town) {
		h.settles()
		service, ctx := h.newcomer(theAccounts(t)[1])
		vehicles, err := service.Vehicles(ctx)
		h.must(err)
		h.must(service.UnbindPlate(ctx, vehicles[0].Row))
		h.now = h.now.Add(time.Minute)
		h.settles() // the newcomer's code is younger than the clock that settles
	})
}

func TestALossOfMemoryStopsNothing(t *testing.T) {
	eachTown(t, func(t *testing.T, h *town) {
		h.settles()
		h.must(os.Remove(filepath.Join(h.folder, memoryFile)))
		h.now = h.now.Add(time.Hour)
		h.settles()
	})
}

func TestTheMemoryHoldsNoPersonalValueAndNoKey(t *testing.T) {
	h := newTown(t, testkit.SQLite(t))
	h.settles()
	text, err := os.ReadFile(filepath.Join(h.folder, memoryFile))
	h.must(err)
	for _, account := range theAccounts(t) {
		if strings.Contains(string(text), account.Mobile) {
			t.Error("the memory holds a mobile")
		}
	}
	h.must(os.WriteFile(filepath.Join(h.folder, memoryFile), []byte("{"), 0o600))
	if _, err := Settle(t.Context(), h.people, theAccounts(t), h.folder); err == nil {
		t.Error("a damaged memory is read")
	}
}

// signIns counts the sign-ins of all accounts.
func (h *town) signIns() int {
	h.t.Helper()
	n, err := h.people.Store.Fresh(h.t.Context()).SignIn.Query().
		Where(signin.ChannelIn(signin.ChannelH5, signin.ChannelAPP, signin.ChannelWECHAT_MINI)).
		Count(viewer.AsSystem(h.t.Context(), "count sign-ins"))
	h.must(err)
	return n
}

func TestTheDemosDocumentsAreOfNobody(t *testing.T) {
	_, card, err := documents(theAccounts(t)[3].Vehicles[0].Plate)
	if err != nil {
		t.Fatal(err)
	}
	number := strings.Split(string(card), `"`)[3]
	if _, err := cnid.ParseResidentID(number); err != nil || !strings.HasPrefix(number, "99") {
		t.Errorf("the demo's identity number is not valid, or of a real region: %v", err)
	}
}

// nobodySteppedUp is the second factor of staff, of whom the demo has none that would need one.
type nobodySteppedUp struct{}

func (nobodySteppedUp) SteppedUp(context.Context) error { return nil }
