package identity_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"parkbff/ent"
	"parkbff/ent/signin"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/vault"
)

const (
	creditCode  = "91350100M000100Y43" // the example of GB 32100-2015
	companyName = "深圳（试验）物流有限公司"
)

func businessLicence(name, code, person string) string {
	return `{"name":"` + name + `","creditCode":"` + code + `","person":"` + person + `"}`
}

func (p *person) opensFleet(licence, card string) (*identity.Fleet, error) {
	return p.h.OpenFleet(p.ctx, paper(strings.NewReader(licence)), paper(strings.NewReader(card)))
}

// fleet is a person with a fleet.
func (h *house) fleet(mobile string) (*person, *identity.Fleet) {
	h.t.Helper()
	p := h.arrives(mobile, signin.ChannelAPP)
	f, err := p.opensFleet(businessLicence(companyName, creditCode, "张三"), card("张三", adult))
	h.must(err)
	return p, f
}

// fleetCar is a vehicle whose licence says as it does.
func fleetCar(plate, owner string) identity.FleetVehicle {
	return identity.FleetVehicle{Plate: plate, DrivingLicence: paper(strings.NewReader(licence(plate, owner)))}
}

func TestAFleetIsOpenedByItsLegalRepresentative(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p, f := h.fleet(mobile)
		if f.Name != companyName || f.CreditCode != creditCode || !f.OpenedAt.Equal(h.clock.Now()) {
			t.Error("the fleet is not the company")
		}
		again, err := p.opensFleet(businessLicence("深圳新名有限公司", creditCode, "张三"), card("张三", adult))
		h.must(err)
		all, err := h.Fleets(p.ctx)
		h.must(err)
		if again.Row != f.Row || len(all) != 1 || all[0].Name != "深圳新名有限公司" || all[0].OpenedAt.IsZero() {
			t.Error("a company has one fleet in an account")
		}
		if grown := h.adult(p.id()); grown == nil || !*grown {
			t.Error("the representative is of age")
		}
		for want, papers := range map[string][2]string{
			"INVALID_CREDIT_CODE":     {businessLicence(companyName, "91350100M000100Y44", "李四"), card("李四", another)},
			"REPRESENTATIVE_MISMATCH": {businessLicence(companyName, creditCode, "王五"), card("李四", another)},
			"INVALID_ID_NUMBER":       {businessLicence(companyName, creditCode, "张三"), card("张三", "110105194912310021")},
			"MINOR":                   {businessLicence(companyName, creditCode, "张三"), card("张三", child)},
			"DOCUMENT_UNREADABLE":     {card("张三", adult), card("张三", adult)},
		} {
			stranger := h.arrives(fmt.Sprintf("1390000%04d", len(want)), signin.ChannelAPP)
			_, err := stranger.opensFleet(papers[0], papers[1])
			refused(t, err, identity.VerificationRefused)
			if got := fault.As(err).Details()["reason"]; got != want {
				t.Errorf("reason %v, want %s", got, want)
			}
			if h.adult(stranger.id()) != nil {
				t.Error("something is kept of what was refused")
			}
		}
		_, err = p.opensFleet(businessLicence(companyName, creditCode, "李四"), card("李四", another))
		refused(t, err, identity.VerificationRefused)
		if fault.As(err).Details()["reason"] != "PERSON_MISMATCH" {
			t.Error("one account is one person")
		}
	})
}

func TestVehiclesOfAFleetAreVerifiedEachForItself(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		early := h.arrives("13900139000", signin.ChannelAPP)
		early.binds("粤B00001")
		h.owner("13700137000") // of plate
		p, f := h.fleet(mobile)
		owned := strings.ReplaceAll(strings.ReplaceAll(companyName, "（", "("), "）", ")")
		results, err := h.VerifyFleetVehicles(p.ctx, f.Row, []identity.FleetVehicle{
			fleetCar("粤B00001", owned), fleetCar("粤B00002", "别的公司"), fleetCar(plate, companyName), fleetCar("粤BD00003", companyName),
			fleetCar("粤O12345", companyName),
			{Plate: "粤B00005", DrivingLicence: paper(strings.NewReader(licence("粤B00006", companyName)))},
			{Plate: "粤B00007", DrivingLicence: paper(strings.NewReader("a cat"))},
			fleetCar("粤B00008", companyName), fleetCar("粤B00009", companyName),
		}, true)
		h.must(err)
		want := []string{"", "OWNER_MISMATCH", "PLATE_PROTECTED", "", "INVALID_PLATE", "PLATE_MISMATCH", "DOCUMENT_TYPE_REFUSED", "", ""}
		for i, r := range results {
			got := ""
			if f := fault.As(r.Err); f != nil {
				got = f.Code()
				if reason, ok := f.Details()["reason"].(string); ok {
					got = reason
				}
			}
			if got != want[i] || (got == "") != (r.Vehicle != nil && r.Vehicle.Verified) {
				t.Errorf("vehicle %d: %q, want %q", i, got, want[i])
			}
		}
		if m := results[0].Vehicle.Verification.Method; *m != vehiclebinding.VerificationMethodFLEET {
			t.Errorf("verified by %s", *m)
		}
		if p.viewer().VerifiedVehicles() != 4 {
			t.Errorf("%d vehicles are verified", p.viewer().VerifiedVehicles())
		}
		h.must(early.returns())
		if early.viewer().BoundPlates() != 0 || h.told.kinds(early.id()) != "EVICTED" {
			t.Error("an earlier binder kept the plate")
		}
		_, err = h.BindPlate(early.ctx, "粤B00001", "", true)
		refused(t, err, identity.PlateProtected)
		p.binds("粤B77777") // three unverified ones are left
	})
}

func TestAFleetIsItsAccountsOwnAndATryIsCounted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p, f := h.fleet(mobile)
		other := h.arrives("13900139000", signin.ChannelAPP)
		_, err := h.VerifyFleetVehicles(other.ctx, f.Row, []identity.FleetVehicle{fleetCar(plate, companyName)}, true)
		refused(t, err, fault.NotFound)
		_, err = h.Fleet(other.ctx, f.Row)
		refused(t, err, fault.NotFound)
		for _, cars := range [][]identity.FleetVehicle{nil, make([]identity.FleetVehicle, 21)} {
			_, err = h.VerifyFleetVehicles(p.ctx, f.Row, cars, true)
			refused(t, err, fault.BadInput)
		}
		down := h.config
		down.Reader = away{}
		s, err := identity.New(down)
		h.must(err)
		for range 6 {
			results, err := s.VerifyFleetVehicles(p.ctx, f.Row, []identity.FleetVehicle{fleetCar(plate, companyName)}, true)
			h.must(err)
			refused(t, results[0].Err, fault.Unavailable)
		}
		for range 4 { // opening was the first
			_, err = h.VerifyFleetVehicles(p.ctx, f.Row, []identity.FleetVehicle{fleetCar("粤B1", companyName)}, true)
			h.must(err)
		}
		_, err = h.VerifyFleetVehicles(p.ctx, f.Row, []identity.FleetVehicle{fleetCar(plate, companyName)}, true)
		refused(t, err, fault.RateLimited)
	})
}

func TestOfACompanyNothingIsKeptInTheOpen(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		_, f := h.fleet(mobile)
		if text := fmt.Sprintf("%v %+v %#v", *f, f, *f); strings.Contains(text, companyName) || strings.Contains(text, creditCode) {
			t.Error("a fleet prints its company")
		}
		h.system(func(ctx context.Context, tx *ent.Tx) {
			kept := tx.Fleet.GetX(ctx, f.Row)
			for _, column := range [][]byte{kept.Name, kept.CreditCode, kept.NameIndex, kept.CreditCodeIndex} {
				if text := string(column); strings.Contains(text, creditCode) || strings.Contains(text, companyName) {
					t.Error("a company is kept in the open")
				}
			}
		})
	})
}

func TestAnAccountHasTwoHundredVehiclesOfFleets(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p, f := h.fleet(mobile)
		h.system(func(ctx context.Context, tx *ent.Tx) {
			for i := range 200 {
				car := tx.Vehicle.Create().SetPlateIndex(fmt.Appendf(nil, "plate %d", i)).SetOwnerAccountID(p.id()).
					SetCreatedAt(h.clock.Now()).SaveX(ctx)
				tx.VehicleBinding.Create().SetAccountID(p.id()).SetVehicleID(car.ID).SetBoundAt(h.clock.Now()).SetFleetID(f.Row).
					SetPlate(vault.Sealed{1}).SetPlateIndex(car.PlateIndex).SetPlateColor("BLUE").
					SetVerification(vehiclebinding.VerificationPASSED).ExecX(ctx)
			}
		})
		h.Forget()
		results, err := h.VerifyFleetVehicles(p.ctx, f.Row, []identity.FleetVehicle{fleetCar(plate, companyName)}, true)
		h.must(err)
		refused(t, results[0].Err, identity.TooManyFleetVehicles)
		h.must(p.returns())
		if p.viewer().BoundPlates() != 200 {
			t.Errorf("%d vehicles are bound", p.viewer().BoundPlates())
		}
	})
}
