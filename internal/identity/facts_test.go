package identity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parkbff/ent"
	"parkbff/ent/signin"
	"parkbff/ent/staffrole"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/bus"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/identity/token"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

func TestFactsReadBeforeAChangeAreNotKept(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		h.Forget()
		h.afterSignInsAreRead(func() {
			h.system(func(ctx context.Context, tx *ent.Tx) {
				h.must(tx.SignIn.Update().SetRevokedAt(h.clock.Now()).Exec(ctx))
			})
			h.HearOfChange(p.id())
		})
		h.must(p.returns()) // asked before the change
		refused(t, p.returns(), identity.SignInEnded)
	})
}

func TestFactsAreAnsweredWhileEverythingIsForgotten(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		p.binds(plate)
		h.Forget()
		h.afterSignInsAreRead(h.Forget)
		h.must(p.returns())
		if p.viewer().BoundPlates() != 1 {
			t.Error("facts are lost")
		}
	})
}

// afterSignInsAreRead has something happen once, right after the sign-ins of accounts were read.
func (h *house) afterSignInsAreRead(happens func()) {
	once := sync.OnceFunc(happens)
	h.store.Fresh(h.t.Context()).SignIn.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			read, err := next.Query(ctx, q)
			once()
			return read, err
		})
	}))
}

func TestWhoAsksForFactsDoesNotWaitForThoseWhoAskLater(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	p := h.arrives(mobile, signin.ChannelAPP)
	h.Forget()
	reads, answered := 0, make(chan struct{})
	h.store.Fresh(t.Context()).SignIn.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			reads++
			if reads <= 5 {
				h.AskForFacts(p.id() + int64(reads)) // whenever a reading ends, somebody else has asked
			}
			if reads == 5 {
				select {
				case <-answered:
				case <-time.After(5 * time.Second):
					t.Error("four others who asked later were answered first")
				}
			}
			return next.Query(ctx, q)
		})
	}))
	h.must(p.returns())
	close(answered)
}

func TestFactsThatAreAskedForAgainAreReadTogetherBeforeTheyAreTooOld(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		one := h.arrives(mobile, signin.ChannelAPP)
		for i := range 63 { // one in 64 accounts shares its place in memory
			m, err := cnid.ParseMobile(fmt.Sprintf("1390000%04d", i))
			h.must(err)
			_, err = h.AccountOf(t.Context(), m)
			h.must(err)
		}
		other := h.arrives("13900001000", signin.ChannelAPP)
		for i := range 63 {
			m, err := cnid.ParseMobile(fmt.Sprintf("1390001%04d", i))
			h.must(err)
			_, err = h.AccountOf(t.Context(), m)
			h.must(err)
		}
		seldom := h.arrives("13900001001", signin.ChannelAPP)
		if one.id()%64 != other.id()%64 || one.id()%64 != seldom.id()%64 {
			t.Fatal("the accounts are apart")
		}
		h.Forget()
		for _, p := range []*person{one, other, other, seldom} {
			h.must(p.returns())
		}

		h.clock.Pass(time.Minute)
		h.must(one.returns())
		h.system(func(ctx context.Context, tx *ent.Tx) { // by another program
			h.must(tx.SignIn.Update().SetRevokedAt(h.clock.Now()).Exec(ctx))
		})

		h.must(other.returns()) // read with the first
		refused(t, seldom.returns(), identity.SignInEnded)
		h.clock.Pass(time.Minute)
		refused(t, other.returns(), identity.SignInEnded)
	})
}

func TestManyWhoAskForFactsAtOnceAreEachAnsweredTheirOwn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var (
			people []*person
			ids    []int64
		)
		for i := range 12 {
			p := h.arrives(fmt.Sprintf("1390000%04d", i), signin.ChannelAPP)
			for range i % 3 {
				p.binds(fmt.Sprintf("粤B%05d", len(people)*10+len(p.viewer().Vehicles)))
			}
			people, ids = append(people, p), append(ids, p.id())
		}
		for range 5 {
			h.Forget()
			var asking sync.WaitGroup
			for i, p := range people {
				asking.Go(func() {
					if err := p.returns(); err != nil {
						t.Error(err)
					}
					if got := p.viewer(); got.AccountID != ids[i] || got.BoundPlates() != i%3 {
						t.Errorf("account %d is answered %d with %d vehicles", ids[i], got.AccountID, got.BoundPlates())
					}
				})
			}
			asking.Wait()
		}
	})
}

func TestFactsComeFromMemory(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		p.binds(plate)
		h.must(p.returns())
		before := p.viewer()
		h.system(func(ctx context.Context, tx *ent.Tx) { // another program writes
			h.must(tx.VehicleBinding.Update().SetEndedAt(h.clock.Now()).SetEndReason(vehiclebinding.EndReasonUNBOUND).Exec(ctx))
		})
		h.must(p.returns())
		if p.viewer() != before {
			t.Error("the viewer was made anew")
		}
		h.Forget()
		h.must(p.returns())
		if p.viewer().BoundPlates() != 0 {
			t.Error("old facts after Forget")
		}
	})
}

func TestFactsAreBelievedForAMinuteAtMost(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		h.must(p.returns())
		h.system(func(ctx context.Context, tx *ent.Tx) {
			h.must(tx.SignIn.Update().SetRevokedAt(h.clock.Now()).Exec(ctx))
		})
		h.clock.Pass(time.Minute)
		refused(t, p.returns(), identity.SignInEnded)
	})
}

// replicas answers two services on one store, which hear each other.
func replicas(t *testing.T, h *house) (here, there *identity.Service) {
	b, err := bus.Open(t.Context(), bus.Options{})
	h.must(err)
	t.Cleanup(func() { h.must(b.Close(context.WithoutCancel(t.Context()))) })
	h.config.Bus = b
	both := make([]*identity.Service, 2)
	for i := range both {
		both[i], err = identity.New(h.config)
		h.must(err)
		stop, err := both[i].Watch(t.Context())
		h.must(err)
		t.Cleanup(stop)
	}
	return both[0], both[1]
}

func TestOtherReplicasHearOfChanges(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		here, there := replicas(t, h)
		h.Service = there
		p := h.arrives(mobile, signin.ChannelAPP)
		h.must(p.returns())
		ended, cancel := there.SignInEnded(p.viewer().SignInID)
		defer cancel()

		_, err := here.BindPlate(viewer.With(t.Context(), p.viewer()), plate, "", true)
		h.must(err)
		eventually(t, func() bool { h.must(p.returns()); return p.viewer().BoundPlates() == 1 })

		h.must(here.SignOut(viewer.With(t.Context(), p.viewer())))
		select {
		case <-ended:
		case <-time.After(time.Second):
			t.Fatal("the other replica's sockets stay open")
		}
		eventually(t, func() bool { return p.returns() != nil })
	})
}

func TestDoubtEndsSignInsWhoseEndWentUnheard(t *testing.T) {
	for name, doubt := range map[string]func(*house){
		"checked":                func(h *house) { h.Doubt() },
		"with all that is known": func(h *house) { h.Forget() },
	} {
		t.Run(name, func(t *testing.T) { eachHouse(t, func(t *testing.T, h *house) { doubtEnds(t, h, doubt) }) })
	}
}

func doubtEnds(t *testing.T, h *house, doubt func(*house)) {
	t.Helper()
	stop, err := h.Watch(t.Context())
	h.must(err)
	defer stop()
	p, living := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelAPP)
	ended, cancel := h.SignInEnded(p.viewer().SignInID)
	defer cancel()
	lives, cancel := h.SignInEnded(living.viewer().SignInID)
	defer cancel()
	h.system(func(ctx context.Context, tx *ent.Tx) {
		h.must(tx.SignIn.UpdateOneID(p.viewer().SignInID).SetRevokedAt(h.clock.Now()).Exec(ctx))
	})
	doubt(h)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("the end went unheard")
	}
	select {
	case <-lives:
		t.Error("a living sign-in was ended")
	default:
	}
}

func TestWatchLeavesNothingBehind(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		before := goleak.IgnoreCurrent()
		stop, err := h.Watch(t.Context())
		h.must(err)
		stop()
		stop()
		goleak.VerifyNone(t, before)
		_, cancel := h.SignInEnded(1)
		cancel()
		cancel()
	})
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never")
		}
	}
}

func TestGatesAreKnownByTheirTokens(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var lot, at int64
		h.system(func(ctx context.Context, tx *ent.Tx) { lot, at = h.lot(ctx, tx, "SZ001") })
		ctx := viewer.AsSystem(t.Context(), "test")
		who := func(raw string) (*viewer.Viewer, error) {
			t.Helper()
			claims, err := h.issuer.Verify(raw)
			h.must(err)
			return h.Viewer(t.Context(), claims)
		}

		raw, err := h.GateToken(ctx, "SZ001", "G1")
		h.must(err)
		v, err := who(raw)
		h.must(err)
		if v.Kind != viewer.Gate || v.GateID != at || !v.WorksAt(lot) || v.ManagesLot(lot) {
			t.Errorf("gate %+v", v)
		}
		h.must(h.RevokeGateTokens(ctx, "SZ001", "G1"))
		_, err = who(raw)
		refused(t, err, token.Invalid)
		raw, err = h.GateToken(ctx, "SZ001", "G1")
		h.must(err)
		_, err = who(raw)
		h.must(err)
	})
}

func TestStaffAreKnownByTheirPosts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var lot, member int64
		h.system(func(ctx context.Context, tx *ent.Tx) {
			lot, _ = h.lot(ctx, tx, "SZ001")
			shop, err := tx.Store.Create().SetCode("S1").SetName("龙华店").Save(ctx)
			h.must(err)
			row, err := tx.Staff.Create().SetLabel("S-17").SetCreatedAt(h.clock.Now()).Save(ctx)
			h.must(err)
			member = row.ID
			h.must(tx.StaffRole.Create().SetStaffID(member).SetLotID(lot).SetRole(staffrole.RoleATTENDANT).Exec(ctx))
			h.must(tx.StaffRole.Create().SetStaffID(member).SetStoreID(shop.ID).SetRole(staffrole.RoleCLERK).Exec(ctx))
		})
		claims := token.Claims{Use: token.Staff, Subject: member, SignIn: 1}
		v, err := h.Viewer(t.Context(), claims)
		h.must(err)
		if v.Kind != viewer.Staff || !v.WorksAt(lot) || v.ManagesLot(lot) || v.Holds(viewer.Officer) || len(v.Stores) != 1 || v.Stores[0].Role != viewer.Clerk {
			t.Errorf("staff %+v", v)
		}
		h.system(func(ctx context.Context, tx *ent.Tx) {
			h.StaffChanged(ctx, member)
			h.must(tx.StaffRole.Create().SetStaffID(member).SetRole(staffrole.RoleOFFICER).Exec(ctx))
		})
		if v, err = h.Viewer(t.Context(), claims); err != nil || !v.Holds(viewer.Officer) {
			t.Errorf("promoted %+v, %v", v, err)
		}
	})
}

// machines are a gate and a member of staff, and how the tokens of each are ended by a replica.
func machines(h *house) (gate, member token.Claims, end map[token.Use]func(by *identity.Service)) {
	h.system(func(ctx context.Context, tx *ent.Tx) {
		_, at := h.lot(ctx, tx, "SZ001")
		row, err := tx.Staff.Create().SetLabel("S-17").SetCreatedAt(h.clock.Now()).Save(ctx)
		h.must(err)
		gate = token.Claims{Use: token.Gate, Subject: at, SignIn: 1}
		member = token.Claims{Use: token.Staff, Subject: row.ID, SignIn: 1}
	})
	return gate, member, map[token.Use]func(*identity.Service){
		token.Gate: func(by *identity.Service) {
			h.must(by.RevokeGateTokens(viewer.AsSystem(h.t.Context(), "test"), "SZ001", "G1"))
		},
		token.Staff: func(by *identity.Service) {
			h.system(func(ctx context.Context, tx *ent.Tx) {
				by.StaffChanged(ctx, member.Subject)
				h.must(tx.Staff.UpdateOneID(member.Subject).AddTokenGeneration(1).Exec(ctx))
			})
		},
	}
}

func TestOtherReplicasHearOfTheEndOfGatesAndStaffsTokens(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		here, there := replicas(t, h)
		gate, member, end := machines(h)
		for _, claims := range []token.Claims{gate, member} {
			ended, _, cancel := there.Stand(claims)
			defer cancel()
			_, err := there.Viewer(t.Context(), claims)
			h.must(err)
			end[claims.Use](here)
			select {
			case <-ended:
			case <-time.After(time.Second):
				t.Fatalf("the other replica's %s sockets stay open", claims.Use)
			}
			eventually(t, func() bool { _, err := there.Viewer(t.Context(), claims); return errors.Is(err, token.Invalid) })
			later := claims
			later.SignIn++
			next, _, cancel := there.Stand(later)
			defer cancel()
			_, err = there.Viewer(t.Context(), later)
			h.must(err)
			stillOpen(t, next)
		}
	})
}

func TestDoubtEndsGatesAndStaffsTokensWhoseEndWentUnheard(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		stop, err := h.Watch(t.Context())
		h.must(err)
		defer stop()
		gate, member, end := machines(h)
		elsewhere, err := identity.New(h.config)
		h.must(err)
		living := member
		living.SignIn = 2
		for _, claims := range []token.Claims{gate, member} {
			ended, _, cancel := h.Stand(claims)
			defer cancel()
			end[claims.Use](elsewhere)
			if claims.Use == token.Staff {
				lives, _, cancel := h.Stand(living)
				defer cancel()
				defer stillOpen(t, lives)
			}
			h.Forget()
			select {
			case <-ended:
			case <-time.After(5 * time.Second):
				t.Fatalf("the end of the %s went unheard", claims.Use)
			}
		}
	})
}

func stillOpen(t *testing.T, lives <-chan struct{}) {
	t.Helper()
	select {
	case <-lives:
		t.Error("a living generation was ended")
	default:
	}
}

func TestOnlyTheSystemMakesTokensForGates(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		_, err := h.GateToken(p.ctx, "SZ001", "G1")
		refused(t, err, fault.Forbidden)
		refused(t, h.RevokeGateTokens(p.ctx, "SZ001", "G1"), fault.Forbidden)
		_, err = h.GateToken(viewer.AsSystem(t.Context(), "test"), "SZ001", "G1")
		refused(t, err, fault.NotFound)
	})
}

func TestWhatThePackageAnswersPrintsNothingPersonal(t *testing.T) {
	name := "小红"
	v := identity.Vehicle{Plate: plate, Nickname: &name}
	tokens := identity.Tokens{Access: "secret", Refresh: "secret"}
	if got := fmt.Sprintf("%v %+v %#v %s", v, &v, tokens, &tokens); got != "vehicle vehicle tokens tokens" {
		t.Errorf("printed %q", got)
	}
	for _, asked := range []any{
		identity.Claim{Plate: plate},
		identity.FleetVehicle{Plate: plate},
		identity.PhoneProof{WechatCode: plate, Response: plate, Sign: plate},
	} {
		if text := fmt.Sprintf("%v %+v %#v", asked, asked, asked); strings.Contains(text, plate) {
			t.Errorf("%T prints what is in it", asked)
		}
	}
}

func BenchmarkViewerFromMemory(b *testing.B) {
	h := newHouse(b, testkit.SQLite(b))
	p := h.arrives(mobile, signin.ChannelAPP)
	claims, err := h.issuer.Verify(p.tokens.Access)
	h.must(err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Viewer(b.Context(), claims); err != nil {
			b.Fatal(err)
		}
	}
}
