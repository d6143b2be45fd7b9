package identity_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/gate"
	"parkbff/ent/parkingsession"
	"parkbff/ent/sessionaccess"
	"parkbff/ent/signin"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

const plate = "粤B12345"

func TestABoundPlateIsAFact(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		got, err := h.BindPlate(p.ctx, "粤b·12345", "", true)
		h.must(err)
		want := &identity.Vehicle{
			Row: got.Row, VehicleID: got.VehicleID, Plate: plate, PlateColor: cnid.Blue, BoundAt: h.clock.Now(),
			Verification: identity.Verification{Result: vehiclebinding.VerificationNONE},
			Messages:     []identity.MessageSetting{{Kind: identity.MessageEntered, On: true}, {Kind: identity.MessageExited, On: true}},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if v := p.viewer(); v.Tier() != viewer.TierFollowed || !v.Knows(viewer.Bound, got.VehicleID, 0) {
			t.Errorf("viewer %+v", v)
		}
		h.must(p.returns())
		if p.viewer().BoundPlates() != 1 {
			t.Error("the next request knows of no plate")
		}
		for _, find := range []func() (*identity.Vehicle, error){
			func() (*identity.Vehicle, error) { return h.Vehicle(p.ctx, got.Row) },
			func() (*identity.Vehicle, error) { return h.VehicleOf(p.ctx, got.VehicleID) },
			func() (*identity.Vehicle, error) { return h.BindPlate(p.ctx, plate, cnid.Blue, true) },
		} {
			same, err := find()
			h.must(err)
			if d := cmp.Diff(want, same); d != "" {
				t.Error(d)
			}
		}
	})
}

func TestBindingNeedsASeparateConsent(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		_, err := h.BindPlate(p.ctx, plate, "", false)
		refused(t, err, viewer.ConsentRequired)
		if fault.As(err).Details()["purpose"] != "MOVEMENT_TRACK" {
			t.Error(fault.As(err).Details())
		}
		v := p.binds(plate)
		agreed := p.consents()
		if len(agreed) != 2 || agreed[0].Purpose != consent.PurposeMOVEMENT_TRACK || agreed[0].WithdrawnAt != nil {
			t.Errorf("consents %+v", agreed)
		}
		h.must(h.UnbindPlate(p.ctx, v.Row))
		agreed = p.consents()
		if agreed[0].State != consents.Ended || agreed[0].WithdrawnAt != nil || agreed[0].EndedAt == nil {
			t.Errorf("with the binding the consent did not end, or was taken back: %+v", agreed[0])
		}

		h.system(func(ctx context.Context, tx *ent.Tx) {
			h.must(tx.Consent.Update().Where(consent.PurposeEQ(consent.PurposePARKING_CORE)).SetWithdrawnAt(h.clock.Now()).Exec(ctx))
		})
		_, err = h.BindPlate(p.ctx, plate, "", true)
		refused(t, err, viewer.ConsentRequired)
		if fault.As(err).Details()["purpose"] != "PARKING_CORE" {
			t.Error(fault.As(err).Details())
		}
	})
}

func TestWhoMayNotBind(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		_, err := h.BindPlate(viewer.With(t.Context(), viewer.Nobody()), plate, "", true)
		refused(t, err, fault.Unauthenticated)
		p := h.arrives(mobile, signin.ChannelAPP)
		_, err = h.BindPlate(p.ctx, "粤B1234I", "", true)
		refused(t, err, cnid.InvalidPlate)
		_, err = h.BindPlate(p.ctx, plate, cnid.Green, true)
		refused(t, err, cnid.InvalidColor)
	})
}

func TestThreeUnverifiedPlatesAreTheMost(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		errs := atOnce(5, func(i int) error {
			_, err := h.BindPlate(p.ctx, fmt.Sprintf("粤B1234%d", i), "", true)
			return err
		})
		if n := successes(errs); n != 3 {
			t.Fatalf("%d were bound: %v", n, errs)
		}
		all, err := h.Vehicles(p.ctx)
		h.must(err)
		h.must(p.verifies(all[0], licence(all[0].Plate, "张三"), card("张三", adult)))
		p.binds("粤B55555")
		_, err = h.BindPlate(p.ctx, "粤B66666", "", true)
		refused(t, err, identity.TooManyPlates)
		h.must(h.UnbindPlate(p.ctx, all[1].Row))
		p.binds("粤B66666")
	})
}

func TestAPlateBoundTwiceAtOnceIsOneBinding(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		rows := make([]int64, 8)
		for i, err := range atOnce(8, func(i int) error {
			v, err := h.BindPlate(viewer.With(t.Context(), p.viewer()), plate, "", true)
			if err == nil {
				rows[i] = v.Row
			}
			return err
		}) {
			if err != nil || rows[i] != rows[0] {
				t.Errorf("row %d, %v", rows[i], err)
			}
		}
	})
}

func TestEarlierBindersThatFollowAreTold(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		app, web := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelH5)
		twice := h.arrives("13700137000", signin.ChannelAPP)
		twice = &person{h, viewer.With(t.Context(), twice.viewer()), twice.tokens}
		h.arrives("13700137000", signin.ChannelWECHAT_MINI)
		for _, p := range []*person{app, web, twice} {
			p.binds(plate)
		}
		last := h.arrives("13600136000", signin.ChannelAPP)
		v := last.binds(plate)
		last.binds(plate)
		for p, want := range map[*person]string{
			app: "BOUND_BY_ANOTHER BOUND_BY_ANOTHER BOUND_BY_ANOTHER", web: "", twice: "BOUND_BY_ANOTHER", last: "",
		} {
			if got := h.told.kinds(p.id()); got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		}
		if n := h.told.all[0]; n.Plate != plate || n.VehicleID != v.VehicleID || n.OccurredAt.IsZero() {
			t.Error("the notice is not whole")
		}
	})
}

func TestVehiclesOfOthersAreNotThere(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p, other := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelAPP)
		v := p.binds(plate)
		name := "x"
		_, found := h.Vehicle(other.ctx, v.Row)
		if of, err := h.VehicleOf(other.ctx, v.VehicleID); of != nil || err != nil {
			t.Errorf("by the vehicle: %v, %v", of, err)
		}
		_, renamed := h.RenameVehicle(other.ctx, v.Row, &name)
		for _, err := range []error{found, renamed, h.UnbindPlate(other.ctx, v.Row), other.verifies(v, "{}", "{}")} {
			refused(t, err, fault.NotFound)
		}
		if h.told.kinds(p.id()) != "" {
			t.Error("told of nothing")
		}
	})
}

func TestANicknameIsTheAccountsOwn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		name := " 小红 "
		named, err := h.RenameVehicle(p.ctx, v.Row, &name)
		h.must(err)
		if named.Nickname == nil || *named.Nickname != "小红" {
			t.Error("another name")
		}
		for _, bad := range []string{"一二三四五六七八九十一二三四五六七八九十一", "a\x00b", "a\nb", "\xff"} {
			_, err := h.RenameVehicle(p.ctx, v.Row, &bad)
			refused(t, err, identity.InvalidNickname)
		}
		empty := " "
		named, err = h.RenameVehicle(p.ctx, v.Row, &empty)
		h.must(err)
		if named.Nickname != nil {
			t.Error("the name is still there")
		}
	})
}

func TestUnbindingTakesTheStaysThatWereNotPaid(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		h.must(p.verifies(v, licence(plate, "张三"), card("张三", adult)))
		h.stays(p.id(), v.VehicleID)

		h.must(h.UnbindPlate(p.ctx, v.Row))
		refused(t, h.UnbindPlate(p.ctx, v.Row), fault.NotFound)
		if p.viewer().BoundPlates() != 0 {
			t.Error("the viewer still has it")
		}
		if d := cmp.Diff([]string{"bound=false paid=true"}, h.views(p.id())); d != "" {
			t.Error(d)
		}
		h.arrives("13900139000", signin.ChannelAPP).binds(plate) // the protection is gone
	})
}

// stays gives an account a view of two stays of a vehicle, of which it paid one.
func (h *house) stays(accountID, vehicleID int64) {
	h.t.Helper()
	h.system(func(ctx context.Context, tx *ent.Tx) {
		lot, _ := h.lot(ctx, tx, fmt.Sprintf("L%d-%d", accountID, vehicleID))
		for _, paid := range []bool{false, true} {
			stay, err := tx.ParkingSession.Create().SetLotID(lot).SetVehicleID(vehicleID).SetState(parkingsession.StateCLOSED).
				SetPlate(vault.Sealed{1}).SetPlateIndex([]byte{1}).SetPlateColor("BLUE").
				SetEnteredAt(h.clock.Now()).SetCreatedAt(h.clock.Now()).Save(ctx)
			h.must(err)
			h.must(tx.SessionAccess.Create().SetAccountID(accountID).SetSessionID(stay.ID).SetVehicleID(vehicleID).
				SetBound(true).SetPaid(paid).Exec(ctx))
		}
	})
}

func (h *house) lot(ctx context.Context, tx *ent.Tx, code string) (lot, at int64) {
	h.t.Helper()
	row, err := tx.Lot.Create().SetCode(code).SetName("万象城").SetHalfName("万**").SetRegion("CN").SetCity("深圳").
		SetCapacity(10).SetCreatedAt(h.clock.Now()).Save(ctx)
	h.must(err)
	g, err := tx.Gate.Create().SetLotID(row.ID).SetCode("G1").SetDirection(gate.DirectionBOTH).SetLaneCode("lane-" + code).Save(ctx)
	h.must(err)
	return row.ID, g.ID
}

func (h *house) views(accountID int64) []string {
	h.t.Helper()
	var all []string
	h.system(func(ctx context.Context, tx *ent.Tx) {
		rows, err := tx.SessionAccess.Query().Where(sessionaccess.AccountID(accountID)).Order(sessionaccess.ByID()).All(ctx)
		h.must(err)
		for _, r := range rows {
			all = append(all, fmt.Sprintf("bound=%v paid=%v", r.Bound, r.Paid))
		}
	})
	return all
}

func TestFullMaskingNeedsFollowingAndAVerifiedVehicle(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		web := h.arrives(mobile, signin.ChannelH5)
		lacks := func(p *person, fact viewer.Fact, step viewer.Step) {
			t.Helper()
			err := h.SetFullMask(p.ctx, true)
			refused(t, err, viewer.FactRequired)
			want := map[string]any{"fact": string(fact), "nextStep": string(step)}
			if d := cmp.Diff(want, fault.As(err).Details()); d != "" {
				t.Error(d)
			}
		}
		lacks(web, viewer.Followed, viewer.FollowChannel)
		p := h.arrives(mobile, signin.ChannelAPP)
		lacks(p, viewer.Verified, viewer.BindPlate)
		v := p.binds(plate)
		lacks(p, viewer.Verified, viewer.VerifyVehicle)
		h.must(p.verifies(v, licence(plate, "张三"), card("张三", adult)))

		h.clock.Pass(10 * time.Minute)
		h.must(h.SetFullMask(p.ctx, true))
		h.must(h.SetFullMask(p.ctx, true))
		if !p.viewer().FullMask {
			t.Error("the viewer does not know")
		}
		refused(t, h.SetFullMask(p.ctx, false), identity.StepUpRequired)
		again := h.arrives(mobile, signin.ChannelAPP)
		h.must(h.SetFullMask(again.ctx, false))
		h.must(p.returns())
		if p.viewer().FullMask {
			t.Error("the other sign-in does not know")
		}
	})
}
