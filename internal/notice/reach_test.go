package notice_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/messagequota"
	entnotice "parkbff/ent/notice"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/task"
	"parkbff/internal/notice"
	"parkbff/internal/vault"
)

// puts keeps for whom something was put.
type puts struct{ accounts []int64 }

// Put keeps the account.
func (p *puts) Put(_ context.Context, _ *ent.Tx, _ task.Kind, _, accountID int64) error {
	p.accounts = append(p.accounts, accountID)
	return nil
}

func TestANoticeLeavesWhereItsAccountCanBeReachedOrMustBe(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		out := &puts{}
		s := notice.New(notice.Config{
			Store: h.store, Vault: h.vault, Bus: h.bus, Clock: h.clock, Lots: names{}, Log: slog.New(slog.DiscardHandler), Outbox: out,
		})
		silent, reached := h.account(), h.account()
		h.write(func(ctx context.Context, tx *ent.Tx) error {
			return tx.Account.Update().Where(account.ID(reached)).SetReachable(true).Exec(ctx)
		})
		urgent := h.entering(silent, 0)
		urgent.Kind = entnotice.KindEVICTED
		h.tell(s, h.entering(silent, 0), h.entering(reached, 0), urgent)
		if want := []int64{reached, silent}; !slices.Equal(out.accounts, want) {
			t.Errorf("put for %v, not for %v", out.accounts, want)
		}
	})
}

func TestAnAccountIsReachableWhileSomethingReachesIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id, other := h.account(), h.account()
		after := func(want bool, change func(ctx context.Context, tx *ent.Tx) error) {
			t.Helper()
			h.write(func(ctx context.Context, tx *ent.Tx) error {
				if err := change(ctx, tx); err != nil {
					return err
				}
				return notice.Reach(ctx, tx, id)
			})
			h.write(func(ctx context.Context, tx *ent.Tx) error {
				if got := tx.Account.GetX(ctx, id).Reachable; got != want || tx.Account.GetX(ctx, other).Reachable {
					t.Errorf("reachable is %v", got)
				}
				return nil
			})
		}
		set := func(change func(*ent.AccountUpdateOne)) func(ctx context.Context, tx *ent.Tx) error {
			return func(ctx context.Context, tx *ent.Tx) error {
				u := tx.Account.UpdateOneID(id)
				change(u)
				return u.Exec(ctx)
			}
		}
		after(false, set(func(u *ent.AccountUpdateOne) { u.SetPushWanted(true) }))
		after(true, func(ctx context.Context, tx *ent.Tx) error {
			return tx.PushEndpoint.Create().SetAccountID(id).SetSignInID(1).SetProvider(pushendpoint.ProviderJPUSH).
				SetPlatform(pushendpoint.PlatformIOS).SetToken(vault.Sealed{1}).SetTokenIndex([]byte{1}).SetCreatedAt(noon).Exec(ctx)
		})
		after(false, set(func(u *ent.AccountUpdateOne) { u.SetPushWanted(false) }))
		after(true, set(func(u *ent.AccountUpdateOne) { u.SetSmsWanted(true) }))
		after(false, set(func(u *ent.AccountUpdateOne) { u.SetSmsWanted(false) }))
		accepted := func(n int) func(ctx context.Context, tx *ent.Tx) error {
			return func(ctx context.Context, tx *ent.Tx) error {
				if _, err := tx.MessageQuota.Delete().Exec(ctx); err != nil {
					return err
				}
				return tx.MessageQuota.Create().SetAccountID(id).SetChannel(messagequota.ChannelWECHAT_MINI).
					SetKind(messagequota.KindENTERED).SetRemaining(n).SetChangedAt(noon).Exec(ctx)
			}
		}
		after(true, accepted(1))
		after(false, accepted(0))
	})
}
