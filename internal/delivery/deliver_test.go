package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/ent"
	"parkbff/ent/account"
	entdelivery "parkbff/ent/delivery"
	entnotice "parkbff/ent/notice"
	"parkbff/ent/task"
	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/testkit"
)

const (
	overPhone = entdelivery.ChannelJPUSH
	overMini  = entdelivery.ChannelWECHAT_MINI
)

func TestANoticeLeavesOncePerChannel(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.allows(1)
		rows := h.tells()
		if len(rows) != 2 {
			t.Fatalf("deliveries over %v", rows)
		}
		h.must(h.does(task.KindNOTICE, h.put[task.KindNOTICE], 2)) // a job may come again
		for range 3 {
			for _, row := range rows {
				h.must(h.does(task.KindDELIVERY, row, 1))
			}
		}
		if a, b := len(h.phones.Sent()), len(h.wechat.Sent()); a != 1 || b != 1 {
			t.Fatalf("the phone showed it %d times, WeChat %d", a, b)
		}
		shown := h.phones.Sent()[0]
		if shown.Title != "车辆入场" || shown.Body != "粤B***45 万***停车场 2026-11-21 下午" {
			t.Errorf("the phone showed %s, %s", shown.Title, shown.Body)
		}
	})
}

func TestOfTwoPhonesEachShowsItOnceThoughOneIsLate(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const tablet = "1a0018970a8e0c1f2b3"
		h.write(func(ctx context.Context, tx *ent.Tx) { h.ring(ctx, tx, h.signIn(ctx, tx, 2), tablet) })
		row := h.tells()[overPhone]
		h.phones.Trouble.Make(trouble.Limited, 1)
		if err := h.does(task.KindDELIVERY, row, 1); err == nil {
			t.Fatal("a phone that has not shown it is forgotten")
		}
		h.phones.Trouble.Make(trouble.Limited, 2)
		if err := h.does(task.KindDELIVERY, row, 2); err == nil || h.phones.Trouble.Left() != 1 {
			t.Fatalf("the phone that has shown it is asked again: %v", err)
		}
		h.phones.Trouble.Make(trouble.None, 0)
		h.must(h.does(task.KindDELIVERY, row, 3))
		shown := map[string]int{}
		for _, m := range h.phones.Sent() {
			shown[m.To]++
		}
		if diff := cmp.Diff(map[string]int{phone: 1, tablet: 1}, shown); diff != "" {
			t.Error(diff)
		}
		h.write(func(ctx context.Context, tx *ent.Tx) {
			if n := tx.PushEndpoint.Query().CountX(ctx); n != 2 {
				t.Errorf("%d phones are known", n)
			}
		})
	})
}

// Whatever goes wrong and whenever the program dies: nobody is told twice over one channel, and a phone is told
// in the end.
func TestNeitherTroubleNorDyingTellsTwice(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	h.allows(100)
	rapid.Check(t, func(rt *rapid.T) {
		h.clock.Pass(time.Minute)
		rows := h.tells()
		phones, minis := len(h.phones.Sent()), len(h.wechat.Sent())
		wrong := rapid.SampledFrom([]trouble.Kind{trouble.None, trouble.Down, trouble.Limited, trouble.LostAnswers})
		for step := range rapid.IntRange(1, 6).Draw(rt, "tries") {
			h.phones.Trouble.Make(wrong.Draw(rt, "JPush"), 1)
			h.wechat.Trouble.Make(wrong.Draw(rt, "WeChat"), 1)
			for _, row := range rows {
				h.dying = rapid.Bool().Draw(rt, "dies")
				_ = h.does(task.KindDELIVERY, row, 1+step) // as often as it takes
			}
		}
		h.dying = false
		h.phones.Trouble.Make(trouble.None, 0)
		h.wechat.Trouble.Make(trouble.None, 0)
		for _, row := range rows {
			if err := h.does(task.KindDELIVERY, row, 1); err != nil {
				rt.Fatal(err)
			}
		}
		if got := len(h.phones.Sent()) - phones; got != 1 {
			rt.Errorf("the phone showed it %d times", got)
		}
		told := len(h.wechat.Sent()) - minis
		state, reason := h.state(rows[overMini])
		unsure := state == entdelivery.StateFAILED && reason == message.Unsure.Code()
		if told > 1 || told == 0 && !unsure || state == entdelivery.StateSENT && told != 1 {
			rt.Errorf("WeChat showed it %d times, and it is %s %s", told, state, reason)
		}
	})
}

func TestWhatIsNeverTakenIsLeftToAnOperator(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		row := h.tells()[overPhone]
		h.phones.Trouble.Make(trouble.Down, 100)
		for attempt := range 9 {
			if err := h.does(task.KindDELIVERY, row, attempt+1); !errors.Is(err, fault.Unavailable) || isHopeless(err) {
				t.Fatalf("attempt %d: %v", attempt+1, err)
			}
		}
		if err := h.does(task.KindDELIVERY, row, 10); !isHopeless(err) {
			t.Fatalf("the last attempt: %v", err)
		}
		if state, reason := h.state(row); state != entdelivery.StateFAILED || reason != "UNAVAILABLE" {
			t.Errorf("it is %s %s", state, reason)
		}
		h.phones.Trouble.Make(trouble.None, 0)
		h.must(h.does(task.KindDELIVERY, row, 1)) // an operator has it tried again
		if state, _ := h.state(row); state != entdelivery.StateSENT || len(h.phones.Sent()) != 1 {
			t.Errorf("it is %s, and %d were shown", state, len(h.phones.Sent()))
		}
	})
}

func isHopeless(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "hopeless") }

func TestAMessageWaitsForTheEndOfTheQuietHoursAndIsDroppedWhenItIsNoNews(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		quiet := func(from, until int) {
			h.write(func(ctx context.Context, tx *ent.Tx) {
				tx.Account.Update().Where(account.ID(h.account)).SetQuietFrom(from * 60).SetQuietUntil(until * 60).ExecX(ctx)
			})
		}
		quiet(11, 14)
		row := h.tells()[overPhone]
		if err := h.does(task.KindDELIVERY, row, 1); fmt.Sprint(err) != "postponed until 2026-11-21T06:00:00Z" {
			t.Fatal(err)
		}
		h.clock.Pass(2 * time.Hour)
		h.must(h.does(task.KindDELIVERY, row, 1))
		if state, _ := h.state(row); state != entdelivery.StateSENT {
			t.Errorf("after them it is %s", state)
		}

		quiet(13, 6) // from 14:00 on that is sixteen hours
		row = h.tells()[overPhone]
		h.must(h.does(task.KindDELIVERY, row, 1))
		if state, reason := h.state(row); state != entdelivery.StateDROPPED || reason != "TOO_LATE" {
			t.Errorf("what would come a day late is %s %s", state, reason)
		}

		quiet(1, 2)
		row = h.tells()[overPhone]
		h.clock.Pass(12*time.Hour + time.Minute)
		h.must(h.does(task.KindDELIVERY, row, 1))
		if state, reason := h.state(row); state != entdelivery.StateDROPPED || reason != "TOO_LATE" {
			t.Errorf("after an outage of hours it is %s %s", state, reason)
		}
		h.clock.Pass(time.Minute)
		row = h.tells()[overPhone]
		h.write(func(ctx context.Context, tx *ent.Tx) {
			tx.Notice.Delete().Where(entnotice.AccountID(h.account)).ExecX(ctx)
		})
		h.must(h.does(task.KindDELIVERY, row, 1))
		if state, reason := h.state(row); state != entdelivery.StateDROPPED || reason != "NOTICE_GONE" {
			t.Errorf("without its notice it is %s %s", state, reason)
		}
		if got := len(h.phones.Sent()); got != 1 {
			t.Errorf("%d were shown", got)
		}
	})
}
