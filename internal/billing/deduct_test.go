package billing_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/agreement"
	"parkbff/ent/gatecommand"
	"parkbff/ent/notice"
	"parkbff/ent/observation"
	"parkbff/ent/payment"
	"parkbff/internal/cnid"
	"parkbff/internal/money"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

// agrees is a new account that has a car bound and has agreed to deductions for it.
func (h *house) agrees(plate string) context.Context {
	h.Helper()
	driver := h.driver()
	account := viewer.Of(driver).AccountID
	keys := vault.New(vaulttest.Keys(h), h.store.DataKeys())
	parsed, err := cnid.ParsePlate(plate, "")
	h.must(err)
	index := keys.Index(parking.PlateIndex, parsed.Key())
	h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		h.must(keys.Provide(ctx, vault.AccountKey(account)))
		sealed, err := keys.SealString(ctx, vault.AccountKey(account), "vehicle_binding.plate", plate)
		h.must(err)
		payer, err := keys.SealString(ctx, vault.AccountKey(account), "agreement.payer", "openid")
		h.must(err)
		car := tx.Vehicle.Create().SetPlateIndex(index).SetPasswordFree(true).SetCreatedAt(h.clock.Now()).SaveX(ctx)
		bound := tx.VehicleBinding.Create().SetAccountID(account).SetVehicleID(car.ID).SetPlate(sealed).SetPlateIndex(index).
			SetPlateColor("BLUE").SetBoundAt(h.clock.Now()).SaveX(ctx)
		return tx.Agreement.Create().SetAccountID(account).SetVehicleID(car.ID).SetBindingID(bound.ID).SetChannel(money.WeChat).
			SetState(agreement.StateOPEN).SetOpenedAt(h.clock.Now()).SetPayer(payer).SetCreatedAt(h.clock.Now()).Exec(ctx)
	}))
	return driver
}

// deductions counts those that were ever begun.
func (h *house) deductions() int {
	h.Helper()
	n, err := h.store.Fresh(h.asSystem()).Payment.Query().Where(payment.AgreementIDNotNil()).Count(h.asSystem())
	h.must(err)
	return n
}

// wantsOut has a car stay two hours and want to leave.
func (h *house) wantsOut(plate string) *parking.Outcome {
	h.Helper()
	h.sees(in, plate)
	h.works()
	h.pass(2 * time.Hour)
	return h.sees(out, plate)
}

func TestADeductionSettlesTheStayAndThenTheGateOpens(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.agrees(car)
		if held := h.wantsOut(car); held.Barrier.Decision != observation.DecisionHOLD || held.Barrier.Reason != observation.ReasonDEDUCTING {
			t.Errorf("the gate is told %s, %s", held.Barrier.Decision, held.Barrier.Reason)
		}
		if h.opened() != 0 {
			t.Error("the gate opened before anything was taken")
		}
		h.settles()
		if h.opened() != 1 || h.channel.keeps() != 1000 || len(h.told) == 0 || h.told[len(h.told)-1].Kind != notice.KindPAID {
			t.Errorf("opened %d times, %d fen taken, told %v", h.opened(), h.channel.keeps(), h.told)
		}
		if again := h.sees(out, car); again.Barrier.Decision != observation.DecisionRELEASE || h.deductions() != 1 {
			t.Errorf("seen again it is told %s, after %d deductions", again.Barrier.Reason, h.deductions())
		}
		h.balanced()
	})
}

func TestACarThatIsReadAgainIsDeductedOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.channel.deducting = charge.Pending
		h.agrees(car)
		h.wantsOut(car)
		h.works()
		h.pass(10 * time.Second)
		if again := h.sees(out, car); again.Barrier.Reason != observation.ReasonDEDUCTING || h.deductions() != 1 {
			t.Errorf("told %s after %d deductions", again.Barrier.Reason, h.deductions())
		}
		h.channel.ends(charge.Done)
		h.settles()
		if h.opened() != 1 || h.channel.keeps() != 1000 {
			t.Errorf("opened %d times for %d fen", h.opened(), h.channel.keeps())
		}
		h.balanced()
	})
}

func TestADeductionThatFailsIsAskedForOnceAndNotTriedAgain(t *testing.T) {
	for name, fails := range map[string]func(h *house){
		"at once": func(h *house) { h.channel.deducting = charge.Closed; h.wantsOut(car); h.works() },
		"later": func(h *house) {
			h.channel.deducting = charge.Pending
			h.wantsOut(car)
			h.works()
			h.channel.ends(charge.Closed)
			h.pass(2 * time.Second)
			h.works()
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				h.agrees(car)
				fails(h)
				if h.opened() != 0 || h.asked() != 1 || h.told[len(h.told)-1].Kind != notice.KindDEDUCTION_FAILED {
					t.Errorf("opened %d, asked %d times", h.opened(), h.asked())
				}
				if again := h.sees(out, car); again.Barrier.Reason != observation.ReasonPAYMENT_DUE || h.deductions() != 1 {
					t.Errorf("told %s after %d deductions", again.Barrier.Reason, h.deductions())
				}
				h.pays(h.driver(), h.laneQuote())
				h.settles()
				if h.opened() != 1 {
					t.Error("who has paid is kept")
				}
				h.balanced()
			})
		})
	}
}

// asked counts the texts that gates were sent.
func (h *house) asked() int {
	h.Helper()
	n, err := h.store.Fresh(h.asSystem()).GateCommand.Query().Where(gatecommand.KindEQ(gatecommand.KindDISPLAY)).Count(h.asSystem())
	h.must(err)
	return n
}

func TestWhoPaysWhileAChannelTakesLongHasTheDeductionBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.channel.deducting = charge.Pending
		h.agrees(car)
		h.wantsOut(car)
		h.works()
		if h.asked() != 0 {
			t.Error("asked at once")
		}
		h.pass(21 * time.Second)
		h.works()
		if h.asked() != 1 {
			t.Errorf("asked %d times", h.asked())
		}
		h.pays(h.driver(), h.laneQuote())
		if h.opened() != 1 {
			t.Error("who has paid is kept")
		}
		h.channel.ends(charge.Done)
		h.settles()
		if h.channel.keeps() != 1000 || h.opened() != 1 {
			t.Errorf("%d fen are kept", h.channel.keeps())
		}
		h.balanced()
	})
}

// What is not sure to be the car's stay, is late, or is owed by somebody in arrears, is never deducted.
func TestNothingIsDeductedThatIsNotSure(t *testing.T) {
	for name, leaves := range map[string]func(h *house){
		"a similar plate": func(h *house) {
			h.sees(in, "粤B12345")
			h.pass(2 * time.Hour)
			h.sees(out, "粤B12346")
		},
		"a ghost": func(h *house) {
			h.sees(in, car)
			h.pass(2 * time.Hour)
			h.seesAt("B", in, car)
			h.pass(time.Hour)
			h.sees(out, car)
		},
		"a late upload": func(h *house) {
			h.sees(in, car)
			h.codes++
			late := h.observation("A", out, car)
			late.ObservedAt = h.clock.Now().Add(2 * time.Hour)
			h.pass(27 * time.Hour)
			_, err := h.parking.Observe(h.gate("A"), late)
			h.must(err)
		},
		"arrears": func(h *house) {
			h.sees(in, car)
			h.codes++
			late := h.observation("A", out, car)
			late.ObservedAt = h.clock.Now().Add(2 * time.Hour)
			h.pass(27 * time.Hour)
			_, err := h.parking.Observe(h.gate("A"), late)
			h.must(err)
			if held := h.wantsOut(car); held.Barrier.Reason != observation.ReasonPAYMENT_DUE {
				h.Errorf("told %s", held.Barrier.Reason)
			}
		},
		"no agreement any more": func(h *house) {
			h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
				return tx.VehicleBinding.Update().SetEndedAt(h.clock.Now()).Exec(ctx)
			}))
			if held := h.wantsOut(car); held.Barrier.Reason != observation.ReasonPAYMENT_DUE {
				h.Errorf("told %s", held.Barrier.Reason)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				h.agrees(car)
				leaves(h)
				h.settles()
				if h.deductions() != 0 || h.channel.keeps() != 0 {
					t.Errorf("%d deductions, %d fen", h.deductions(), h.channel.keeps())
				}
			})
		})
	}
}

// A deduction is killed between any two of its steps, and its gate reports the car again, or does not. It ends paid,
// once, and nobody is let go before.
func TestADeductionThatIsKilledBetweenAnyTwoStepsIsTakenOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		dies := &crashes{}
		for _, again := range []bool{true, false} {
			deaths := 0
			for at := 1; ; at++ {
				plate := fmt.Sprintf("粤B%05d", 10000+h.codes)
				h.agrees(plate)
				if deaths == 0 && again {
					dies.watch(h)
				}
				h.sees(in, plate)
				h.pass(2 * time.Hour)
				h.codes++
				exit := h.observation("A", out, plate)
				before, opened := h.channel.keeps(), h.opened()
				leaves := func() {
					_, err := h.parking.Observe(h.gate("A"), exit)
					h.must(err)
					h.works()
				}

				dies.calls, dies.at = 0, at
				alive := survived(leaves)
				dies.at = 0
				if alive {
					break
				}
				deaths++
				h.open(h.parking, h.outbox)
				if again {
					leaves()
				}
				h.settles()
				kept := h.channel.keeps() - before
				if again && kept != 1000 || kept != 0 && kept != 1000 || kept == 0 && h.opened() != opened {
					t.Fatalf("killed at %d: %d fen are kept, the gate opened %d times", at, kept, h.opened()-opened)
				}
				h.balanced()
			}
			t.Logf("killed %d times", deaths)
			if deaths < 20 {
				t.Errorf("killed only %d times", deaths)
			}
		}
	})
}
