package identity_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/signin"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/partner/ocr"
	ocrsandbox "parkbff/internal/partner/sandbox/ocr"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/viewer"
)

func TestAVerifiedVehicleIsProtected(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		got, err := h.VerifyVehicle(p.ctx, v.Row, paper(slowly{strings.NewReader(licence("粤B·12345", "阿凡提·买买提"))}), paper(strings.NewReader(card("阿凡提买买提", adult))))
		h.must(err)
		check := got.Verification
		if !got.Verified || check.Result != vehiclebinding.VerificationPASSED || check.Reason != nil ||
			*check.Method != vehiclebinding.VerificationMethodDOCUMENTS || !check.CheckedAt.Equal(h.clock.Now()) {
			t.Errorf("verification %+v", check)
		}
		if p.viewer().Tier() != viewer.TierVerified {
			t.Errorf("tier %s", p.viewer().Tier())
		}
		again, err := h.VerifyVehicle(p.ctx, v.Row, paper(nil), paper(nil))
		h.must(err)
		if !again.Verified {
			t.Error("verified once is verified")
		}
		_, err = h.BindPlate(h.arrives("13900139000", signin.ChannelAPP).ctx, plate, "", true)
		refused(t, err, identity.PlateProtected)
	})
}

func TestVerifyingEvictsOtherBinders(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		app, web := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelH5)
		evicted := app.binds(plate)
		web.binds(plate)
		h.stays(app.id(), evicted.VehicleID)
		owner := h.arrives("13700137000", signin.ChannelAPP)
		v := owner.binds(plate)
		h.must(owner.verifies(v, licence(plate, "张三"), card("张三", adult)))

		for _, p := range []*person{app, web} {
			h.must(p.returns())
			if p.viewer().BoundPlates() != 0 {
				t.Error("an evicted binder still has the plate")
			}
			agreed := p.consents()
			if agreed[0].State != consents.Ended || agreed[0].WithdrawnAt != nil {
				t.Errorf("with the binding the consent did not end, or was taken back: %+v", agreed[0])
			}
		}
		if got := h.told.kinds(app.id()); got != "BOUND_BY_ANOTHER BOUND_BY_ANOTHER EVICTED" {
			t.Errorf("told %q", got)
		}
		if got := h.told.kinds(web.id()) + h.told.kinds(owner.id()); got != "" {
			t.Errorf("told %q", got)
		}
		if got := h.views(app.id()); len(got) != 1 || got[0] != "bound=false paid=true" {
			t.Errorf("views %q", got)
		}
		refused(t, app.verifies(evicted, licence(plate, "李四"), card("李四", another)), identity.PlateProtected)
	})
}

func TestOfTwoThatVerifyAtOnceOneWins(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		two := []*person{h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelAPP)}
		bound := []*identity.Vehicle{two[0].binds(plate), two[1].binds(plate)}
		names, ids := []string{"张三", "李四"}, []string{adult, another}
		errs := atOnce(2, func(i int) error {
			return two[i].verifies(bound[i], licence(plate, names[i]), card(names[i], ids[i]))
		})
		if successes(errs) != 1 {
			t.Fatal(errs)
		}
		for i, err := range errs {
			h.must(two[i].returns())
			if err == nil && !two[i].viewer().HasVerified() {
				t.Error("the winner has nothing")
			}
			if err != nil {
				refused(t, err, identity.PlateProtected)
				if two[i].viewer().BoundPlates() != 0 {
					t.Error("the loser has the plate")
				}
			}
		}
	})
}

func TestBindingDoesNotOutrunAVerification(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, other := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelAPP)
		v := owner.binds(plate)
		errs := atOnce(2, func(i int) error {
			if i == 0 {
				return owner.verifies(v, licence(plate, "张三"), card("张三", adult))
			}
			_, err := h.BindPlate(other.ctx, plate, "", true)
			return err
		})
		h.must(errs[0])
		if errs[1] != nil && !errors.Is(errs[1], fault.NotFound) { // bound and evicted before it was read back
			refused(t, errs[1], identity.PlateProtected)
		}
		h.must(other.returns())
		if other.viewer().BoundPlates() != 0 {
			t.Error("a protected plate is bound")
		}
	})
}

func TestDocumentsThatProveNothingAreRefused(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for want, papers := range map[string][2]string{
			"PLATE_MISMATCH":      {licence("粤B54321", "张三"), card("张三", adult)},
			"OWNER_MISMATCH":      {licence(plate, "李四"), card("张三", adult)},
			"INVALID_ID_NUMBER":   {licence(plate, "张三"), card("张三", "110105194912310021")},
			"MINOR":               {licence(plate, "张三"), card("张三", child)},
			"DOCUMENT_UNREADABLE": {`{"cat":"grey"}`, card("张三", adult)},
		} {
			p := h.arrives(mobile, signin.ChannelAPP)
			v := p.binds(plate)
			err := p.verifies(v, papers[0], papers[1])
			refused(t, err, identity.VerificationRefused)
			if got := fault.As(err).Details()["reason"]; got != want {
				t.Errorf("reason %v, want %s", got, want)
			}
			kept, err := h.Vehicle(p.ctx, v.Row)
			h.must(err)
			if r := kept.Verification; r.Result != vehiclebinding.VerificationREFUSED || *r.Reason != want || kept.Verified {
				t.Errorf("%s: kept %+v", want, r)
			}
			if want == "MINOR" {
				if grown := h.adult(p.id()); grown == nil || *grown {
					t.Error("the age is not kept")
				}
			}
			h.must(h.UnbindPlate(p.ctx, v.Row))
			h.clock.Pass(24 * time.Hour)
		}
	})
}

// child turned 17 on the day the tests play.
const child = "110105200911210017"

func (h *house) adult(accountID int64) (grown *bool) {
	h.system(func(ctx context.Context, tx *ent.Tx) {
		row, err := tx.Account.Query().Where(account.ID(accountID)).Only(ctx)
		h.must(err)
		grown = row.Adult
	})
	return grown
}

func TestOneAccountIsOnePerson(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		first, second := p.binds(plate), p.binds("粤BD12345")
		h.must(p.verifies(first, licence(plate, "张三"), card("张三", adult)))
		err := p.verifies(second, licence("粤BD12345", "李四"), card("李四", another))
		refused(t, err, identity.VerificationRefused)
		if fault.As(err).Details()["reason"] != "PERSON_MISMATCH" {
			t.Error(fault.As(err).Details())
		}
		h.must(p.verifies(second, licence("粤BD12345", "张三"), card("张三", adult)))
	})
}

func TestFiveTriesADay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		good, id := licence(plate, "张三"), card("张三", adult)
		errs := atOnce(7, func(int) error {
			return (&person{h, viewer.With(t.Context(), p.viewer()), p.tokens}).verifies(v, licence("粤B54321", "张三"), id)
		})
		limited := 0
		for _, err := range errs {
			if errors.Is(err, fault.RateLimited) {
				limited++
			}
		}
		if limited != 2 {
			t.Errorf("%d were limited: %v", limited, errs)
		}
		err := p.verifies(v, good, id)
		refused(t, err, fault.RateLimited)
		if fault.As(err).Details()["retryAfter"] != 86400 {
			t.Error(fault.As(err).Details())
		}
		h.clock.Pass(24 * time.Hour)
		h.must(p.verifies(v, good, id))
	})
}

func TestDocumentsHaveALimit(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		err := p.verifies(v, licence(plate, "张三"), strings.Repeat("x", 5<<20+1))
		refused(t, err, identity.DocumentTooLarge)
		if fault.As(err).Field() != "idCard" {
			t.Error("the field is not named")
		}
		padded := licence(plate, "张三") + strings.Repeat(" ", 5<<20-len(licence(plate, "张三")))
		h.must(p.verifies(v, padded, card("张三", adult)))
	})
}

// away is a reader that cannot answer.
type away struct{}

func (away) ReadDrivingLicence(context.Context, []byte) (ocr.DrivingLicence, error) {
	return ocr.DrivingLicence{}, fault.Unavailable
}

func (away) ReadIDCard(context.Context, []byte) (ocr.IDCard, error) {
	return ocr.IDCard{}, fault.Unavailable
}

func (away) ReadPropertyCertificate(context.Context, []byte) (ocr.PropertyCertificate, error) {
	return ocr.PropertyCertificate{}, fault.Unavailable
}

func (away) ReadBusinessLicence(context.Context, []byte) (ocr.BusinessLicence, error) {
	return ocr.BusinessLicence{}, fault.Unavailable
}

func (away) Takes() []string { return []string{ocrsandbox.MediaType} }

func TestAnOutageCostsNoTry(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		down := h.config
		down.Reader = away{}
		s, err := identity.New(down)
		h.must(err)
		for range 6 {
			_, err := s.VerifyVehicle(p.ctx, v.Row, paper(strings.NewReader("{}")), paper(strings.NewReader("{}")))
			refused(t, err, fault.Unavailable)
		}
		h.must(p.verifies(v, licence(plate, "张三"), card("张三", adult)))
	})
}

// whenRead is a document; reading it does something first.
type whenRead struct {
	io.Reader
	do func()
}

func (w *whenRead) Read(p []byte) (int, error) {
	if w.do != nil {
		do := w.do
		w.do = nil
		do()
	}
	return w.Reader.Read(p)
}

func TestARefusalDoesNotUndoAVerificationThatCameFirst(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		again := &person{h, viewer.With(t.Context(), p.viewer()), p.tokens}
		late := &whenRead{strings.NewReader(licence("粤B54321", "张三")), func() {
			h.must(p.verifies(v, licence(plate, "张三"), card("张三", adult)))
		}}
		shown, err := h.VerifyVehicle(again.ctx, v.Row, paper(late), paper(strings.NewReader(card("张三", adult))))
		h.must(err)
		if !shown.Verified {
			t.Error("a verified vehicle is answered as it is")
		}
		h.must(p.returns())
		if !p.viewer().HasVerified() {
			t.Error("the vehicle is not verified any more")
		}
	})
}

func TestAChildsCardMakesNoMinorOfAGrownPerson(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p, _ := h.owner(mobile)
		second := p.binds("粤BD12345")
		err := p.verifies(second, licence("粤BD12345", "小明"), card("小明", child))
		refused(t, err, identity.VerificationRefused)
		if got := fault.As(err).Details()["reason"]; got != "MINOR" {
			t.Errorf("reason %v", got)
		}
		if grown := h.adult(p.id()); grown == nil || !*grown {
			t.Error("the age was taken from another's card")
		}
		h.clock.Pass(8 * 24 * time.Hour)
		h.must(h.EraseOverdue(t.Context()))
		if again := h.arrives(mobile, signin.ChannelAPP); again.id() != p.id() {
			t.Error("the account was erased")
		}
	})
}

func TestWhoGaveAPlateUpDoesNotLearnWhetherSomebodyVerifiesIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		former, evicted := h.arrives("13900139000", signin.ChannelAPP), h.arrives("13700137000", signin.ChannelAPP)
		once, lost := former.binds(plate), evicted.binds(plate)
		h.must(h.UnbindPlate(former.ctx, once.Row))
		verifies := func(p *person, v *identity.Vehicle) error {
			return p.verifies(v, licence(plate, "李四"), card("李四", another))
		}
		refused(t, verifies(former, once), fault.NotFound)
		owner, car := h.owner(mobile)
		refused(t, verifies(former, once), fault.NotFound)
		refused(t, verifies(evicted, lost), identity.PlateProtected)
		h.must(h.UnbindPlate(owner.ctx, car.Row))
		refused(t, verifies(evicted, lost), identity.PlateProtected) // as they were told; of the owner no more is learnt
	})
}
