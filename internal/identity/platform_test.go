package identity_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/ent/linkedaccount"
	"parkbff/internal/cnid"
	"parkbff/internal/identity"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

// somebody is a person as the platforms know them.
type somebody struct{ name, mobile string }

var (
	alice = somebody{"alice", "13812340001"}
	bob   = somebody{"bob", "13812340002"}
)

// issuer gives out what a client gets from its platform. Whatever keeps to it can take the place of the
// stand-in here: the platforms' sandboxes, say.
type issuer interface {
	Code(ch linkedaccount.Channel, who somebody) string
	Phone(ch linkedaccount.Channel, who somebody) *identity.PhoneProof
	Token(carrier identity.Carrier, mobile string) string
	Person(ch linkedaccount.Channel, who somebody) identity.Person
}

// world stands in for the platforms and the carriers: what it gives out is signed, for one app, good once
// and for five minutes.
type world struct {
	clock *testkit.Clock
	mu    sync.Mutex
	count int
	spent map[string]bool
	asked int // how many codes were redeemed or refused
}

const grantLife = 5 * time.Minute

// grant is what a code says.
type grant struct {
	App, Name, Mobile string
	Number            int
	Until             time.Time
}

func (w *world) sign(body string) string {
	mac := hmac.New(sha256.New, []byte("the key of the platforms"))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func (w *world) issue(app string, who somebody) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	body, err := json.Marshal(grant{app, who.name, who.mobile, w.count, w.clock.Now().Add(grantLife)})
	if err != nil {
		panic(err)
	}
	text := hex.EncodeToString(body)
	return text + "." + w.sign(text)
}

func (w *world) redeem(app, code string) (grant, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	text, signature, _ := strings.Cut(code, ".")
	var g grant
	body, err := hex.DecodeString(text)
	if err != nil || signature != w.sign(text) || json.Unmarshal(body, &g) != nil ||
		g.App != app || w.spent[code] || !w.clock.Now().Before(g.Until) {
		return grant{}, identity.ChannelRefused
	}
	w.spent[code] = true
	return g, nil
}

func (w *world) redeemed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

func (w *world) Code(ch linkedaccount.Channel, who somebody) string { return w.issue(string(ch), who) }

func (w *world) Token(carrier identity.Carrier, mobile string) string {
	return w.issue(string(carrier), somebody{mobile: mobile})
}

func (w *world) Phone(ch linkedaccount.Channel, who somebody) *identity.PhoneProof {
	proof := w.issue("phone "+string(ch), who)
	if isWechat(ch) {
		return &identity.PhoneProof{WechatCode: proof}
	}
	response, sign, _ := strings.Cut(proof, ".")
	return &identity.PhoneProof{Response: response, Sign: sign}
}

// Person has an id of each app and, with WeChat, one that the apps share.
func (w *world) Person(ch linkedaccount.Channel, who somebody) identity.Person {
	p := identity.Person{Subject: "openid-" + string(ch) + "-" + who.name}
	if isWechat(ch) {
		p.Union = "unionid-" + who.name
	}
	return p
}

func isWechat(ch linkedaccount.Channel) bool { return strings.HasPrefix(string(ch), "WECHAT") }

// app is one channel's app with its platform.
type app struct {
	world   *world
	channel linkedaccount.Channel
}

func (a app) Person(_ context.Context, code string) (identity.Person, error) {
	g, err := a.world.redeem(string(a.channel), code)
	if err != nil {
		return identity.Person{}, err
	}
	return a.world.Person(a.channel, somebody{name: g.Name}), nil
}

func (a app) Mobile(_ context.Context, of identity.Person, proof identity.PhoneProof) (cnid.Mobile, error) {
	code := proof.WechatCode
	if !isWechat(a.channel) {
		code = proof.Response + "." + proof.Sign
	}
	g, err := a.world.redeem("phone "+string(a.channel), code)
	if err == nil && a.world.Person(a.channel, somebody{name: g.Name}) != of {
		err = identity.ChannelRefused
	}
	if err != nil {
		return cnid.Mobile{}, err
	}
	return cnid.ParseMobile(g.Mobile)
}

func (a app) AuthorizeURL(state string) string {
	if a.channel == linkedaccount.ChannelWECHAT_OFFICIAL || a.channel == linkedaccount.ChannelALIPAY_LIFE {
		return "https://platform.example/authorize?state=" + state
	}
	return ""
}

// carriers vouch for mobiles.
type carriers struct{ world *world }

func (c carriers) Mobile(_ context.Context, carrier identity.Carrier, token string) (cnid.Mobile, error) {
	g, err := c.world.redeem(string(carrier), token)
	if err != nil {
		return cnid.Mobile{}, err
	}
	return cnid.ParseMobile(g.Mobile)
}

var platformChannels = []linkedaccount.Channel{
	linkedaccount.ChannelWECHAT_MINI, linkedaccount.ChannelWECHAT_OFFICIAL,
	linkedaccount.ChannelALIPAY_MINI, linkedaccount.ChannelALIPAY_LIFE,
}

// connected is a house with all platforms and carriers.
type connected struct {
	*house
	world  *world
	issuer issuer
}

func connect(t testing.TB, s *store.Store) *connected {
	h := newHouse(t, s)
	w := &world{clock: h.clock, spent: map[string]bool{}}
	h.config.Platforms = identity.Platforms{}
	for _, ch := range platformChannels {
		h.config.Platforms[ch] = app{w, ch}
	}
	h.config.Numbers = carriers{w}
	var err error
	h.Service, err = identity.New(h.config)
	h.must(err)
	return &connected{house: h, world: w, issuer: w}
}

// eachConnected runs a test on both engines.
func eachConnected(t *testing.T, test func(t *testing.T, h *connected)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) { test(t, connect(t, s)) })
}

// forge changes the last character of what was signed.
func forge(code string) string {
	last := "0"
	if strings.HasSuffix(code, last) {
		last = "1"
	}
	return code[:len(code)-1] + last
}
