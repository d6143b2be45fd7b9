package identity_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"parkbff/ent/chargedispute"

	"entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"

	"parkbff/ent"
	"parkbff/ent/agreement"
	"parkbff/ent/consent"
	"parkbff/ent/delivery"
	"parkbff/ent/erasure"
	"parkbff/ent/invoice"
	"parkbff/ent/invoicedelivery"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/mallorder"
	"parkbff/ent/messagequota"
	"parkbff/ent/migrate"
	"parkbff/ent/notice"
	"parkbff/ent/paymentorder"
	"parkbff/ent/permitplan"
	"parkbff/ent/platedispute"
	"parkbff/ent/plateright"
	"parkbff/ent/pointentry"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/reservation"
	"parkbff/ent/riskevent"
	"parkbff/ent/settlement"
	"parkbff/ent/signin"
	"parkbff/ent/task"
	"parkbff/ent/vehiclebinding"
	"parkbff/ent/voucher"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/identity/token"
	"parkbff/internal/money"
	"parkbff/internal/risk"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// merges joins the account of a mobile to the person's.
func (p *person) merges(mobile string) error {
	p.h.t.Helper()
	return p.h.MergeAccounts(p.ctx, mobile, p.h.codeFor(identity.CodeForMerge, mobile))
}

func TestMergingNeedsAYoungSignInAndTheOtherMobile(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const second = "13900139000"
		other := h.arrives(second, signin.ChannelAPP)
		p := h.arrives(mobile, signin.ChannelAPP)
		code := h.codeFor(identity.CodeForMerge, second)
		refused(t, h.MergeAccounts(viewer.With(t.Context(), viewer.Nobody()), second, code), fault.Unauthenticated)
		refused(t, h.MergeAccounts(p.ctx, "139", code), fault.New("INVALID_MOBILE", ""))
		refused(t, h.MergeAccounts(p.ctx, second, wrong(code)), identity.CodeInvalid)
		refused(t, h.MergeAccounts(p.ctx, "13700137000", "000000"), identity.CodeInvalid) // no code, no account: the same
		refused(t, p.merges("13700137000"), identity.NothingToMerge)
		refused(t, p.merges(mobile), identity.NothingToMerge)
		h.clock.Pass(10 * time.Minute)
		code = h.codeFor(identity.CodeForMerge, second)
		refused(t, h.MergeAccounts(p.ctx, second, code), identity.StepUpRequired)
		h.must(other.returns())
		again := h.arrives(mobile, signin.ChannelH5)
		h.must(h.MergeAccounts(again.ctx, second, code)) // the code was not redeemed
	})
}

func TestAccountsOfTwoPersonsAndThoseToBeErasedAreNotJoined(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const second, third = "13900139000", "13700137000"
		p, other, doomed := h.arrives(mobile, signin.ChannelAPP), h.arrives(second, signin.ChannelAPP), h.arrives(third, signin.ChannelAPP)
		h.must(p.verifies(p.binds(plate), licence(plate, "张三"), card("张三", adult)))
		h.must(other.verifies(other.binds("粤B54321"), licence("粤B54321", "李四"), card("李四", another)))
		h.system(func(ctx context.Context, tx *ent.Tx) {
			h.must(tx.Erasure.Create().SetAccountID(doomed.id()).SetReason(erasure.ReasonMINOR_WITHOUT_CONSENT).
				SetNoticedAt(h.clock.Now()).SetDeadline(h.clock.Now().Add(time.Hour)).Exec(ctx))
		})
		for _, m := range []string{second, third} {
			refused(t, p.merges(m), identity.NotMergeable)
		}
		for _, q := range []*person{p, other, doomed} {
			h.must(q.returns())
		}
	})
}

// stays where rows of an account that is closed may be: what is evidence, and sign-ins, all of them ended.
var stayBehind = map[string]bool{"sign_ins.account_id": true, "risk_events.account_id": true, "erasures.account_id": true}

// accountColumns are all columns that name an account.
func accountColumns() (all []string) {
	for _, table := range migrate.Tables {
		for _, c := range table.Columns {
			if strings.HasSuffix(c.Name, "account_id") {
				all = append(all, table.Name+"."+c.Name)
			}
		}
	}
	return all
}

// naming counts the rows that name an account, by column.
func (h *house) naming(accountID int64) map[string]int {
	h.t.Helper()
	counts := map[string]int{}
	h.system(func(ctx context.Context, tx *ent.Tx) {
		for _, name := range accountColumns() {
			table, column, _ := strings.Cut(name, ".")
			query, args := sql.Dialect(h.store.Dialect()).Select(sql.Count("*")).From(sql.Table(table)).Where(sql.EQ(column, accountID)).Query()
			rows, err := tx.QueryContext(ctx, query, args...)
			h.must(err)
			counts[name], err = sql.ScanInt(rows)
			h.must(err)
			h.must(rows.Close())
		}
	})
	return counts
}

// owns gives an account one of everything that an account can have and that no service here gives it.
func (h *house) owns(accountID, vehicleID, guest int64) {
	h.t.Helper()
	seal := func(field, text string) vault.Sealed {
		sealed, err := h.config.Vault.SealString(h.t.Context(), vault.AccountKey(accountID), field, text)
		h.must(err)
		return sealed
	}
	now := h.clock.Now()
	h.system(func(ctx context.Context, tx *ent.Tx) {
		h.must(tx.Account.UpdateOneID(accountID).SetProfile(seal("account.profile", `{"nickname":"小红"}`)).Exec(ctx))
		h.must(tx.Fleet.Create().SetAccountID(accountID).SetName(seal("fleet.name", "某公司")).SetNameIndex([]byte{1}).
			SetCreditCode(seal("fleet.credit_code", "91440300")).SetCreditCodeIndex([]byte{2}).SetCreatedAt(now).Exec(ctx))
		h.must(tx.PlateDispute.Create().SetAccountID(accountID).SetVehicleID(vehicleID).SetPlate(seal("plate_dispute.plate", plate)).
			SetPlateIndex([]byte{1}).SetPlateColor("BLUE").SetCreatedAt(now).Exec(ctx))
		h.must(tx.CoDriverInvitation.Create().SetAccountID(accountID).SetVehicleID(vehicleID).SetCodeHash([]byte{byte(accountID)}).
			SetCreatedAt(now).SetExpiresAt(now.Add(time.Hour)).Exec(ctx))
		h.must(tx.VehicleBinding.Create().SetAccountID(guest).SetVehicleID(vehicleID).SetInvitedByAccountID(accountID).
			SetRole(vehiclebinding.RoleCO_DRIVER).SetPlate(vault.Sealed{1}).SetPlateIndex([]byte{1}).SetPlateColor("BLUE").SetBoundAt(now).
			SetEndedAt(now).Exec(ctx))
		h.must(tx.Notice.Create().SetAccountID(accountID).SetSequence(1).SetKind(notice.KindENTERED).SetVehicleID(vehicleID).
			SetPlate(seal("notice.plate", plate)).SetOccurredAt(now).SetCreatedAt(now).Exec(ctx))
		device, err := tx.SignIn.Query().Where(signin.AccountID(accountID), signin.RevokedAtIsNil()).FirstID(ctx)
		h.must(err)
		h.must(tx.PushEndpoint.Create().SetAccountID(accountID).SetSignInID(device).SetProvider(pushendpoint.ProviderJPUSH).
			SetPlatform(pushendpoint.PlatformIOS).SetToken(vault.Sealed{1}).SetTokenIndex([]byte{1}).SetCreatedAt(now).Exec(ctx))
		h.must(tx.MessageQuota.Create().SetAccountID(accountID).SetChannel(messagequota.ChannelWECHAT_MINI).
			SetKind(messagequota.KindENTERED).SetRemaining(2).SetChangedAt(now).Exec(ctx))
		h.must(tx.Delivery.Create().SetAccountID(accountID).SetNoticeID(1).SetKind(delivery.KindENTERED).
			SetChannel(delivery.ChannelJPUSH).SetCreatedAt(now).Exec(ctx))
		order, err := tx.PaymentOrder.Create().SetAccountID(accountID).SetKind(paymentorder.KindSTAY).SetLotID(1).SetDueFen(500).
			SetExpiresAt(now).SetCreatedAt(now).SetKeyHash([]byte{byte(accountID)}).Save(ctx)
		h.must(err)
		h.must(tx.Payment.Create().SetAccountID(accountID).SetOrderID(order.ID).SetLotID(1).SetChannel(money.WeChat).SetNumber("n").
			SetFen(500).SetExpiresAt(now).SetCreatedAt(now).SetKeyHash([]byte{byte(accountID)}).Exec(ctx))
		binding, err := tx.VehicleBinding.Query().Where(vehiclebinding.AccountID(accountID)).FirstID(ctx)
		h.must(err)
		h.must(tx.Agreement.Create().SetAccountID(accountID).SetVehicleID(vehicleID).SetBindingID(binding).SetChannel(money.WeChat).
			SetPayer(seal(identity.FieldPayer, "openid")).SetState(agreement.StateOPEN).SetCreatedAt(now).Exec(ctx))
		h.must(tx.Voucher.Create().SetAccountID(accountID).SetLotID(1).SetSource(voucher.SourceGRANTED).SetKind(voucher.KindWAIVER).
			SetCodeHash([]byte{byte(accountID)}).SetKeyHash([]byte{byte(accountID)}).SetExpiresAt(now.Add(time.Hour)).SetCreatedAt(now).Exec(ctx))
		issued, err := tx.Invoice.Create().SetAccountID(accountID).SetKind(invoice.KindBLUE).SetOrderNumber("n").SetFen(500).SetTaxFen(41).
			SetContents(seal("invoice.contents", "{}")).SetKeyHash([]byte{byte(accountID)}).SetAskedHash([]byte{1}).SetCreatedAt(now).Save(ctx)
		h.must(err)
		h.must(tx.InvoiceTitle.Create().SetAccountID(accountID).SetDetails(seal("invoice_title.details", "{}")).SetDetailsIndex([]byte{1}).
			SetCreatedAt(now).Exec(ctx))
		h.must(tx.SharedSpace.Create().SetAccountID(accountID).SetLotID(1).SetBay("B").SetOwner(seal("shared_space.owner", "{}")).
			SetKeyHash([]byte{byte(accountID)}).SetCreatedAt(now).Exec(ctx))
		h.must(tx.PayoutAccount.Create().SetAccountID(accountID).SetPayee(seal("payout_account.payee", "{}")).SetSetAt(now).SetDueAt(now).
			SetCreatedAt(now).Exec(ctx))
		h.must(tx.Settlement.Create().SetAccountID(accountID).SetNumber(fmt.Sprint("n", accountID)).SetFen(1).
			SetPayee(seal("settlement.payee", "{}")).SetMaskedCard("****0018").SetState(settlement.StateFAILED).SetCreatedAt(now).Exec(ctx))
		h.must(tx.ChargeDispute.Create().SetAccountID(accountID).SetSessionID(1).SetLotID(1).SetReason(chargedispute.ReasonOTHER).
			SetWords(seal("charge_dispute.words", "x")).SetPaidFen(500).SetOwedFen(0).SetDueAt(now).SetKeyHash([]byte{byte(accountID)}).
			SetCreatedAt(now).Exec(ctx))
		h.must(tx.InvoiceDelivery.Create().SetAccountID(accountID).SetInvoiceID(issued.ID).SetWay(invoicedelivery.WayMAIL).SetNumber("n").
			SetAddress(seal("invoice_delivery.address", "alice@example.cn")).SetCreatedAt(now).Exec(ctx))
		plan, err := tx.PermitPlan.Create().SetLotID(1).SetKind(permitplan.KindMONTHLY).SetTitle("x").SetPriceFen(1).SetRenewal(permitplan.RenewalROLLING).
			SetStock(1).SetSoldUntil(now).SetStaffID(1).SetCreatedAt(now).SetKeyHash([]byte{byte(accountID)}).Save(ctx)
		h.must(err)
		held, err := tx.Permit.Create().SetLotID(1).SetPlanID(plan.ID).SetAccountID(accountID).SetBays(1).SetPlates(1).SetEndsAt(now).SetCreatedAt(now).Save(ctx)
		h.must(err)
		h.must(tx.PlateRight.Create().SetLotID(1).SetPermitID(held.ID).SetAccountID(accountID).SetKind(plateright.KindPERMIT).SetPlate(vault.Sealed{}).
			SetPlateIndex([]byte{byte(accountID)}).SetPlateColor("BLUE").SetStartsAt(now).SetCreatedAt(now).Exec(ctx))
		at, err := tx.Lot.Create().SetCode(fmt.Sprint("R", accountID)).SetName("x").SetHalfName("x").SetRegion("CN").SetCity("x").SetCapacity(1).
			SetCreatedAt(now).Save(ctx)
		h.must(err)
		h.must(tx.Reservation.Create().SetLotID(at.ID).SetAccountID(accountID).SetState(reservation.StateCONFIRMED).SetPlate(vault.Sealed{}).
			SetPlateIndex([]byte{byte(accountID)}).SetPlateColor("BLUE").SetOpensAt(now).SetStartsAt(now).SetEndsAt(now).SetLateAt(now).
			SetHeldUntil(now).SetFreeUntil(now).SetFeeFen(1).SetLateRefundFen(1).SetCreatedAt(now).
			SetKeyHash([]byte{byte(accountID)}).SetTermsHash([]byte{1}).Exec(ctx))
		points, err := tx.Membership.Create().SetAccountID(accountID).SetBalance(5).SetCreatedAt(now).Save(ctx)
		h.must(err)
		earned, err := tx.PointEntry.Create().SetMembershipID(points.ID).SetKind(pointentry.KindEARNED).SetCause(pointentry.CausePAYMENT).
			SetCauseID(accountID).SetPoints(5).SetBalance(5).SetCreatedAt(now).Save(ctx)
		h.must(err)
		h.must(tx.PointLot.Create().SetMembershipID(points.ID).SetEntryID(earned.ID).SetPoints(5).SetRemaining(5).SetExpiresAt(now.Add(time.Hour)).Exec(ctx))
		item, err := tx.MallItem.Create().SetLotID(at.ID).SetCode("x").SetName("x").SetStock(1).SetSoldUntil(now).SetHoldsDays(1).SetStaffID(1).
			SetCreatedAt(now).Save(ctx)
		h.must(err)
		h.must(tx.MallOrder.Create().SetLotID(at.ID).SetItemID(item.ID).SetAccountID(accountID).SetName("x").SetState(mallorder.StatePAID).
			SetExpiresAt(now.Add(time.Hour)).SetCreatedAt(now).SetCodeHash([]byte{byte(accountID)}).SetKeyHash([]byte{byte(accountID)}).Exec(ctx))
		h.must(tx.Task.Create().SetAccountID(accountID).SetAboutID(1).SetKind(task.KindDELIVERY).SetDueAt(now).SetCreatedAt(now).Exec(ctx))
	})
	h.config.Risks.Note(h.t.Context(), risk.Happening{Kind: riskevent.KindNEW_DEVICE, Outcome: riskevent.OutcomeNOTED, AccountID: accountID})
}

func TestAllThatIsTheOtherAccountsMovesOrGoes(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		guest := h.arrives(bob.mobile, signin.ChannelH5)
		other := h.enters(linkedaccount.ChannelWECHAT_OFFICIAL, alice)
		h.tells(h.event(official, alice, true))
		tablet := h.arrives(alice.mobile, signin.ChannelWECHAT_MINI)
		car := other.binds(plate)
		h.must(other.verifies(car, licence(plate, "张三"), card("张三", adult)))
		name := "小红"
		_, err := h.RenameVehicle(other.ctx, car.Row, &name)
		h.must(err)
		h.stays(other.id(), car.VehicleID)
		h.owns(other.id(), car.VehicleID, guest.id())
		h.system(func(ctx context.Context, tx *ent.Tx) {
			h.must(tx.Account.UpdateOneID(other.id()).SetFullMask(true).Exec(ctx))
		})
		p := h.arrives("13812340009", signin.ChannelH5)
		p.binds("粤B54321")
		closed := other.id()
		for column, n := range h.naming(closed) {
			if n == 0 && column != "erasures.account_id" {
				t.Errorf("the test has nothing in %s", column)
			}
		}
		h.must(tablet.returns())
		ended, cancel := h.SignInEnded(tablet.viewer().SignInID)
		defer cancel()

		h.must(p.merges(alice.mobile))

		select {
		case <-ended:
		default:
			t.Error("open sockets do not hear of it")
		}
		for _, q := range []*person{other, tablet} {
			refused(t, q.returns(), identity.SignInEnded)
			_, err := h.Refresh(t.Context(), q.tokens.Refresh)
			refused(t, err, token.Invalid)
		}
		for column, n := range h.naming(closed) {
			if n != 0 && !stayBehind[column] {
				t.Errorf("%d rows of the closed account in %s", n, column)
			}
		}
		h.mustHaveMoved(p, car)
		h.mustBeClosed(closed)
		again := h.arrives(alice.mobile, signin.ChannelH5)
		if again.id() == closed || again.id() == p.id() || again.viewer().BoundPlates() != 0 {
			t.Error("the mobile opens an account with something in it")
		}
	})
}

// mustHaveMoved fails unless the survivor has the other's car, records, link, profile, fleet and claim, and
// can read them.
func (h *connected) mustHaveMoved(p *person, car *identity.Vehicle) {
	h.t.Helper()
	v := p.viewer()
	if own, bound := v.Vehicle(car.VehicleID); !bound || !own.Verified || v.BoundPlates() != 2 || !v.FullMask {
		h.t.Errorf("vehicles %+v, full mask %v", v.Vehicles, v.FullMask)
	}
	if d := cmp.Diff([]string{"WECHAT_OFFICIAL"}, v.Channels); d != "" {
		h.t.Errorf("the sign-in on the mini-program has ended, the event stands: %s", d)
	}
	for column, want := range map[string]int{
		"deliveries.account_id": 1, "tasks.account_id": 1, "message_quota.account_id": 1, "push_endpoints.account_id": 0,
		"payment_orders.account_id": 1, "payments.account_id": 1, "vouchers.account_id": 1, "agreements.account_id": 1,
		"permits.account_id": 1, "plate_rights.account_id": 1, "reservations.account_id": 1, "memberships.account_id": 1, "mall_orders.account_id": 1,
		"payout_accounts.account_id": 1, "settlements.account_id": 1,
	} {
		if got := h.naming(p.id())[column]; got != want {
			h.t.Errorf("%d rows in %s, not %d", got, column, want)
		}
	}
	h.system(func(ctx context.Context, tx *ent.Tx) {
		if !tx.Account.GetX(ctx, p.id()).Reachable {
			h.t.Error("what was accepted on the mini-program does not count")
		}
	})
	vehicles, err := h.Vehicles(p.ctx)
	h.must(err)
	for _, got := range vehicles {
		if got.Row == car.Row && (got.Plate != plate || *got.Nickname != "小红") {
			h.t.Error("plate or nickname are others")
		}
	}
	linked, err := h.LinkedAccounts(p.ctx)
	h.must(err)
	if len(linked) != 1 || linked[0].Channel != linkedaccount.ChannelWECHAT_OFFICIAL {
		h.t.Errorf("linked %+v", linked)
	}
	in := h.first(linkedaccount.ChannelWECHAT_OFFICIAL, alice)
	ctx := h.nobody()
	if _, err = h.SignInByChannel(ctx, in); err != nil || viewer.Of(ctx).AccountID != p.id() {
		h.t.Errorf("the linked account signs in elsewhere: %v", err)
	}
	open := func(field string, sealed vault.Sealed) {
		h.t.Helper()
		if _, err := h.config.Vault.OpenString(h.t.Context(), vault.AccountKey(p.id()), field, sealed); err != nil {
			h.t.Errorf("%s does not open: %v", field, err)
		}
	}
	h.system(func(ctx context.Context, tx *ent.Tx) {
		fleet, claim := tx.Fleet.Query().OnlyX(ctx), tx.PlateDispute.Query().OnlyX(ctx)
		open("account.profile", tx.Account.GetX(ctx, p.id()).Profile)
		open("fleet.name", fleet.Name)
		open("fleet.credit_code", fleet.CreditCode)
		open("plate_dispute.plate", claim.Plate)
		open("payout_account.payee", tx.PayoutAccount.Query().OnlyX(ctx).Payee)
		open("settlement.payee", tx.Settlement.Query().OnlyX(ctx).Payee)
		open("linked_account.subject", tx.LinkedAccount.Query().Where(linkedaccount.EndedAtIsNil()).OnlyX(ctx).Subject)
		if claim.State != platedispute.StateWITHDRAWN {
			h.t.Error("the owner claims its own plate")
		}
		if n := tx.Consent.Query().Where(consent.AccountID(p.id()), consent.PurposeEQ(consent.PurposePARKING_CORE),
			consent.EndedAtIsNil()).CountX(ctx); n != 1 {
			h.t.Errorf("%d consents for one account", n)
		}
	})
	if d := cmp.Diff([]string{"bound=true paid=false", "bound=true paid=true"}, h.views(p.id())); d != "" {
		h.t.Error(d)
	}
}

// mustBeClosed fails unless nothing personal is left of an account, and its end is on record.
func (h *house) mustBeClosed(accountID int64) {
	h.t.Helper()
	h.system(func(ctx context.Context, tx *ent.Tx) {
		row := tx.Account.GetX(ctx, accountID)
		if row.ClosedAt == nil || len(row.Mobile)+len(row.MobileIndex)+len(row.PersonIndex)+len(row.Profile) != 0 {
			h.t.Error("the account is not empty")
		}
		end := tx.Erasure.Query().Where(erasure.AccountID(accountID)).OnlyX(ctx)
		if end.Reason != erasure.ReasonACCOUNTS_MERGED || end.ErasedAt == nil || end.Items != 2 {
			h.t.Errorf("erasure %+v", end)
		}
	})
	if _, err := h.config.Vault.SealString(h.t.Context(), vault.AccountKey(accountID), "account.mobile", "x"); err == nil {
		h.t.Error("the key is still there")
	}
}

func TestOfACarThatBothHaveBoundTheBetterBindingStays(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const second = "13900139000"
		other := h.arrives(second, signin.ChannelAPP)
		p := h.arrives(mobile, signin.ChannelAPP)
		common, verified := p.binds("粤B00001"), other.binds(plate)
		other.binds("粤B00001")
		h.must(other.verifies(verified, licence(plate, "张三"), card("张三", adult)))
		p.binds("粤B00002")
		p.binds("粤B00003")
		other.binds("粤B00004")
		var guest int64
		h.system(func(ctx context.Context, tx *ent.Tx) { // invited by the owner
			sealed, err := h.config.Vault.SealString(ctx, vault.AccountKey(p.id()), "vehicle_binding.plate", plate)
			h.must(err)
			guest = tx.VehicleBinding.Create().SetAccountID(p.id()).SetVehicleID(verified.VehicleID).SetInvitedByAccountID(other.id()).
				SetRole(vehiclebinding.RoleCO_DRIVER).SetPlate(sealed).SetPlateIndex([]byte{1}).SetPlateColor("BLUE").
				SetBoundAt(h.clock.Now()).SaveX(ctx).ID
		})
		h.must(p.merges(second))

		vehicles, err := h.Vehicles(p.ctx)
		h.must(err)
		got := map[string]int64{}
		for _, v := range vehicles {
			got[v.Plate] = v.Row
		}
		if len(got) != 5 || got["粤B00001"] != common.Row || got[plate] != verified.Row {
			t.Errorf("bound %v", slices.Sorted(maps.Keys(got)))
		}
		_, err = h.BindPlate(p.ctx, "粤B00005", "", true) // four unverified ones are more than three
		refused(t, err, identity.TooManyPlates)
		h.system(func(ctx context.Context, tx *ent.Tx) {
			if end := tx.VehicleBinding.GetX(ctx, guest); end.EndedAt == nil || *end.EndReason != vehiclebinding.EndReasonMERGED {
				t.Errorf("the second binding %+v", end.EndReason)
			}
			if n := tx.Consent.Query().Where(consent.AccountID(p.id()), consent.VehicleID(common.VehicleID), consent.EndedAtIsNil()).CountX(ctx); n != 1 {
				t.Errorf("%d consents for one car", n)
			}
			if owner := tx.Vehicle.GetX(ctx, verified.VehicleID).OwnerAccountID; owner == nil || *owner != p.id() {
				t.Error("the plate is not protected for the survivor")
			}
		})
	})
}

func TestAConsentThatTheSurvivorTookBackStaysTakenBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const second = "13900139000"
		h.arrives(second, signin.ChannelAPP)
		p := h.arrives(mobile, signin.ChannelAPP)
		h.system(func(ctx context.Context, tx *ent.Tx) {
			h.must(tx.Consent.Update().Where(consent.AccountID(p.id())).SetWithdrawnAt(h.clock.Now()).Exec(ctx))
		})
		h.must(p.merges(second))
		h.system(func(ctx context.Context, tx *ent.Tx) {
			if tx.Consent.Query().Where(consent.AccountID(p.id()), consent.WithdrawnAtIsNil(), consent.EndedAtIsNil()).ExistX(ctx) {
				t.Error("the other account's consent came in its place")
			}
		})
	})
}

func TestOfTwoLinksOnOneChannelTheSurvivorsStays(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		const ch = linkedaccount.ChannelALIPAY_LIFE
		h.enters(ch, bob)
		h.tells(h.event(life, bob, true))
		p := h.enters(ch, alice)
		h.must(p.merges(bob.mobile))
		p.mustFollow("the person who followed is linked no more", false)
		linked, err := h.LinkedAccounts(p.ctx)
		h.must(err)
		if len(linked) != 1 {
			t.Fatalf("linked %+v", linked)
		}
		in := h.first(ch, bob)
		in.Phone = nil
		_, err = h.SignInByChannel(h.nobody(), in)
		refused(t, err, identity.MobileRequired)
	})
}

func TestAnotherReplicaOpensNothingOfAnAccountThatWasMerged(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		held := h.besideAnother()
		other := h.arrives("13900139000", signin.ChannelAPP)
		key := vault.AccountKey(other.id())
		sealed, err := held.SealString(t.Context(), key, "a.b", mobile)
		h.must(err)
		h.must(h.arrives(mobile, signin.ChannelAPP).merges("13900139000"))
		eventually(t, func() bool { _, err := held.Open(t.Context(), key, "a.b", sealed); return err != nil })
	})
}
