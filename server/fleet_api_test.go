package server_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	openFleet = `mutation($in: OpenFleetInput!) {
		openFleet(input: $in) { fleet { id name creditCode openedAt } userErrors { code field message } }
	}`
	verifyFleetVehicles = `mutation($in: VerifyFleetVehiclesInput!) {
		verifyFleetVehicles(input: $in) {
			results { vehicle { id plate verified verification { method } } userErrors { code field message } }
			viewer { tier } userErrors { code field message }
		}
	}`
	company    = "深圳试验物流有限公司"
	creditCode = "91350100M000100Y43" // the example of GB 32100-2015
)

func opensFleet(c *servertest.Client, name, credit string) *servertest.Answer {
	licence, _ := json.Marshal(map[string]string{"name": name, "creditCode": credit, "person": "测试车主"}) // maps of strings always encode
	return c.Uploads(openFleet, servertest.Vars{"in": servertest.Vars{"businessLicence": nil, "idCard": nil}},
		map[string][]byte{"in.businessLicence": licence, "in.idCard": servertest.PapersFor("").Files()["in.idCard"]})
}

// verifiesFleet shows licences of a company's vehicles.
func verifiesFleet(c *servertest.Client, fleet, owner string, plates ...string) *servertest.Answer {
	files, cars := map[string][]byte{}, make([]servertest.Vars, len(plates))
	for i, plate := range plates {
		cars[i] = servertest.Vars{"plate": plate, "drivingLicence": nil}
		papers := servertest.PapersFor(plate)
		papers.Owner = owner
		files[fmt.Sprintf("in.vehicles.%d.drivingLicence", i)] = papers.Files()["in.drivingLicence"]
	}
	return c.Uploads(verifyFleetVehicles, servertest.Vars{"in": servertest.Vars{"fleetId": fleet, "vehicles": cars, "trackConsent": true}}, files)
}

func TestAFleetVerifiesManyVehiclesByItsBusinessLicence(t *testing.T) {
	testkit.Covers(t, "P17", "R064")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		early := h.Bound("APP", "粤B00001")
		told := early.Watches(noticed)
		h.Verified("APP", "粤B00000")
		runner, other := h.Driver("APP"), h.Driver("APP")
		opened := opensFleet(runner, company, creditCode).OK().MustContain(company, creditCode, `"openedAt":"2026-11-21T09:00:00+08:00"`)
		fleet := opened.String("openFleet.fleet.id")
		runner.Asks(`{ viewer { account { fleets { id name creditCode } } } }`).OK().MustContain(fleet, company, creditCode)

		plates := []string{"粤B00000"}
		for i := range 19 {
			plates = append(plates, fmt.Sprintf("粤B%05d", i+1))
		}
		got := verifiesFleet(runner, fleet, company, plates...)
		got.MustBeRefused("PLATE_PROTECTED").MustContain(`"tier":"VERIFIED"`, `"plate":"粤B00001","verified":true,"verification":{"method":"FLEET"}`)
		if refused := got.Codes(); len(refused) != 1 || got.At("verifyFleetVehicles.results.0.vehicle") != nil {
			t.Errorf("%v were refused", refused)
		}
		got.String("verifyFleetVehicles.results.19.vehicle.id")
		told.Next().MustContain(`"EVICTED"`).MustNotContain("粤B00001", company)
		early.Asks(bindPlate, binding("粤B00001", "", true)).MustBeRefused("PLATE_PROTECTED")
		h.Gate("WXC").Sees("粤B00001", servertest.Entering, h.Clock.Now()).OK()
		runner.Asks(`{ viewer { sessions { edges { node { lotName plate } } } } }`).OK().MustContain("万象城停车场", "粤B00001")

		byID := `query($id: ID!) { node(id: $id) { ... on Fleet { name } } }`
		for _, c := range []*servertest.Client{other, h.Anonymous(), h.Staff("WXC"), h.Gate("WXC").Client} {
			c.Asks(byID, servertest.Vars{"id": fleet}).OK().MustContain(`{"node":null}`)
		}
		runner.Asks(byID, servertest.Vars{"id": fleet}).OK().MustContain(company)
		verifiesFleet(other, fleet, company, "粤B00099").MustBeRefused("NOT_FOUND").MustContain(`{"verifyFleetVehicles":null}`)
		verifiesFleet(h.Anonymous(), fleet, company, "粤B00099").MustBeRefused("UNAUTHENTICATED")
		mustNotBeKept(t, h, company, creditCode, "11010519491231002X", "测试车主", "LSVAA4182E2184847", "粤B00002")
	})
}

func TestAFleetIsRefusedWithoutTheRightPapers(t *testing.T) {
	testkit.Covers(t, "P17")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		runner := h.Driver("APP")
		opensFleet(h.Anonymous(), company, creditCode).MustBeRefused("UNAUTHENTICATED")
		opensFleet(runner, company, "91350100M000100Y44").MustBeRefused("VERIFICATION_REFUSED").
			MustContain("INVALID_CREDIT_CODE", `"fleet":null`).MustNotContain(company, "91350100M000100Y44")
		fleet := opensFleet(runner, company, creditCode).OK().String("openFleet.fleet.id")
		verifiesFleet(runner, fleet, "别的公司", "粤B00001").MustBeRefused("VERIFICATION_REFUSED").
			MustContain("OWNER_MISMATCH", `"vehicle":null`, `"tier":"REGISTERED"`).MustNotContain("别的公司", "粤B00001")
		runner.Asks(vehicles).OK().MustContain(`"vehicles":[]`)
	})
}
