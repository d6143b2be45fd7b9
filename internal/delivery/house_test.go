package delivery_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parkbff/ent"
	entdelivery "parkbff/ent/delivery"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/messagequota"
	entnotice "parkbff/ent/notice"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/signin"
	"parkbff/ent/task"
	"parkbff/internal/cnid"
	"parkbff/internal/delivery"
	"parkbff/internal/fault"
	"parkbff/internal/notice"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/jpush"
	"parkbff/internal/partner/message"
	sandboxjpush "parkbff/internal/partner/sandbox/jpush"
	sandboxwechat "parkbff/internal/partner/sandbox/wechat"
	"parkbff/internal/partner/wechat"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	car   = 7
	phone = "1104a89792f4a6ea7e1"
	plate = "粤B12345"
	mini  = "wxmini"
)

var enteredTemplate = message.Template{ID: "entered", Page: "pages/notices", Fields: map[string]message.Part{
	"thing1": message.Title, "thing2": message.LotName, "thing3": message.Plate, "thing4": message.Time,
}}

// house is one account that follows, with a phone and a mini-program, and the service that reaches it.
type house struct {
	t        testing.TB
	store    *store.Store
	vault    *vault.Vault
	clock    *testkit.Clock
	notices  *notice.Service
	service  *delivery.Service
	phones   *sandboxjpush.Sandbox
	wechat   *sandboxwechat.Sandbox
	account  int64
	lot      int64
	openID   string
	stays    int
	consents []string

	handlers map[task.Kind]outbox.Handler
	put      map[task.Kind]int64
	dying    bool        // when the next partner has answered
	mobile   cnid.Mobile // zero: nobody knows it, and there are no texts
	texts    int
}

var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) { test(t, newHouse(t, s)) })
}

func newHouse(t testing.TB, s *store.Store) *house {
	t.Helper()
	v, _ := vaulttest.New(t)
	h := &house{t: t, store: s, vault: v, clock: testkit.NewClock(noon), consents: []string{"PARKING_CORE"}, handlers: map[task.Kind]outbox.Handler{}, put: map[task.Kind]int64{}}
	h.openPartners()
	h.notices = notice.New(notice.Config{Store: s, Vault: v, Bus: deaf{}, Clock: h.clock, Lots: h, Outbox: h, Log: slog.New(slog.DiscardHandler)})
	pusher, err := jpush.New(jpush.Config{BaseURL: h.serve(h.phones), AppKey: "app", MasterSecret: "secret"}, h.clock)
	h.must(err)
	client, err := wechat.NewMini(wechat.Config{BaseURL: h.serve(h.wechat), App: wechat.App{ID: mini, Secret: "secret"}}, h.clock)
	h.must(err)
	h.service = delivery.New(delivery.Config{
		Store: s, Vault: v, Clock: h.clock, Outbox: h, Notices: h.notices, People: h, Office: h,
		Pushers:  map[pushendpoint.Provider]delivery.Pusher{pushendpoint.ProviderJPUSH: mortalPusher{pusher, h}},
		PublicID: func(row int64) string { return fmt.Sprint("public ", row) }, NoticesKept: 90 * 24 * time.Hour,
		Texter:     h,
		Messengers: map[messagequota.Channel]delivery.Messenger{messagequota.ChannelWECHAT_MINI: mortalMessenger{client, h}},
	})
	h.write(h.furnish)
	return h
}

func (h *house) openPartners() {
	var err error
	h.phones = sandboxjpush.New("app", "secret", h.clock, rand.Reader)
	h.wechat, err = sandboxwechat.New(h.clock, rand.Reader, sandboxwechat.App{ID: mini, Secret: "secret"})
	h.must(err)
	h.wechat.Approve(mini, enteredTemplate.ID, "thing1", "thing2", "thing3", "thing4")
	h.openID = h.wechat.OpenID("alice", mini)
}

func (h *house) serve(stand http.Handler) string {
	server := httptest.NewServer(stand)
	h.t.Cleanup(server.Close)
	return server.URL
}

// furnish makes an account with a phone that JPush knows, and a lot.
func (h *house) furnish(ctx context.Context, tx *ent.Tx) {
	account := tx.Account.Create().SetCreatedAt(noon).SetMobile(vault.Sealed{1}).SetReachable(true).SaveX(ctx)
	h.account = account.ID
	h.lot = tx.Lot.Create().SetCreatedAt(noon).SetCode("WXC").SetName("万象城停车场").SetHalfName("万***停车场").SetRegion("CN").
		SetCity("深圳").SetCapacity(100).SaveX(ctx).ID
	h.must(h.vault.Provide(ctx, vault.AccountKey(h.account)))
	h.ring(ctx, tx, h.signIn(ctx, tx, 1), phone)
}

// ring makes a phone one that the app of a sign-in is on.
func (h *house) ring(ctx context.Context, tx *ent.Tx, signIn int64, phone string) {
	token, err := h.vault.SealString(ctx, vault.AccountKey(h.account), "push_endpoint.token", phone)
	h.must(err)
	tx.PushEndpoint.Create().SetAccountID(h.account).SetSignInID(signIn).SetProvider(pushendpoint.ProviderJPUSH).
		SetPlatform(pushendpoint.PlatformANDROID).SetToken(token).SetTokenIndex([]byte(phone)).SetCreatedAt(noon).ExecX(ctx)
}

// signIn is a further one of the app.
func (h *house) signIn(ctx context.Context, tx *ent.Tx, number byte) int64 {
	return tx.SignIn.Create().SetAccountID(h.account).SetChannel(signin.ChannelAPP).SetFamilyHash([]byte{number}).SetRefreshHash([]byte{number}).
		SetRefresh(vault.Sealed{1}).SetRotatedAt(noon).SetExpiresAt(noon.Add(1000 * time.Hour)).SetCreatedAt(noon).SaveX(ctx).ID
}

// allows has the person accept so many messages of one kind in the mini-program.
func (h *house) allows(n int) {
	for range n {
		h.wechat.Accept(h.openID, enteredTemplate.ID)
	}
	h.write(func(ctx context.Context, tx *ent.Tx) {
		tx.MessageQuota.Create().SetAccountID(h.account).SetChannel(messagequota.ChannelWECHAT_MINI).
			SetKind(messagequota.KindENTERED).SetRemaining(n).SetChangedAt(noon).ExecX(ctx)
	})
}

func (h *house) write(fn func(ctx context.Context, tx *ent.Tx)) {
	h.t.Helper()
	h.must(h.store.WithTx(viewer.AsSystem(context.Background(), "test"), func(ctx context.Context, tx *ent.Tx) error {
		fn(ctx, tx)
		return nil
	}))
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// warns has somebody else bind the plate, which is news of security, and decides on the notice.
func (h *house) warns(kind entnotice.Kind) map[entdelivery.Channel]int64 {
	h.t.Helper()
	h.write(func(ctx context.Context, tx *ent.Tx) {
		h.must(h.notices.Tell(ctx, tx, notice.Telling{
			AccountID: h.account, Kind: kind, VehicleID: car, Plate: plate, OccurredAt: h.clock.Now(),
		}))
	})
	return h.decides()
}

// tells has a car enter and decides on the notice; it answers the deliveries by channel.
func (h *house) tells() map[entdelivery.Channel]int64 {
	h.t.Helper()
	var stay int64
	h.write(func(ctx context.Context, tx *ent.Tx) {
		h.stays++
		row := tx.ParkingSession.Create().SetLotID(h.lot).SetPlate(vault.Sealed{1}).SetPlateIndex([]byte{byte(h.stays), byte(h.stays >> 8)}).
			SetPlateColor("BLUE").SetEnteredAt(h.clock.Now()).SetCreatedAt(h.clock.Now()).SaveX(ctx)
		stay = row.ID
		tx.SessionAccess.Create().SetAccountID(h.account).SetSessionID(stay).SetVehicleID(car).SetBound(true).ExecX(ctx)
		h.must(h.notices.Tell(ctx, tx, notice.Telling{
			AccountID: h.account, Kind: entnotice.KindENTERED, SessionID: stay, VehicleID: car, LotID: h.lot,
			Plate: plate, OccurredAt: h.clock.Now(),
		}))
	})
	return h.decides()
}

func (h *house) decides() map[entdelivery.Channel]int64 {
	h.t.Helper()
	h.must(h.does(task.KindNOTICE, h.put[task.KindNOTICE], 1))
	all := map[entdelivery.Channel]int64{}
	h.write(func(ctx context.Context, tx *ent.Tx) {
		for _, row := range tx.Delivery.Query().Where(entdelivery.NoticeID(h.put[task.KindNOTICE])).AllX(ctx) {
			all[row.Channel] = row.ID
		}
	})
	return all
}

// does does a job as the outbox would. A program that dies is an error.
func (h *house) does(kind task.Kind, about int64, attempt int) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errDied
		}
	}()
	ctx := viewer.AsSystem(h.t.Context(), "test")
	return h.handlers[kind](ctx, outbox.Job{AboutID: about, Attempt: attempt})
}

func (h *house) state(row int64) (state entdelivery.State, reason string) {
	h.t.Helper()
	h.write(func(ctx context.Context, tx *ent.Tx) {
		found := tx.Delivery.GetX(ctx, row)
		state, reason = found.State, found.Reason
	})
	return state, reason
}

// Put keeps what was put last, by kind.
func (h *house) Put(_ context.Context, _ *ent.Tx, kind task.Kind, aboutID, _ int64) error {
	h.put[kind] = aboutID
	return nil
}

// Handle keeps who does a kind.
func (h *house) Handle(kind task.Kind, do outbox.Handler) { h.handlers[kind] = do }

// LotName knows the one lot.
func (*house) LotName(int64) (name, half string) { return "万象城停车场", "万***停车场" }

// Addressee follows and has the car bound.
func (h *house) Addressee(context.Context, int64) (*viewer.Viewer, error) {
	return &viewer.Viewer{
		Kind: viewer.Driver, AccountID: h.account, Channels: []string{"APP"}, Consents: h.consents,
		Vehicles: []viewer.Vehicle{{ID: car, Binding: 1}},
	}, nil
}

// WantsNews holds.
func (*house) WantsNews(context.Context, int64, int64, entnotice.Kind) (bool, error) {
	return true, nil
}

// MobileOf is the one that the test has set.
func (h *house) MobileOf(context.Context, int64) (cnid.Mobile, error) {
	if h.mobile == (cnid.Mobile{}) {
		return cnid.Mobile{}, fault.NotFound
	}
	return h.mobile, nil
}

// Offers a text of every kind, to a mobile.
func (h *house) Offers(entnotice.Kind) bool { return h.mobile != cnid.Mobile{} }

// SendNotice counts.
func (h *house) SendNotice(context.Context, string, cnid.Mobile, entnotice.Kind, message.Words) error {
	h.texts++
	return nil
}

// SubjectOf is alice.
func (h *house) SubjectOf(context.Context, int64, linkedaccount.Channel) (string, bool, error) {
	return h.openID, true, nil
}

// Office refuses.
func (*house) Office(context.Context, viewer.Role) (*viewer.Viewer, error) {
	return nil, fault.Forbidden
}

var errDied = errors.New("the program died")

// dies dies when it is told to, once.
func (h *house) dies() {
	if h.dying {
		h.dying = false
		panic(errDied)
	}
}

type mortalPusher struct {
	delivery.Pusher
	house *house
}

// Push hands over, and may not come back.
func (p mortalPusher) Push(ctx context.Context, key string, m message.Push) error {
	err := p.Pusher.Push(ctx, key, m)
	p.house.dies()
	return err
}

type mortalMessenger struct {
	client *wechat.Mini
	house  *house
}

// Template is the one of entries.
func (mortalMessenger) Template(kind entnotice.Kind) (string, bool) {
	return enteredTemplate.ID, kind == entnotice.KindENTERED
}

// Send hands over, and may not come back.
func (m mortalMessenger) Send(ctx context.Context, to string, _ entnotice.Kind, words message.Words) error {
	err := m.client.Send(ctx, to, enteredTemplate, words)
	m.house.dies()
	return err
}

// deaf is a bus without other replicas.
type deaf struct{}

// Publish reaches nobody.
func (deaf) Publish(string, []byte) error { return nil }

// Attend hears nothing.
func (deaf) Attend(string, func(string, []byte)) (func(), error) { return func() {}, nil }

// OnReconnect never happens.
func (deaf) OnReconnect(func()) {}
