package parking_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/consent"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/store"
	"parkbff/internal/tariff"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
	"parkbff/internal/viewer"
)

// near is one character off car.
const near = "粤B12346"

func TestACarThatPaidAndLeftUnseenIsNotChargedUntilItLeavesAgain(t *testing.T) {
	for name, lost := range map[string]func(r *rig){
		"and comes back":              func(*rig) {},
		"and is elsewhere in between": func(r *rig) { r.sees("B", in, car, morning.Add(-10*time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			testkit.EachStore(t, func(t *testing.T, s *store.Store) {
				r := newRig(t, s)
				paid := r.sees("A", in, car, morning.Add(-20*time.Hour))
				r.pays(paid.Stay.Row, 500, morning.Add(-19*time.Hour-30*time.Minute))
				lost(r)
				back := r.sees("A", in, car, morning.Add(-90*time.Minute))
				if back.Stay.Row == paid.Stay.Row || back.Barrier.Reason != observation.ReasonWELCOME {
					t.Fatalf("the entry was taken for a reread of the paid stay: %+v", back.Barrier)
				}
				if left := r.sees("A", out, car, morning); left.Stay.Row != back.Stay.Row || left.Stay.FeeFen != 1000 {
					t.Errorf("left with %+v", left.Barrier)
				}
				got, err := r.Stay(r.staffOf("A"), paid.Stay.Row)
				if err != nil || got.State != parkingsession.StateGHOST || got.FeeFen != 500 || got.PaidFen != 500 {
					t.Errorf("the paid stay is %s, %d of %d, %v", got.State, got.PaidFen, got.FeeFen, err)
				}
			})
		})
	}
}

func (r *rig) pays(row, fen int64, at time.Time) {
	r.t.Helper()
	r.writes(func(ctx context.Context, tx *ent.Tx) error {
		_, err := r.Settle(ctx, tx, parking.Payment{SessionID: row, Fen: fen, PaidAt: at})
		return err
	})
}

func (r *rig) writes(fn func(ctx context.Context, tx *ent.Tx) error) {
	r.t.Helper()
	if err := r.store.WithTx(viewer.AsSystem(r.t.Context(), "test"), fn); err != nil {
		r.t.Fatal(err)
	}
}

func TestACountOfNoneOwesNobodyWhatWasPaid(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		paid := r.sees("A", in, car, morning.Add(-3*time.Hour))
		r.pays(paid.Stay.Row, 500, morning.Add(-2*time.Hour-30*time.Minute))
		r.countsNone("A", morning.Add(-time.Hour))
		got, err := r.Stay(r.staffOf("A"), paid.Stay.Row)
		if err != nil || got.State != parkingsession.StateGHOST || got.FeeFen != 500 {
			t.Errorf("%d of %d is paid, %v", got.PaidFen, got.FeeFen, err)
		}
	})
}

func TestACarThatWasLetGoTakesNoOtherCarsStayWithIt(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		other := r.sees("A", in, near, morning.Add(-3*time.Hour))
		r.sees("A", in, car, morning.Add(-10*time.Minute))
		if left := r.sees("A", out, car, morning.Add(-8*time.Minute)); left.Barrier.Decision != observation.DecisionRELEASE {
			t.Fatalf("got %+v", left.Barrier)
		}
		if _, err := r.Observe(r.gateOf("A"), report("A", out, car, morning)); !errors.Is(err, parking.EntryNotFound) {
			t.Errorf("the later reading: %v", err)
		}
		if got, err := r.Stay(r.staffOf("A"), other.Stay.Row); err != nil || got.State != parkingsession.StateOPEN {
			t.Errorf("the other car's stay is %s, %v", got.State, err)
		}
	})
}

func TestAMisreadCarThatIsHeldPaysAndLeavesThoughMisreadAgain(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		stay := r.sees("A", in, car, morning.Add(-90*time.Minute)).Stay.Row
		r.sees("A", out, near, morning.Add(-6*time.Minute))
		soon := r.sees("A", out, near, morning.Add(-5*time.Minute))
		if soon.Stay.Row != stay || soon.Barrier.Reason != observation.ReasonPAYMENT_DUE {
			t.Fatalf("read again at once: %+v", soon.Barrier)
		}
		r.pays(stay, 1000, morning.Add(-time.Minute))
		left := r.sees("A", out, near, morning)
		if left.Stay.Row != stay || left.Barrier.Decision != observation.DecisionRELEASE || left.Stay.Review != parkingsession.ReviewPENDING {
			t.Errorf("after paying: %+v", left.Barrier)
		}
	})
}

func TestAMisreadExitTellsOfTheStaysOwnPlate(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.hasBound(car)
		r.sees("A", in, car, morning.Add(-time.Hour))
		r.sees("A", out, near, morning)
		if len(r.told) != 2 || r.told[0].Plate != car || r.told[1].Plate != car {
			t.Errorf("told %d, the last of another plate", len(r.told))
		}
	})
}

// hasBound makes an account that follows and has bound a plate since the day before.
func (r *rig) hasBound(text string) {
	r.t.Helper()
	plate, err := cnid.ParsePlate(text, "")
	if err != nil {
		r.t.Fatal(err)
	}
	index := vault.New(vaulttest.Keys(r.t), r.store.DataKeys()).Index(parking.PlateIndex, plate.Key())
	since := morning.Add(-24 * time.Hour)
	r.writes(func(ctx context.Context, tx *ent.Tx) error {
		account, err := tx.Account.Create().SetMobile(vault.Sealed{1}).SetMobileIndex([]byte{1}).SetCreatedAt(since).Save(ctx)
		if err != nil {
			return err
		}
		car, err := tx.Vehicle.Create().SetPlateIndex(index).SetCreatedAt(since).Save(ctx)
		if err != nil {
			return err
		}
		agreed := func(to consent.Purpose) *ent.ConsentCreate {
			return tx.Consent.Create().SetAccountID(account.ID).SetPurpose(to).SetGrantedAt(since).
				SetPolicyVersion(agreements(r.t).InForce(since))
		}
		return errors.Join(
			agreed(consent.PurposePARKING_CORE).Exec(ctx),
			agreed(consent.PurposeMOVEMENT_TRACK).SetVehicleID(car.ID).Exec(ctx),
			tx.VehicleBinding.Create().SetAccountID(account.ID).SetVehicleID(car.ID).SetPlate(vault.Sealed{1}).
				SetPlateIndex(index).SetPlateColor(string(plate.Color())).SetBoundAt(since).Exec(ctx),
			tx.ChannelLink.Create().SetAccountID(account.ID).SetChannel(channellink.ChannelAPP).SetLinkedAt(since).Exec(ctx),
		)
	})
}

func TestAMisreadExitIsPricedAsTheCarThatEntered(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		lot := lotNamed("A")
		hourly := func(fen int64) tariff.RateTable {
			return tariff.RateTable{Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: fen})}
		}
		electric := hourly(100)
		electric.Energies = []tariff.Energy{tariff.Electric}
		schedule := tariff.Always(electric, hourly(500))
		lot.Tariff = &schedule
		r := newRig(t, s, lot)
		r.sees("A", in, "粤BD12345", morning.Add(-time.Hour))
		if left := r.sees("A", out, "粤BF12345", morning); left.Stay.FeeFen != 100 {
			t.Errorf("the fee is %d", left.Stay.FeeFen)
		}
	})
}

func TestAnExitThatAnotherCarWasMatchedByWaitsForNoEntry(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		entered := r.sees("A", in, car, morning.Add(-2*time.Hour))
		if left := r.sees("A", out, near, morning.Add(-time.Hour)); left.Stay == nil || left.Stay.Row != entered.Stay.Row {
			t.Fatalf("the misread car left with %+v", left.Barrier)
		}

		other := r.sees("A", in, near, morning.Add(-90*time.Minute))

		if other.Stay == nil || other.Stay.State != parkingsession.StateOPEN {
			t.Errorf("the car whose plate was read is not inside: %+v", other)
		}
	})
}

func TestAWrongMatchOfACarThatHasComeBackIsUndone(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		first := r.sees("A", in, car, morning.Add(-10*time.Hour))
		r.sees("A", out, near, morning.Add(-9*time.Hour))
		back := morning.Add(-time.Hour)
		r.sees("A", in, car, back)
		got, err := r.ReviewMatch(r.staffOf("A"), first.Stay.Row, false)
		if err != nil {
			t.Fatal(err)
		}
		if got.State != parkingsession.StateGHOST || got.FeeFen != 0 || got.GoneBefore == nil || !got.GoneBefore.Equal(back) {
			t.Errorf("undone to %s owing %d", got.State, got.FeeFen)
		}
	})
}

func TestAPlateIsSoughtInFewLotsHoweverManyAskAtOnce(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		const many = 12
		lots := make([]lotfile.Lot, many)
		for i := range lots {
			lots[i] = lotNamed(fmt.Sprintf("L%d", i))
		}
		r := newRig(t, s, lots...)
		var asking sync.WaitGroup
		var answered atomic.Int32
		for i := range many {
			asking.Go(func() {
				_, err := r.QuotePlate(t.Context(), car, "", fmt.Sprintf("L%d", i))
				switch {
				case err == nil:
					answered.Add(1)
				case !errors.Is(err, parking.QuoteNeedsLane) && !errors.Is(err, fault.Unavailable):
					t.Error(err)
				}
			})
		}
		asking.Wait()
		if n := answered.Load(); n > 3 {
			t.Errorf("%d lots answered", n)
		}
	})
}

func TestEntriesAndExitsUploadedByTwoGatesAtOnceFindEachOther(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		const cars = 40
		lot := lotNamed("A")
		lot.Gates = append(lot.Gates, lotfile.Gate{Code: "G2", Direction: lotfile.Exit})
		r := newRig(t, s, lot)
		var entries, exits []parking.Observation
		for n := range cars {
			plate := fmt.Sprintf("粤B%d%d%d%d%d", n/10, n%10, n/10, n%10, n%10)
			at := morning.Add(time.Duration(n-600) * time.Minute)
			entries = append(entries, report("A", in, plate, at))
			exit := report("A", out, plate, at.Add(90*time.Minute))
			exit.GateCode = "G2"
			exits = append(exits, exit)
		}
		var uploading sync.WaitGroup
		for _, batch := range [][]parking.Observation{entries, exits} {
			uploading.Go(func() {
				if _, err := r.ObserveAll(r.gateOf("A"), batch); err != nil {
					t.Error(err)
				}
			})
		}
		uploading.Wait()
		for _, stay := range r.staysOf("A", "粤") {
			if strings.Contains(stay, string(parkingsession.StateOPEN)) {
				t.Fatalf("an exit was lost: %s", stay)
			}
		}
	})
}

func TestTheVacancyOfATinyLotIsNotPublished(t *testing.T) {
	tiny := lotNamed("A")
	tiny.Capacity = 3
	r := newRig(t, testkit.SQLite(t), tiny)
	shown := func() parking.Band {
		if err := r.RefreshVacancies(t.Context()); err != nil {
			t.Fatal(err)
		}
		lot, _ := r.Lot("A")
		return lot.Vacancy().Band
	}
	empty := shown()
	r.sees("A", in, car, morning)
	if one := shown(); one != empty {
		t.Errorf("one car turns %s into %s", empty, one)
	}
}

func TestAPaymentOfLessThanWasQuotedBuysNoGrace(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		stay := r.sees("A", in, car, morning.Add(-90*time.Minute)).Stay.Row
		r.pays(stay, 1, morning.Add(-time.Minute))
		if left := r.sees("A", out, car, morning); left.Barrier.Decision != observation.DecisionHOLD || left.Stay.FeeFen != 1000 {
			t.Errorf("got %+v", left.Barrier)
		}
	})
}

func TestAPaymentOfWhatWasQuotedAMomentAgoBuysTheGrace(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		lot, hourly := lotNamed("A"), tariff.Always(tariff.RateTable{
			Collections:      tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: 500}),
			ExitGraceMinutes: 10,
		})
		lot.Tariff = &hourly
		r := newRig(t, s, lot)
		stay := r.sees("A", in, car, morning.Add(-62*time.Minute)).Stay.Row
		r.pays(stay, 500, morning.Add(-time.Minute)) // quoted before the second hour began
		if left := r.sees("A", out, car, morning); left.Barrier.Decision != observation.DecisionRELEASE {
			t.Errorf("got %+v", left.Barrier)
		}
	})
}

func TestPrintedStaysAndObservationsShowNothing(t *testing.T) {
	stay := parking.Stay{Plate: car, LotName: "万象城停车场"}
	seen := report("A", in, car, morning)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := fmt.Sprintf(format+format+format+format, stay, &stay, seen, &seen); strings.ContainsAny(got, car+"万象城") {
			t.Errorf("%s prints %s", format, got)
		}
	}
}

func TestALotIsSoughtByALongNameInChinese(t *testing.T) {
	r := newRig(t, testkit.SQLite(t))
	if _, err := r.Search(parking.Search{Text: strings.Repeat("停", 64)}, page.Request{First: 1}); err != nil {
		t.Error(err)
	}
}
