package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"parkbff/ent/linkedaccount"
	"parkbff/ent/notice"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// What is planted beside cars: a profile, a company, somebody who claims a plate, a minor's guardian, and persons
// whom platforms know.
const (
	plantedProfile  = "白龙马甲乙丙"
	plantedRegion   = "浙江舟山普陀区"
	plantedBirthday = "1987-06-23"
	plantedCompany  = "慕容试验运输有限公司"
	plantedCredit   = "91350100M000100Y43"
	plantedGuardian = "13955554471"
	plantedMinor    = "2015-05-17"
	plantedPerson   = "planted-person"
)

// plantedClaimant is a person with papers for a plate that another has verified.
var plantedClaimant = servertest.Papers{
	Plate: plantedPlate, VIN: plantedPapers.VIN, EngineNumber: plantedPapers.EngineNumber, Owner: "宇文测试乙",
	BrandModel: plantedPapers.BrandModel, IDNumber: "440308199001011239",
}

// plantPeople lets in what people tell of themselves and of each other, and answers the secrets among it.
func plantPeople(t *testing.T, h *servertest.House, owner, claimant, minor *servertest.Client, car string) (secrets []string) {
	t.Helper()
	owner.Asks(updateProfile, telling(servertest.Vars{
		"nickname": plantedProfile, "gender": "FEMALE", "birthday": plantedBirthday, "region": plantedRegion,
	})).OK()
	owner.Asks(aboutMe).OK().MustContain(plantedProfile, plantedRegion, plantedBirthday)
	invitation := invites(owner, car)
	claimant.Asks(acceptInvitation, servertest.Vars{"c": invitation}).OK()

	licence, _ := json.Marshal(map[string]string{"name": plantedCompany, "creditCode": plantedCredit, "person": plantedClaimant.Owner}) // maps of strings always encode
	claimant.Uploads(openFleet, servertest.Vars{"in": servertest.Vars{"businessLicence": nil, "idCard": nil}},
		map[string][]byte{"in.businessLicence": licence, "in.idCard": plantedClaimant.Files()["in.idCard"]}).OK().MustContain(plantedCompany)
	claims(claimant, plantedPlate, plantedClaimant).OK().MustContain(plantedPlate)

	minor.Asks(giveConsent, servertest.Vars{"m": plantedGuardian, "c": h.CodeFor("GUARDIAN_CONSENT", plantedGuardian)}).OK()
	minor.Asks(updateProfile, telling(servertest.Vars{"birthday": plantedMinor})).OK()
	return []string{
		plantedProfile, plantedRegion, plantedBirthday, plantedCompany, plantedCredit, plantedGuardian, plantedMinor,
		plantedClaimant.Owner, plantedClaimant.IDNumber, invitation,
	}
}

// plantPlatforms lets platforms vouch for somebody who links two channels and follows, and a forger speak of that
// somebody. It answers the ids by which the platforms know the person, and the codes they gave.
func plantPlatforms(t *testing.T, h *servertest.House, person *servertest.Client) (secrets []string) {
	t.Helper()
	person.Asks(sendStepUp).OK()
	person.Asks(`mutation($c: String!) { stepUp(input: {code: $c}) { userErrors { code } } }`, servertest.Vars{"c": h.SentCode(person.Mobile)}).OK()
	for _, channel := range []string{"WECHAT_MINI", "ALIPAY_MINI"} {
		code := proved(t, h, url.Values{"channel": {channel}, "person": {plantedPerson}}).Code
		person.Asks(`mutation($ch: PlatformChannel!, $c: String!) {
			linkChannel(input: {channel: $ch, code: $c, linkConsent: true}) { linkedAccount { id } userErrors { code } }
		}`, servertest.Vars{"ch": channel, "c": code}).OK()
		secrets = append(secrets, code)
	}
	for _, channel := range []string{"WECHAT_OFFICIAL", "ALIPAY_LIFE"} {
		query := url.Values{"channel": {channel}, "person": {plantedPerson}, "following": {"true"}}
		if status, body := fetch(t, http.MethodPost, h.URL+"/dev/follow?"+query.Encode(), ""); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	known := []string{h.Partners.Alipay.UserID(plantedPerson), h.Partners.Wechat.UnionID(plantedPerson)}
	for _, app := range []string{"wxsandboxmini", "wxsandboxofficial"} {
		known = append(known, h.Partners.Wechat.OpenID(plantedPerson, app))
	}
	for _, id := range known {
		fetch(t, http.MethodPost, h.URL+"/callback/wechat?signature=x&timestamp=1&nonce=2", "<xml><FromUserName>"+id+"</FromUserName></xml>")
		fetch(t, http.MethodPost, h.URL+"/callback/alipay", "sign=x&biz_content="+url.QueryEscape("<XML><FromAlipayUserId>"+id+"</FromAlipayUserId></XML>"))
	}
	return append(secrets, append(known, plantedPerson)...)
}

// plantMessages has news leave over every channel, to a phone that answers late and to one that nobody knows, and
// answers what the phones are called.
func plantMessages(h *servertest.House, owner *servertest.Client, gate *servertest.Gate) (secrets []string) {
	h.T.Helper()
	for _, channel := range []string{"WECHAT_MINI", "ALIPAY_MINI"} {
		if err := h.Partners.Accept(linkedaccount.Channel(channel), plantedPerson, notice.KindENTERED); err != nil {
			h.T.Fatal(err)
		}
		owner.Asks(accept, servertest.Vars{"in": servertest.Vars{"channel": channel, "kinds": []string{"ENTERED"}}}).OK()
	}
	token := rings(owner, plantedPerson)
	owner.Asks(setChannels, servertest.Vars{"in": servertest.Vars{"sms": true}}).OK()
	h.Clock.Pass(3 * time.Minute)
	h.Partners.JPushPhones.Trouble.Make(trouble.Down, 1)
	gate.Sees(plantedPlate, servertest.Entering, h.Clock.Now()).OK()
	endWith(owner, time.Second, "ALIPAY_MINI SENT", "WECHAT_MINI SENT", "JPUSH SENT")
	h.Partners.JPushPhones.Uninstall(token)
	h.Clock.Pass(3 * time.Minute)
	gate.Sees(plantedPlate, servertest.Leaving, h.Clock.Now()).OK()
	endWith(owner, time.Second, "SMS SENT", "JPUSH FAILED MESSAGE_ADDRESS_GONE", "ALIPAY_MINI SENT", "WECHAT_MINI SENT", "JPUSH SENT")
	return []string{token}
}

// eachOnKeptBus runs a test on both engines, each with a bus that keeps its stream in a folder; stream answers what
// lies there.
func eachOnKeptBus(t *testing.T, test func(t *testing.T, h *servertest.House, stream func() string)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			o, folder := servertest.Options{}, t.TempDir()
			if engine == "postgres" {
				o.DatabaseURL = testkit.PostgresURL(t)
			}
			o.NATSURL = natsAt(t, natsserver.Options{JetStream: true, StoreDir: folder})
			test(t, servertest.New(t, o), func() string { return inFolder(t, folder) })
		})
	}
}

// inFolder is the names and the content of all files of a folder.
func inFolder(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, file os.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all.WriteString(path + "\n")
		all.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// plantStaff lets somebody enrol, sign in and fail to, and answers what that is done with.
func plantStaff(h *servertest.House) (secrets []string) {
	h.T.Helper()
	w := h.Hires("ADMIN", "", "")
	h.Clock.Pass(30 * time.Second)
	h.Anonymous().Asks(servertest.StaffLogin, servertest.Vars{"l": w.Label, "p": w.Password + " indeed", "t": w.Shows(0)}).MustBeRefused("SIGN_IN_REFUSED")
	return []string{w.Password, w.Secret, w.Token}
}
