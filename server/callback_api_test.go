package server_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parkbff/ent/follower"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/riskevent"
	"parkbff/internal/cnid"
	"parkbff/internal/identity"
	"parkbff/internal/vault"
	"parkbff/server"
	"parkbff/server/config"
	"parkbff/server/servertest"
	"parkbff/server/wholetest/rig"
)

var platformChannels = []linkedaccount.Channel{
	linkedaccount.ChannelWECHAT_MINI, linkedaccount.ChannelWECHAT_OFFICIAL, linkedaccount.ChannelALIPAY_MINI, linkedaccount.ChannelALIPAY_LIFE,
}

// proved asks the development page what a stand-in gives a person.
func proved(t testing.TB, h *servertest.House, query url.Values) server.Proof {
	t.Helper()
	status, body := fetch(t, http.MethodGet, h.URL+"/dev/channel?"+query.Encode(), "")
	var proof server.Proof
	if err := json.Unmarshal([]byte(body), &proof); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	return proof
}

func fetch(t testing.TB, method, address, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

func TestEveryChannelVouchesOnceForWhomItsCodeWasGivenTo(t *testing.T) {
	h := servertest.New(t, servertest.Options{})
	platforms := h.Partners.Platforms()
	for _, channel := range platformChannels {
		code := proved(t, h, url.Values{"channel": {string(channel)}, "person": {"alice"}}).Code
		person, err := platforms[channel].Person(t.Context(), code)
		if err != nil || person.Subject == "" || person.Union == "" {
			t.Errorf("%s: %v", channel, err)
		}
		late := proved(t, h, url.Values{"channel": {string(channel)}, "person": {"alice"}}).Code
		h.Clock.Pass(5 * time.Minute)
		wrong := map[string]string{"used": code, "late": late, "forged": late[:len(late)-4] + "AAAA"}
		for _, other := range platformChannels {
			if other != channel {
				wrong["of "+string(other)] = proved(t, h, url.Values{"channel": {string(other)}, "person": {"alice"}}).Code
			}
		}
		for name, code := range wrong {
			if _, err := platforms[channel].Person(t.Context(), code); !errors.Is(err, identity.ChannelRefused) {
				t.Errorf("%s, %s: %v", channel, name, err)
			}
		}
	}
}

func TestMobilesAreVouchedForInMiniProgramsAndByCarriersAlone(t *testing.T) {
	h := servertest.New(t, servertest.Options{})
	want, err := cnid.ParseMobile("13912345678")
	if err != nil {
		t.Fatal(err)
	}
	for _, channel := range platformChannels {
		platform := h.Partners.Platforms()[channel]
		proof := proved(t, h, url.Values{"channel": {string(channel)}, "person": {"alice"}, "mobile": {"13912345678"}})
		shown := identity.PhoneProof{WechatCode: proof.PhoneCode}
		if proof.Phone != nil {
			shown.Response, shown.Sign = proof.Phone.Response, proof.Phone.Sign
		}
		alice, err := platform.Person(t.Context(), proof.Code)
		if err != nil {
			t.Fatal(err)
		}
		mobile, err := platform.Mobile(t.Context(), alice, shown)
		if mini := platform.AuthorizeURL("s") == ""; mini != (err == nil) || mini && mobile != want || !mini && !errors.Is(err, identity.ChannelRefused) {
			t.Errorf("%s: %v", channel, err)
		}
		if _, err := platform.Mobile(t.Context(), alice, identity.PhoneProof{}); !errors.Is(err, identity.ChannelRefused) {
			t.Errorf("%s: without a proof: %v", channel, err)
		}
	}
	token := proved(t, h, url.Values{"channel": {"ONE_CLICK"}, "mobile": {"13912345678"}}).Token
	if got, err := h.Partners.Numbers().Mobile(t.Context(), identity.ChinaMobile, token); err != nil || got != want {
		t.Error(err)
	}
	if _, err := h.Partners.Numbers().Mobile(t.Context(), identity.ChinaMobile, token); !errors.Is(err, identity.ChannelRefused) {
		t.Errorf("used twice: %v", err)
	}
}

func TestASignedFollowIsTakenInAndAForgedOneIsARiskThatNamesNobody(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for _, channel := range []follower.Channel{follower.ChannelWECHAT_OFFICIAL, follower.ChannelALIPAY_LIFE} {
			for _, following := range []string{"true", "false"} {
				query := url.Values{"channel": {string(channel)}, "person": {"alice"}, "following": {following}}
				if status, body := fetch(t, http.MethodPost, h.URL+"/dev/follow?"+query.Encode(), ""); status != http.StatusOK || body != "{\"status\":200}\n" {
					t.Errorf("%s: %d %s", channel, status, body)
				}
			}
		}
		risks := h.Store.Client(h.AsSystem()).RiskEvent.Query()
		if n := risks.Clone().CountX(h.AsSystem()); n != 0 {
			t.Errorf("%d risks of what is signed", n)
		}
		for path, body := range map[string]string{
			"/callback/wechat?signature=x&timestamp=1&nonce=2": "<xml><FromUserName>oAlice</FromUserName></xml>",
			"/callback/alipay": "biz_content=<XML><FromAlipayUserId>2088oAlice</FromAlipayUserId></XML>&sign=x",
		} {
			if status, answer := fetch(t, http.MethodPost, h.URL+path, body); status != http.StatusForbidden || answer != "forbidden\n" {
				t.Errorf("%s: %d %s", path, status, answer)
			}
		}
		for _, path := range []string{"/callback/wechat", "/callback/alipay"} {
			noted := risks.Clone().Where(riskevent.Path(path), riskevent.KindEQ(riskevent.KindCALLBACK_FORGED), riskevent.OutcomeEQ(riskevent.OutcomeBLOCKED))
			if n := noted.CountX(h.AsSystem()); n != 1 {
				t.Errorf("%s: %d risks", path, n)
			}
		}
		for _, never := range []string{"oAlice", h.Partners.Alipay.UserID("alice"), h.Partners.Wechat.UnionID("alice")} {
			if strings.Contains(h.Logged(), never) {
				t.Errorf("the log names %s", never)
			}
		}
	})
}

func TestProductionRefusesStandInsByName(t *testing.T) {
	all := everyPartner(t)
	_, err := openProduction(t, map[string]any{"sms": all["sms"], "ocr": all["ocr"]})
	for _, name := range []string{"wechatMini", "wechatOfficial", "alipayMini", "alipayLife", "oneClick", "jpush", "getui"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}

func TestCodesForEachPurposeNeedATextOfTheirOwn(t *testing.T) {
	templates := func(all map[string]any) map[string]string {
		return all["sms"].(map[string]any)["templateCodes"].(map[string]string)
	}
	for purpose := range templates(everyPartner(t)) {
		all := everyPartner(t)
		delete(templates(all), purpose)
		if _, err := openProduction(t, all); err == nil || !strings.Contains(err.Error(), "PARKBFF_PARTNERS: sms: templateCodes has none for "+purpose) {
			t.Errorf("%s is not missed: %v", purpose, err)
		}
	}
}

func TestProductionRefusesCallbacksThatNothingSigns(t *testing.T) {
	partners := everyPartner(t)
	official, _ := partners["wechatOfficial"].(map[string]string)
	delete(official, "encodingAesKey")
	_, err := openProduction(t, partners)
	for _, word := range []string{"PARKBFF_PARTNERS", "wechatOfficial", "encodingAesKey"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s is not named: %v", word, err)
		}
	}
	h, err := openAs(t, config.Development, partners) // goes on, and doctor says so
	if err != nil || h.Partners.CheckCallbacks() == nil {
		t.Errorf("development: %v", err)
	}
	if h, err = openProduction(t, everyPartner(t)); err != nil || h.Partners.CheckCallbacks() != nil {
		t.Errorf("with a key: %v", err)
	}
}

func TestProductionServesNothingForDevelopment(t *testing.T) {
	h, err := openProduction(t, everyPartner(t))
	if err != nil {
		t.Fatal(err)
	}
	served, err := server.New(h, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range []string{"GET /dev/channel?channel=WECHAT_MINI&person=a", "POST /dev/follow?channel=ALIPAY_LIFE&person=a&following=true", "GET /dev/sms?mobile=13912345678", "GET /dev/carried", "POST /dev/accept?channel=WECHAT_MINI&person=a&kind=ENTERED"} {
		method, path, _ := strings.Cut(route, " ")
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, path, nil)
		r.TLS = &tls.ConnectionState{}
		served.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", route, w.Code)
		}
	}
	if got := h.Partners.Platforms()[linkedaccount.ChannelWECHAT_OFFICIAL].AuthorizeURL("s"); !strings.HasPrefix(got, "https://open.weixin.qq.com/") {
		t.Error(got)
	}
}

func openProduction(t *testing.T, partners map[string]any) (*server.House, error) {
	t.Helper()
	return openAs(t, config.Production, partners)
}

func openAs(t *testing.T, mode config.Mode, partners map[string]any) (*server.House, error) {
	t.Helper()
	dir := t.TempDir()
	raw, err := json.Marshal(partners)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "partners"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.CreateKeys(filepath.Join(dir, "keys"), rand.Reader); err != nil {
		t.Fatal(err)
	}
	h, err := server.Open(t.Context(), config.Config{
		Addr: "127.0.0.1:0", Data: dir, Mode: mode, Keys: filepath.Join(dir, "keys"), KeysGiven: true,
		Partners: filepath.Join(dir, "partners"),
	}, server.Parts{})
	if h != nil {
		t.Cleanup(func() {
			if err := h.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	return h, err
}

// everyPartner are credentials for every third party.
func everyPartner(t *testing.T) map[string]any {
	t.Helper()
	all, err := rig.Credentials()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
