package delivery_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent"
	entdelivery "parkbff/ent/delivery"
	entnotice "parkbff/ent/notice"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/signin"
	"parkbff/ent/task"
	"parkbff/internal/cnid"
	"parkbff/internal/partner/sandbox/trouble"
)

const overText = entdelivery.ChannelSMS

// hasMobile lets the account be sent texts.
func (h *house) hasMobile() {
	h.t.Helper()
	var err error
	h.mobile, err = cnid.ParseMobile("13800138000")
	h.must(err)
}

// becomes fails unless a delivery is as told.
func (h *house) becomes(row int64, state entdelivery.State, reason string) {
	h.t.Helper()
	if gotState, gotReason := h.state(row); gotState != state || gotReason != reason {
		h.t.Errorf("it is %s %q, not %s %q", gotState, gotReason, state, reason)
	}
}

func TestNewsOfSecurityNeedsNoConsentToParking(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		entered, bound := h.tells()[overPhone], h.warns(entnotice.KindBOUND_BY_ANOTHER)[overPhone]
		h.consents = nil
		h.must(h.does(task.KindDELIVERY, entered, 1))
		h.must(h.does(task.KindDELIVERY, bound, 1))
		h.becomes(entered, entdelivery.StateDROPPED, "NOT_ALLOWED")
		h.becomes(bound, entdelivery.StateSENT, "")
		if got := h.warns(entnotice.KindEVICTED); got[overPhone] == 0 {
			t.Error("without the consent an eviction is told to nobody")
		}
	})
}

func TestATextReplacesAPhoneThatIsNoMoreThere(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.hasMobile()
		entered, evicted := h.tells()[overPhone], h.warns(entnotice.KindEVICTED)[overPhone]
		h.write(func(ctx context.Context, tx *ent.Tx) { tx.PushEndpoint.Delete().ExecX(ctx) })
		h.must(h.does(task.KindDELIVERY, entered, 1))
		h.becomes(entered, entdelivery.StateDROPPED, "DEVICE_GONE")
		if h.put[task.KindDELIVERY] != evicted {
			t.Error("who wants no texts is sent one about a stay")
		}
		h.must(h.does(task.KindDELIVERY, evicted, 1))
		h.becomes(evicted, entdelivery.StateDROPPED, "DEVICE_GONE")
		text := h.put[task.KindDELIVERY]
		if text == evicted {
			t.Fatal("nothing replaces it")
		}
		h.must(h.does(task.KindDELIVERY, text, 1))
		h.becomes(text, entdelivery.StateSENT, "")
	})
}

// Whoever binds a plate again and again makes the platform pay for texts to somebody else.
func TestOfOneKindThereAreSoManyTextsADay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.hasMobile()
		h.write(func(ctx context.Context, tx *ent.Tx) { tx.PushEndpoint.Delete().ExecX(ctx) })
		warn := func(kind entnotice.Kind) int64 {
			h.clock.Pass(time.Minute)
			row := h.warns(kind)[overText]
			h.must(h.does(task.KindDELIVERY, row, 1))
			return row
		}
		for range 10 {
			h.becomes(warn(entnotice.KindBOUND_BY_ANOTHER), entdelivery.StateSENT, "")
		}
		h.becomes(warn(entnotice.KindBOUND_BY_ANOTHER), entdelivery.StateDROPPED, "TOO_MANY")
		h.becomes(warn(entnotice.KindEVICTED), entdelivery.StateSENT, "")
		h.clock.Pass(24 * time.Hour)
		h.becomes(warn(entnotice.KindBOUND_BY_ANOTHER), entdelivery.StateSENT, "")
		if h.texts != 12 {
			t.Errorf("%d texts", h.texts)
		}
	})
}

func TestAPhoneWhoseSignInHasExpiredIsNotRung(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.write(func(ctx context.Context, tx *ent.Tx) {
			for number := range byte(12) { // newer ones, all expired
				id := h.signIn(ctx, tx, number+2)
				h.ring(ctx, tx, id, "expired"+string(rune('a'+number)))
				tx.SignIn.Update().Where(signin.ID(id)).SetExpiresAt(noon.Add(-time.Hour)).ExecX(ctx)
			}
		})
		row := h.tells()[overPhone]
		h.must(h.does(task.KindDELIVERY, row, 1))
		h.becomes(row, entdelivery.StateSENT, "")
		if got := h.phones.Sent(); len(got) != 1 || got[0].To != phone {
			t.Errorf("%d were rung", len(got))
		}
		h.write(func(ctx context.Context, tx *ent.Tx) {
			tx.SignIn.Update().SetRevokedAt(noon).ExecX(ctx)
			if n := tx.PushEndpoint.Query().Where(pushendpoint.AccountID(h.account)).CountX(ctx); n != 13 {
				t.Errorf("%d phones", n)
			}
		})
		if got := h.tells(); len(got) != 0 {
			t.Errorf("a notice goes to %v", got)
		}
	})
}

func TestAnAppThatIsTappedFindsTheNotice(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.must(h.does(task.KindDELIVERY, h.tells()[overPhone], 1))
		want := map[string]string{"kind": "ENTERED", "noticeId": "public 1"}
		if diff := cmp.Diff(want, h.phones.Sent()[0].Extras); diff != "" {
			t.Error(diff)
		}
	})
}

// While it is tried its reason is a code or none; what is kept beside goes with the end.
func TestHowFarItHasComeIsNoReason(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		progress := func(row int64) (p string) {
			h.write(func(ctx context.Context, tx *ent.Tx) { p = tx.Delivery.GetX(ctx, row).Progress })
			return p
		}
		row := h.tells()[overPhone]
		h.phones.Trouble.Make(trouble.Down, 100)
		if h.does(task.KindDELIVERY, row, 1) == nil {
			t.Fatal("it was taken")
		}
		h.becomes(row, entdelivery.StateWAITING, "")
		kept := progress(row)
		if !strings.Contains(kept, "=") {
			t.Errorf("no key is kept: %q", kept)
		}
		if h.does(task.KindDELIVERY, row, 10) == nil {
			t.Fatal("it was taken")
		}
		h.becomes(row, entdelivery.StateFAILED, "UNAVAILABLE")
		if got := progress(row); got != kept {
			t.Errorf("after its failure %q is kept, not %q", got, kept)
		}
		h.phones.Trouble.Make(trouble.None, 0)
		h.must(h.does(task.KindDELIVERY, row, 1))
		h.becomes(row, entdelivery.StateSENT, "")
		if got := progress(row); got != "" {
			t.Errorf("%q is left", got)
		}
		if key := h.phones.Sent()[0].Key; !strings.Contains(kept, key) {
			t.Error("the last try had another key than the first")
		}
	})
}

// No partner knows a key for longer than a day, and a wrong one would be refused for ever.
func TestAKeyThatIsTooOldIsTakenAnew(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		row := h.warns(entnotice.KindEVICTED)[overPhone]
		h.phones.Trouble.Make(trouble.Down, 100)
		if h.does(task.KindDELIVERY, row, 10) == nil {
			t.Fatal("it was taken")
		}
		var kept string
		h.write(func(ctx context.Context, tx *ent.Tx) { kept = tx.Delivery.GetX(ctx, row).Progress })
		h.phones.Trouble.Make(trouble.None, 0)
		h.clock.Pass(13 * time.Hour)
		h.must(h.does(task.KindDELIVERY, row, 1))
		h.becomes(row, entdelivery.StateSENT, "")
		if key := h.phones.Sent()[0].Key; kept == "" || strings.Contains(kept, key) {
			t.Error("an old key was used again")
		}
	})
}

func TestRecordsOfStaysGoWithTheirNoticesAndOthersAfterThreeYears(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		prune := func(want ...entdelivery.Kind) {
			t.Helper()
			h.must(h.service.Prune(t.Context()))
			var got []entdelivery.Kind
			h.write(func(ctx context.Context, tx *ent.Tx) {
				for _, row := range tx.Delivery.Query().Order(ent.Asc(entdelivery.FieldID)).AllX(ctx) {
					got = append(got, row.Kind)
				}
			})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		h.warns(entnotice.KindEVICTED)
		h.tells()
		h.clock.Pass(90 * 24 * time.Hour)
		prune(entdelivery.KindEVICTED, entdelivery.KindENTERED)
		h.clock.Pass(time.Second)
		prune(entdelivery.KindEVICTED)
		h.clock.Pass((3*365 - 90) * 24 * time.Hour)
		prune()
	})
}
