package staffing_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"parkbff/ent"
	"parkbff/ent/staffrole"
	"parkbff/internal/fault"
	"parkbff/internal/identity/staffing"
	"parkbff/internal/identity/token"
	"parkbff/internal/risk"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

const password = "correct horse battery staple"

// house is a service over a real store. It knows of whom the facts changed.
type house struct {
	*staffing.Service
	t      testing.TB
	store  *store.Store
	clock  *testkit.Clock
	issuer *token.Issuer
	heard  *heard
}

// heard notes what committed transactions said.
type heard struct {
	mu      sync.Mutex
	changed []int64
}

func (h *heard) StaffChanged(ctx context.Context, id int64) {
	store.AfterCommit(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.changed = append(h.changed, id)
	})
}

func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		h := &house{
			t: t, store: s, heard: &heard{},
			clock: testkit.NewClock(time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)),
		}
		keys := vaulttest.Keys(t)
		signing := keys.SigningKeys()[0]
		var err error
		h.issuer, err = token.NewIssuer([]token.Key{{ID: signing.ID, Private: signing.Private, Public: signing.Private.Public().(ed25519.PublicKey)}}, "parkbff", "parkbff", keys.IDKey(), h.clock)
		h.must(err)
		h.Service, err = staffing.New(staffing.Config{
			Store: s, Vault: vault.New(keys, s.DataKeys()), Tokens: h.issuer, Facts: h.heard, Clock: h.clock,
			Random: rand.Reader, Risks: risk.New(risk.Config{Store: s, Clock: h.clock}), Hashing: testkit.LightHashing(),
		})
		h.must(err)
		test(t, h)
	})
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) operator() context.Context { return viewer.AsSystem(h.t.Context(), "test") }

// lot is a row of a lot with the code.
func (h *house) lot(code string) (id int64) {
	h.t.Helper()
	h.must(h.store.WithTx(h.operator(), func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.Lot.Create().SetCode(code).SetName(code).SetHalfName("**").SetRegion("CN").SetCity("深圳").
			SetCapacity(100).SetCreatedAt(h.clock.Now()).Save(ctx)
		if err == nil {
			id = row.ID
		}
		return err
	}))
	return id
}

func appointment(label string, role staffrole.Role, lot, shop string) staffing.Appointment {
	a := staffing.Appointment{Label: label, Post: staffing.Post{Role: role}}
	if lot != "" {
		a.LotCode = &lot
	}
	if shop != "" {
		a.StoreCode = &shop
	}
	return a
}

// person is a member of staff who has enrolled.
type person struct {
	h      *house
	label  string
	secret string
}

func (h *house) hires(a staffing.Appointment) *person {
	h.t.Helper()
	given, err := h.Invite(h.operator(), a)
	h.must(err)
	enrolled, err := h.Enrol(h.t.Context(), given.Code, password)
	h.must(err)
	uri, err := url.Parse(enrolled.URI)
	h.must(err)
	return &person{h, enrolled.Label, uri.Query().Get("secret")}
}

func (p *person) code() string {
	code, err := hotp.GenerateCode(p.secret, uint64(p.h.clock.Now().Unix()/30))
	p.h.must(err)
	return code
}

func (p *person) signsIn() error {
	_, err := p.h.SignIn(p.h.t.Context(), p.label, password, p.code())
	return err
}

// asks is a request of the person, by the facts of this moment.
func (p *person) asks() context.Context {
	p.h.t.Helper()
	row := p.h.row(p.label)
	v := &viewer.Viewer{Kind: viewer.Staff, StaffID: row.ID}
	for _, r := range row.Edges.Roles {
		if r.LotID != nil {
			v.Lots = append(v.Lots, viewer.LotRole{LotID: *r.LotID, Role: viewer.Role(r.Role)})
		} else {
			v.Office = append(v.Office, viewer.Role(r.Role))
		}
	}
	return viewer.With(p.h.t.Context(), v)
}

func refused(t testing.TB, err error, want *fault.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// atOnce runs calls together and counts those that succeed; the others must be refused with one of the codes.
func atOnce(t testing.TB, refusal *fault.Error, calls ...func() error) (good int) {
	t.Helper()
	errs, start := make([]error, len(calls)), make(chan struct{})
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() {
			<-start
			errs[i] = call()
		})
	}
	close(start)
	all.Wait()
	for _, err := range errs {
		if err == nil {
			good++
		} else if !errors.Is(err, refusal) {
			t.Errorf("got %v", err)
		}
	}
	return good
}
