package server_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"parkbff/ent"
	"parkbff/ent/observation"
	"parkbff/internal/money"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/replay"
	"parkbff/server/servertest"
)

// payingWays are all who pay, by which channels, and how a car of theirs comes to leave. Each answers what the gate is told
// of the car, with all that was asked for paid.
var payingWays = []struct {
	name     string
	channels []money.Channel
	leaves   func(p *payingStay)
}{
	{"stranger at the lane", byHand, func(p *payingStay) { p.reportsExit(); p.paysAtLane(p.h.Anonymous()) }},
	{"stranger by plate", byHand, func(p *payingStay) {
		guest := p.h.Anonymous()
		p.pays(guest, servertest.Vars{"plateAtLot": servertest.Vars{"plate": p.stay.Plate, "lotCode": p.stay.Lot}})
		p.reportsExit()
	}},
	{"binder", byHand, func(p *payingStay) { p.reportsExit(); p.pays(p.driver, servertest.Vars{"stay": p.id}) }},
	{"password-free", []money.Channel{money.WeChat, money.Alipay}, func(p *payingStay) { p.reportsExit(); p.works() }},
	{"cash", []money.Channel{money.Cash}, func(p *payingStay) {
		p.reportsExit()
		staff := p.h.Staff(p.stay.Lot)
		staff.OpensShift(p.stay.Lot, 0)
		staff.Asks(takeCash, servertest.Vars{"in": servertest.Vars{
			"idempotencyKey": p.id[:20], "sessionId": p.id, "amountFen": p.h.Owes(p.id),
		}}).OK()
	}},
}

// byHand are the channels through which somebody pays.
var byHand = []money.Channel{money.WeChat, money.Alipay, money.UnionPay, money.QuickPass, money.ABC, money.CCB, money.Wallet}

// payingStay is a recorded stay of the stream, and who pays for it.
type payingStay struct {
	t       *testing.T
	h       *servertest.House
	stay    replay.Stay
	channel money.Channel
	driver  *servertest.Client // of a binder, and of who has agreed to deductions
	id      string
}

func (p *payingStay) reportsExit() {
	p.t.Helper()
	p.h.Clock.Set(p.stay.Exit)
	if p.driver != nil {
		p.driver = p.h.SignIn(p.driver.Mobile, "APP")
	}
	p.h.Gate(p.stay.Lot).Sees(p.stay.Plate, servertest.Leaving, p.stay.Exit).OK()
}

func (p *payingStay) paysAtLane(payer *servertest.Client) {
	p.t.Helper()
	lane := p.h.Gate(p.stay.Lot).Asks(`{ gate { laneCode } }`).OK().String("gate.laneCode")
	p.pays(payer, servertest.Vars{"lane": lane})
}

func (p *payingStay) pays(payer *servertest.Client, quoted servertest.Vars) {
	p.t.Helper()
	order := payer.Orders(payer.Quotes(quoted))
	takes(p.t, p.h, string(p.channel), payer.Asks(servertest.PayOrder, paying(order, string(p.channel), "H5", p.id[:20])).OK())
}

// works lets a channel deduct.
func (p *payingStay) works() {
	p.t.Helper()
	issues(p.t, p.h)
}

// Each payer pays through each of their channels for one stay of the recorded stream, over the channel's real client,
// and no gate is told to let a car go before the ledger has the money. The table is the test's log.
func TestEveryPayerPaysThroughEveryChannelForAStayOfTheRecordedStream(t *testing.T) {
	servertest.EachWith(t, servertest.Options{Lots: []lotfile.Lot{}}, func(t *testing.T, h *servertest.House) {
		log := &gateLog{}
		log.watches(t, h)
		stays := stream(t, h)
		var table strings.Builder
		rows := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
		fmt.Fprintln(rows, "payer\tchannel\tlot\tminutes\trecorded\tpaid\tthe gate and the ledger, in order\tbooked first")
		cells := 0
		for _, payer := range payingWays {
			for _, channel := range payer.channels {
				p := &payingStay{t: t, h: h, channel: channel}
				p.stay, stays = next(t, h, stays)
				p.comes(payer.name)
				payer.leaves(p)
				told, before := log.take()
				fmt.Fprintf(rows, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%v\n", payer.name, channel, p.stay.Lot, int(p.stay.Exit.Sub(p.stay.Enter)/time.Minute),
					money.Yuan(p.stay.FeeFen), money.Yuan(p.paid()), told, before)
				if !before {
					t.Errorf("%s, %s: the gate opens before the money is in the ledger", payer.name, channel)
				}
				cells++
			}
		}
		if err := rows.Flush(); err != nil {
			t.Fatal(err)
		}
		t.Logf("\n%s", table.String())
		mustBalance(t, h, cells)
	})
}

// stream is the recorded stays that are paid, rebased so that they end three weeks from now, at lots with barriers; and made-up ones where the
// records are not at hand.
func stream(t *testing.T, h *servertest.House) []replay.Stay {
	t.Helper()
	folder := filepath.Join(cmp.Or(os.Getenv("PARKBFF_SHARED_DATA"), filepath.Join("..", "..", "shared", "data")), "sessions")
	lots, stays := []lotfile.Lot{servertest.Lot("P4", "记录停车场")}, []replay.Stay(nil)
	until := h.Clock.Now().AddDate(0, 0, 21)
	if _, err := os.Stat(folder); err != nil {
		for i := range 200 {
			enter := h.Clock.Now().Add(time.Duration(1+5*i) * time.Hour)
			stays = append(stays, replay.Stay{Lot: "P4", Plate: fmt.Sprintf("粤B%05d", 10007*i%100000), Enter: enter, Exit: enter.Add(3 * time.Hour), FeeFen: 1500, Stable: true})
		}
	} else {
		lots, stays, err = replay.Recorded(replay.Options{
			Lots: filepath.Join(folder, "lots_and_inferred_tariffs.json"), Sessions: []string{filepath.Join(folder, "P4.csv")}, Rebase: true,
		}, until)
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range lots {
		lots[i].Barrier = true
	}
	if err := h.Parking.Import(t.Context(), lots); err != nil {
		t.Fatal(err)
	}
	return stays
}

// next is the first stay that begins from now on, was stable and paid for, and lasted between an hour and twelve.
func next(t *testing.T, h *servertest.House, stays []replay.Stay) (replay.Stay, []replay.Stay) {
	t.Helper()
	for i, s := range stays {
		lasted := s.Exit.Sub(s.Enter)
		if s.Enter.After(h.Clock.Now()) && s.Stable && s.FeeFen > 0 && lasted > time.Hour && lasted < 12*time.Hour {
			return s, stays[i+1:]
		}
	}
	t.Fatal("the stream has no such stay left")
	return replay.Stay{}, nil
}

// comes has the car enter, with who has bound it and agreed to deductions.
func (p *payingStay) comes(payer string) {
	p.t.Helper()
	p.h.Clock.Set(p.stay.Enter.Add(-time.Minute))
	switch payer {
	case "binder":
		p.driver = p.h.Driver("APP")
		p.driver.Binds(p.stay.Plate)
	case "password-free":
		p.driver, _ = agrees(p.t, p.h, p.channel, p.stay.Plate)
	}
	p.h.Clock.Set(p.stay.Enter)
	p.id = idOf(p.h.Gate(p.stay.Lot).Sees(p.stay.Plate, servertest.Entering, p.stay.Enter).OK())
	p.h.Clock.Set(p.stay.Exit.Add(-time.Minute))
}

// gateLog is what was written, in order, of what lets cars go and of the ledger.
type gateLog struct {
	mu      sync.Mutex
	written []string
}

const inLedger = "ledger"

// watches has a house's writing kept.
func (l *gateLog) watches(t *testing.T, h *servertest.House) {
	t.Helper()
	err := h.Store.WithTx(h.AsSystem(), func(_ context.Context, tx *ent.Tx) error {
		tx.Client().Use(func(next ent.Mutator) ent.Mutator {
			return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
				done, err := next.Mutate(ctx, m)
				if err == nil && m.Op().Is(ent.OpCreate) {
					l.keep(done)
				}
				return done, err
			})
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (l *gateLog) keep(row ent.Value) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch row := row.(type) {
	case *ent.LedgerEntry:
		l.written = append(l.written, inLedger)
	case *ent.GateCommand:
		l.written = append(l.written, string(row.Kind))
	case *ent.Observation:
		if row.Direction == observation.DirectionEXIT {
			l.written = append(l.written, string(row.Decision)+" "+string(row.Reason))
		}
	}
}

// take answers what was written since it was asked last, and whether the ledger had the money before the car was let go.
func (l *gateLog) take() (told string, before bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	booked := slices.Index(l.written, inLedger)
	goes := slices.IndexFunc(l.written, func(w string) bool { return w == "OPEN" || strings.HasPrefix(w, "RELEASE") })
	told, l.written = strings.Join(l.written, ", "), nil
	return told, booked >= 0 && booked < goes
}

func (p *payingStay) paid() int64 {
	p.t.Helper()
	row, err := p.h.Store.Fresh(p.h.AsSystem()).ParkingSession.Get(p.h.AsSystem(), p.h.Row(p.id))
	if err != nil {
		p.t.Fatal(err)
	}
	return row.PaidFen
}
