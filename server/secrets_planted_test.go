package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

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

// plantStaff lets somebody enrol, sign in and fail to, and answers what that is done with.
func plantStaff(h *servertest.House) (secrets []string) {
	h.T.Helper()
	w := h.Hires("ADMIN", "", "")
	h.Clock.Pass(30 * time.Second)
	h.Anonymous().Asks(servertest.StaffLogin, servertest.Vars{"l": w.Label, "p": w.Password + " indeed", "t": w.Shows(0)}).MustBeRefused("SIGN_IN_REFUSED")
	return []string{w.Password, w.Secret, w.Token}
}
