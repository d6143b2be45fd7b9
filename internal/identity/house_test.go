package identity_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/identity/token"
	notices "parkbff/internal/notice"
	"parkbff/internal/page"
	"parkbff/internal/partner/acs3"
	"parkbff/internal/partner/ocr"
	"parkbff/internal/partner/ocr/tc3"
	ocrsandbox "parkbff/internal/partner/sandbox/ocr"
	smssandbox "parkbff/internal/partner/sandbox/sms"
	"parkbff/internal/partner/sms"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/risk"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

// house is a service over a real store and the partners' stand-ins.
type house struct {
	*identity.Service
	t      testing.TB
	store  *store.Store
	config identity.Config
	issuer *token.Issuer
	sms    *smssandbox.Sandbox
	clock  *testkit.Clock
	told   *told
	factor error // what a member of staff without a second factor is answered
}

// told notes what accounts were told in transactions that committed.
type told struct {
	mu  sync.Mutex
	all []notices.Telling
}

func (n *told) Tell(ctx context.Context, _ *ent.Tx, t notices.Telling) error {
	store.AfterCommit(ctx, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.all = append(n.all, t)
	})
	return nil
}

func (n *told) kinds(accountID int64) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var kinds []string
	for _, t := range n.all {
		if t.AccountID == accountID {
			kinds = append(kinds, string(t.Kind))
		}
	}
	return strings.Join(kinds, " ")
}

// SteppedUp stands for what knows of second factors.
func (h *house) SteppedUp(context.Context) error { return h.factor }

func newHouse(t testing.TB, s *store.Store) *house {
	h := &house{
		t: t, store: s, told: &told{},
		clock: testkit.NewClock(time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)),
	}
	keys := vaulttest.Keys(t)
	signing := keys.SigningKeys()[0]
	var err error
	h.issuer, err = token.NewIssuer([]token.Key{{ID: signing.ID, Private: signing.Private, Public: signing.Private.Public().(ed25519.PublicKey)}}, "parkbff", "parkbff", keys.IDKey(), h.clock)
	h.must(err)
	catalogue, err := consents.Published()
	h.must(err)
	h.config = identity.Config{
		Catalogue: catalogue,
		Store:     s, Vault: vault.New(keys, s.DataKeys()), Tokens: h.issuer, Clock: h.clock, Random: rand.Reader,
		SMS: h.smsClient(), Reader: h.ocrClient(), Teller: h.told,
		Risks: risk.New(risk.Config{Store: s, Clock: h.clock}), Log: slog.New(slog.DiscardHandler), StepUps: h,
	}
	h.Service, err = identity.New(h.config)
	h.must(err)
	return h
}

// texter names templates by the purpose they are for.
type texter struct{ *sms.Client }

func (x texter) SendCode(ctx context.Context, m cnid.Mobile, purpose identity.CodePurpose, code string) error {
	return x.Client.SendCode(ctx, m, sms.Template(purpose), code)
}

func (h *house) smsClient() texter {
	key := acs3.Credentials{ID: "id", Secret: "secret"}
	approved := map[string]string{}
	for purpose, words := range identity.CodeTexts() {
		approved[string(purpose)] = words
	}
	h.sms = smssandbox.New(key, approved, h.clock)
	server := httptest.NewServer(h.sms)
	h.t.Cleanup(server.Close)
	client, err := sms.New(sms.Config{BaseURL: server.URL, Credentials: key, SignName: "捷停车"}, h.clock, rand.Reader)
	h.must(err)
	return texter{client}
}

func (h *house) ocrClient() *ocr.Client {
	key := tc3.Credentials{ID: "id", Secret: "secret"}
	server := httptest.NewServer(ocrsandbox.New(key, h.clock))
	h.t.Cleanup(server.Close)
	client, err := ocr.New(ocr.Config{BaseURL: server.URL, Credentials: key, AlsoTakes: []string{ocrsandbox.MediaType}}, h.clock)
	h.must(err)
	return client
}

// eachHouse runs a test on both engines.
func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) { test(t, newHouse(t, s)) })
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// code asks for a code to sign in with and answers the one that the stand-in was sent.
func (h *house) code(mobile string) string {
	h.t.Helper()
	return h.codeFor(identity.CodeForLogin, mobile)
}

// codeFor does so for any purpose.
func (h *house) codeFor(purpose identity.CodePurpose, mobile string) string {
	h.t.Helper()
	h.clock.Pass(time.Minute)
	_, err := h.SendCode(h.t.Context(), mobile, purpose)
	h.must(err)
	return h.sent(mobile)
}

func (h *house) sent(mobile string) string {
	h.t.Helper()
	m, err := cnid.ParseMobile(mobile)
	h.must(err)
	code, ok := h.sms.Code(m)
	if !ok {
		h.t.Fatal("no code was sent")
	}
	return code
}

// wrong answers a code that is not the one.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// person is somebody signed in; ctx carries the viewer that the service made of them.
type person struct {
	h      *house
	ctx    context.Context
	tokens identity.Tokens
}

func (h *house) arrives(mobile string, ch signin.Channel) *person {
	h.t.Helper()
	p := &person{h: h, ctx: viewer.With(h.t.Context(), viewer.Nobody())}
	var err error
	p.tokens, err = h.SignIn(p.ctx, identity.Login{Mobile: mobile, Code: h.code(mobile), Channel: ch})
	h.must(err)
	return p
}

func (p *person) viewer() *viewer.Viewer { return viewer.Of(p.ctx) }

func (p *person) id() int64 { return p.viewer().AccountID }

// returns is the same person's next request: the viewer is made of the token anew.
func (p *person) returns() error {
	claims, err := p.h.issuer.Verify(p.tokens.Access)
	if err != nil {
		return err
	}
	v, err := p.h.Viewer(p.h.t.Context(), claims)
	if err == nil {
		viewer.Replace(p.ctx, v)
	}
	return err
}

func (p *person) binds(plate string) *identity.Vehicle {
	p.h.t.Helper()
	v, err := p.h.BindPlate(p.ctx, plate, "", true)
	p.h.must(err)
	return v
}

// consents are all that the person agreed to, newest first.
func (p *person) consents() []*consents.Consent {
	p.h.t.Helper()
	agreed, err := consents.New(consents.Config{Store: p.h.store, Clock: p.h.clock, Catalogue: p.h.config.Catalogue}).Page(p.ctx, page.Request{First: 100})
	p.h.must(err)
	return agreed.Items
}

func (p *person) verifies(v *identity.Vehicle, licence, card string) error {
	_, err := p.h.VerifyVehicle(p.ctx, v.Row, paper(strings.NewReader(licence)), paper(strings.NewReader(card)))
	return err
}

// paper is a document as a client sends it that declares no type.
func paper(content io.Reader) identity.Picture {
	return identity.Picture{Purpose: identity.UploadVerifyPlate, Content: content}
}

const (
	adult   = "11010519491231002X"
	another = "440308199001011239"
)

func licence(plate, owner string) string {
	return `{"plate":"` + plate + `","vin":"1M8GDM9AXKP042788","engineNumber":"EN9876543","owner":"` + owner + `","brandModel":"比亚迪牌BYD7150"}`
}

func card(name, id string) string { return `{"name":"` + name + `","idNumber":"` + id + `"}` }

// refused fails unless err is the fault.
func refused(t testing.TB, err error, want *fault.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// system runs a write as the program itself.
func (h *house) system(do func(ctx context.Context, tx *ent.Tx)) {
	h.t.Helper()
	h.must(h.store.WithTx(viewer.AsSystem(h.t.Context(), "test"), func(ctx context.Context, tx *ent.Tx) error {
		do(ctx, tx)
		return nil
	}))
}

// atOnce runs n calls together and answers their errors.
func atOnce(n int, call func(i int) error) []error {
	errs, start := make([]error, n), make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

func successes(errs []error) int {
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	return n
}

// slowly is a document that arrives in small pieces.
type slowly struct{ io.Reader }

func (s slowly) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(len(p), 7)]) }
