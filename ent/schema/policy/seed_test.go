package policy_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/apprelease"
	"parkbff/ent/channellink"
	"parkbff/ent/channelvisit"
	"parkbff/ent/chargedispute"
	"parkbff/ent/consent"
	"parkbff/ent/delivery"
	"parkbff/ent/difference"
	"parkbff/ent/erasure"
	"parkbff/ent/featureswitch"
	"parkbff/ent/follower"
	"parkbff/ent/gate"
	"parkbff/ent/gatecommand"
	"parkbff/ent/invoice"
	"parkbff/ent/invoicedelivery"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/mallorder"
	"parkbff/ent/merchantcontingent"
	"parkbff/ent/messagequota"
	"parkbff/ent/notice"
	"parkbff/ent/observation"
	"parkbff/ent/paymentorder"
	"parkbff/ent/permitplan"
	"parkbff/ent/plateright"
	"parkbff/ent/pointentry"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/refund"
	"parkbff/ent/reservation"
	"parkbff/ent/riskevent"
	"parkbff/ent/shift"
	"parkbff/ent/signin"
	"parkbff/ent/staffrole"
	"parkbff/ent/task"
	"parkbff/ent/vehiclebinding"
	"parkbff/ent/voucher"
	"parkbff/ent/voucheroffer"
	"parkbff/internal/money"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

var morning = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

// world names the rows that viewers are made of.
type world struct{ lot, gate, owner, stranger, vehicle, staff int64 }

func viewersOf(w world) map[string]*viewer.Viewer {
	here := []viewer.LotRole{{LotID: w.lot, Role: viewer.Attendant}}
	return map[string]*viewer.Viewer{
		"system":    {Kind: viewer.System, Purpose: "test"},
		"anonymous": viewer.Nobody(),
		"owner": {
			Kind: viewer.Driver, AccountID: w.owner, Channels: []string{"APP"},
			Vehicles: []viewer.Vehicle{{ID: w.vehicle, Verified: true}},
		},
		"stranger":      {Kind: viewer.Driver, AccountID: w.stranger, Channels: []string{"APP"}},
		"gate":          {Kind: viewer.Gate, GateID: w.gate, Lots: here},
		"staff":         {Kind: viewer.Staff, StaffID: w.staff, Lots: here},
		"idle staff":    {Kind: viewer.Staff, StaffID: w.staff + 1},
		"officer":       {Kind: viewer.Staff, StaffID: w.staff + 2, Office: []viewer.Role{viewer.Officer}},
		"administrator": {Kind: viewer.Staff, StaffID: w.staff + 3, Office: []viewer.Role{viewer.Admin}},
	}
}

// seed writes one row or more of every entity: two of nearly everything, the owner's and somebody
// else's.
func seed(t *testing.T, s *store.Store) (w world) {
	t.Helper()
	err := s.WithTx(viewer.AsSystem(t.Context(), "test"), func(ctx context.Context, tx *ent.Tx) error {
		p := &planter{t: t, ctx: ctx, tx: tx}
		here, there := p.place("HERE"), p.place("THERE")
		owner, other, stranger := p.person("owner"), p.person("other"), p.person("stranger")
		car, foreign := p.car(owner), p.car(other)
		mine := p.stay(here, owner, car)
		p.paid(here, owner, mine)
		p.paid(there, other, p.stay(there, other, foreign))
		lost := p.stay(here, 0, car)
		p.told(owner, 1, mine)
		p.told(owner, 2, lost)
		p.told(owner, 3, 0)
		p.told(other, 1, 0)
		w = world{lot: here.lot, gate: here.gate, owner: owner, stranger: stranger, vehicle: car, staff: p.staff(here)}
		p.shifts(w.staff, here, there)
		p.agrees(owner, car, mine)
		p.disputes(here, owner, mine)
		p.agrees(other, foreign, lost)
		p.disputes(there, other, lost)
		p.claims(owner, car)
		p.claims(other, foreign)
		p.rest()
		p.published()
		p.reconciled()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

type planter struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // of one transaction
	tx  *ent.Tx
	n   byte
}

// value is a sealed value or an index: bytes that no other row has.
func (p *planter) value() []byte {
	p.n++
	return []byte{p.n}
}

// saved answers a row, or ends the test.
func saved[T any](p *planter) func(row T, err error) T {
	return func(row T, err error) T {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
		return row
	}
}

// paid is an order, its payment and refund, and what the ledger says of the payment.
func (p *planter) paid(at site, account, session int64) {
	order := saved[*ent.PaymentOrder](p)(p.tx.PaymentOrder.Create().SetKind(paymentorder.KindSTAY).SetLotID(at.lot).SetSessionID(session).
		SetAccountID(account).SetDueFen(500).SetExpiresAt(morning).SetCreatedAt(morning).SetKeyHash(p.value()).Save(p.ctx))
	made := saved[*ent.Payment](p)(p.tx.Payment.Create().SetOrderID(order.ID).SetLotID(at.lot).SetAccountID(account).
		SetChannel(money.WeChat).SetNumber(string(p.value())).SetFen(500).SetExpiresAt(morning).SetCreatedAt(morning).
		SetKeyHash(p.value()).Save(p.ctx))
	saved[*ent.Refund](p)(p.tx.Refund.Create().SetPaymentID(made.ID).SetOrderID(order.ID).SetLotID(at.lot).SetNumber(string(p.value())).
		SetFen(1).SetReason(refund.ReasonREQUESTED).SetCreatedAt(morning).SetKeyHash(p.value()).Save(p.ctx))
	given := saved[*ent.Voucher](p)(p.tx.Voucher.Create().SetLotID(at.lot).SetAccountID(account).SetSource(voucher.SourceGRANTED).
		SetKind(voucher.KindWAIVER).SetExpiresAt(morning).SetCreatedAt(morning).SetKeyHash(p.value()).Save(p.ctx))
	saved[*ent.OrderDiscount](p)(p.tx.OrderDiscount.Create().SetOrderID(order.ID).SetLotID(at.lot).SetVoucherID(given.ID).SetFen(1).Save(p.ctx))
	p.invoiced(account, order.ID)
	plan := saved[*ent.PermitPlan](p)(p.tx.PermitPlan.Create().SetLotID(at.lot).SetKind(permitplan.KindMONTHLY).SetTitle("x").SetPriceFen(1).
		SetRenewal(permitplan.RenewalROLLING).SetStock(1).SetSoldUntil(morning).SetStaffID(1).SetCreatedAt(morning).SetKeyHash(p.value()).Save(p.ctx))
	held := saved[*ent.Permit](p)(p.tx.Permit.Create().SetLotID(at.lot).SetPlanID(plan.ID).SetAccountID(account).SetBays(1).SetPlates(1).
		SetEndsAt(morning).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.PermitPeriod](p)(p.tx.PermitPeriod.Create().SetPermitID(held.ID).SetLotID(at.lot).SetOrderID(order.ID).SetStartsAt(morning).
		SetEndsAt(morning).SetRunFrom(morning).SetRunMonths(1).SetPriceFen(1).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.PlateRight](p)(p.tx.PlateRight.Create().SetLotID(at.lot).SetPermitID(held.ID).SetAccountID(account).SetKind(plateright.KindPERMIT).
		SetPlate(vault.Sealed{}).SetPlateIndex(p.value()).SetPlateColor("BLUE").SetStartsAt(morning).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.ReservationOffer](p)(p.tx.ReservationOffer.Create().SetLotID(at.lot).SetOpen(true).SetBays(1).SetFeeFen(1).SetAheadMinutes(1).
		SetLongestMinutes(1).SetEarlyMinutes(1).SetGraceMinutes(1).SetFreeMinutes(1).SetLatePercent(1).SetStaffID(1).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.Reservation](p)(p.tx.Reservation.Create().SetLotID(at.lot).SetAccountID(account).SetState(reservation.StateHELD).
		SetPlate(vault.Sealed{}).SetPlateIndex(p.value()).SetPlateColor("BLUE").SetOpensAt(morning).SetStartsAt(morning).SetEndsAt(morning).
		SetLateAt(morning).SetHeldUntil(morning).SetFreeUntil(morning).SetFeeFen(1).SetLateRefundFen(1).SetCreatedAt(morning).
		SetKeyHash(p.value()).SetTermsHash(p.value()).Save(p.ctx))
	p.earned(at, account, made.ID)
	entry := saved[*ent.LedgerEntry](p)(p.tx.LedgerEntry.Create().SetCause(ledgerentry.CausePAYMENT).SetCauseID(made.ID).
		SetLotID(at.lot).SetOrderID(order.ID).SetOccurredAt(morning).SetCreatedAt(morning).Save(p.ctx))
	shop := p.merchant(at)
	saved[*ent.LedgerLine](p)(p.tx.LedgerLine.Create().SetEntryID(entry.ID).SetLotID(at.lot).SetAccount(ledgerline.AccountMERCHANTS).
		SetStoreID(shop).SetFen(0).Save(p.ctx))
	for account, fen := range map[ledgerline.Account]int64{ledgerline.AccountCHANNEL: 500, ledgerline.AccountLOT: -500} {
		saved[*ent.LedgerLine](p)(p.tx.LedgerLine.Create().SetEntryID(entry.ID).SetLotID(at.lot).SetAccount(account).SetFen(fen).Save(p.ctx))
	}
}

// earned are the points of a payment, and what was had for one of them.
func (p *planter) earned(at site, account, payment int64) {
	member := saved[*ent.Membership](p)(p.tx.Membership.Create().SetAccountID(account).SetBalance(4).SetCreatedAt(morning).Save(p.ctx))
	came := saved[*ent.PointEntry](p)(p.tx.PointEntry.Create().SetMembershipID(member.ID).SetKind(pointentry.KindEARNED).
		SetCause(pointentry.CausePAYMENT).SetCauseID(payment).SetPoints(5).SetBalance(5).SetCreatedAt(morning).Save(p.ctx))
	lot := saved[*ent.PointLot](p)(p.tx.PointLot.Create().SetMembershipID(member.ID).SetEntryID(came.ID).SetPoints(5).SetRemaining(4).
		SetExpiresAt(morning).Save(p.ctx))
	saved[*ent.PointUse](p)(p.tx.PointUse.Create().SetEntryID(came.ID).SetLotID(lot.ID).SetPoints(1).Save(p.ctx))
	item := saved[*ent.MallItem](p)(p.tx.MallItem.Create().SetLotID(at.lot).SetCode("x").SetName("x").SetPoints(1).SetStock(1).
		SetSoldUntil(morning).SetHoldsDays(1).SetStaffID(1).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.MallOrder](p)(p.tx.MallOrder.Create().SetLotID(at.lot).SetItemID(item.ID).SetAccountID(account).SetName("x").SetPoints(1).
		SetState(mallorder.StatePAID).SetExpiresAt(morning).SetCreatedAt(morning).SetKeyHash(p.value()).Save(p.ctx))
}

func (p *planter) reconciled() {
	day := saved[*ent.Reconciliation](p)(p.tx.Reconciliation.Create().SetChannel(money.WeChat).SetDay(morning).SetCreatedAt(morning).
		SetPayments(1).SetPaidFen(1).SetRefunds(0).SetRefundedFen(0).SetDifferences(1).Save(p.ctx))
	saved[*ent.Difference](p)(p.tx.Difference.Create().SetReconciliationID(day.ID).SetKind(difference.KindUNKNOWN).SetRefund(false).
		SetNumber("n").SetChannelFen(1).SetLedgerFen(0).Save(p.ctx))
}

// invoiced is an order's invoice, its title, and what was sent of it.
func (p *planter) invoiced(account, order int64) {
	saved[*ent.InvoiceTitle](p)(p.tx.InvoiceTitle.Create().SetAccountID(account).SetDetails(vault.Sealed(p.value())).
		SetDetailsIndex(p.value()).SetCreatedAt(morning).Save(p.ctx))
	issued := saved[*ent.Invoice](p)(p.tx.Invoice.Create().SetAccountID(account).SetKind(invoice.KindBLUE).
		SetOrderNumber(string(p.value())).SetFen(500).SetTaxFen(41).SetContents(vault.Sealed(p.value())).SetKeyHash(p.value()).
		SetAskedHash(p.value()).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.InvoicedOrder](p)(p.tx.InvoicedOrder.Create().SetInvoiceID(issued.ID).SetOrderID(order).SetFen(500).Save(p.ctx))
	saved[*ent.InvoiceDelivery](p)(p.tx.InvoiceDelivery.Create().SetAccountID(account).SetInvoiceID(issued.ID).
		SetWay(invoicedelivery.WayMAIL).SetNumber(string(p.value())).SetAddress(vault.Sealed(p.value())).SetCreatedAt(morning).Save(p.ctx))
}

// merchant is a store that may give discounts at a lot.
func (p *planter) merchant(at site) int64 {
	shop := saved[*ent.Store](p)(p.tx.Store.Create().SetCode(string(p.value())).SetName("S1").Save(p.ctx))
	saved[*ent.MerchantContingent](p)(p.tx.MerchantContingent.Create().SetLotID(at.lot).SetStoreID(shop.ID).
		SetKind(merchantcontingent.KindWAIVER).SetPieces(1).SetMostPerStay(1).SetMostPerDay(1).SetStartsAt(morning).SetEndsAt(morning).
		SetStaffID(1).SetKeyHash(p.value()).SetCreatedAt(morning).Save(p.ctx))
	return shop.ID
}

type site struct{ lot, gate int64 }

func (p *planter) place(code string) site {
	lot := saved[*ent.Lot](p)(p.tx.Lot.Create().SetCode(code).SetName(code).SetHalfName("***").SetRegion("CN").
		SetCity("深圳").SetCapacity(100).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.Tariff](p)(p.tx.Tariff.Create().SetLotID(lot.ID).SetSchedule(json.RawMessage(`{}`)).SetCreatedAt(morning).Save(p.ctx))
	machine := saved[*ent.Gate](p)(p.tx.Gate.Create().SetLotID(lot.ID).SetCode("G1").SetDirection(gate.DirectionBOTH).
		SetLaneCode(code).Save(p.ctx))
	saved[*ent.GateCommand](p)(p.tx.GateCommand.Create().SetGateID(machine.ID).SetLotID(lot.ID).SetSequence(1).
		SetIdempotencyKey("1").SetKind(gatecommand.KindOPEN).SetReason("test").SetExpiresAt(morning).
		SetCreatedAt(morning).Save(p.ctx))
	return site{lot.ID, machine.ID}
}

func (p *planter) person(name string) int64 {
	account := saved[*ent.Account](p)(p.tx.Account.Create().SetMobile(vault.Sealed(p.value())).SetMobileIndex(p.value()).
		SetCreatedAt(morning).Save(p.ctx))
	if name == "stranger" {
		return account.ID
	}
	saved[*ent.ChannelLink](p)(p.tx.ChannelLink.Create().SetAccountID(account.ID).SetChannel(channellink.ChannelAPP).
		SetLinkedAt(morning).Save(p.ctx))
	agreed := saved[*ent.Consent](p)(p.tx.Consent.Create().SetAccountID(account.ID).SetPurpose(consent.PurposePARKING_CORE).
		SetPolicyVersion("1").SetGrantedAt(morning).Save(p.ctx))
	saved[*ent.LinkedAccount](p)(p.tx.LinkedAccount.Create().SetAccountID(account.ID).
		SetChannel(linkedaccount.ChannelWECHAT_MINI).SetSubject(vault.Sealed(p.value())).SetSubjectIndex(p.value()).
		SetConsentID(agreed.ID).SetLinkedAt(morning).Save(p.ctx))
	device := saved[*ent.SignIn](p)(p.tx.SignIn.Create().SetAccountID(account.ID).SetChannel(signin.ChannelAPP).
		SetFamilyHash(p.value()).SetRefreshHash(p.value()).SetRefresh(vault.Sealed(p.value())).
		SetRotatedAt(morning).SetExpiresAt(morning).SetCreatedAt(morning).Save(p.ctx))
	p.reached(account.ID, device.ID)
	return account.ID
}

// reached is how messages get to an account.
func (p *planter) reached(account, device int64) {
	saved[*ent.PushEndpoint](p)(p.tx.PushEndpoint.Create().SetAccountID(account).SetSignInID(device).
		SetProvider(pushendpoint.ProviderJPUSH).SetPlatform(pushendpoint.PlatformIOS).
		SetToken(vault.Sealed(p.value())).SetTokenIndex(p.value()).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.MessageQuota](p)(p.tx.MessageQuota.Create().SetAccountID(account).SetChannel(messagequota.ChannelWECHAT_MINI).
		SetKind(messagequota.KindENTERED).SetRemaining(1).SetChangedAt(morning).Save(p.ctx))
	saved[*ent.Delivery](p)(p.tx.Delivery.Create().SetAccountID(account).SetNoticeID(account).
		SetKind(delivery.KindENTERED).SetChannel(delivery.ChannelJPUSH).SetCreatedAt(morning).Save(p.ctx))
}

func (p *planter) car(account int64) int64 {
	car := saved[*ent.Vehicle](p)(p.tx.Vehicle.Create().SetPlateIndex(p.value()).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.VehicleBinding](p)(p.tx.VehicleBinding.Create().SetAccountID(account).SetVehicleID(car.ID).
		SetPlate(vault.Sealed(p.value())).SetPlateIndex(car.PlateIndex).SetPlateColor("BLUE").SetBoundAt(morning).Save(p.ctx))
	return car.ID
}

// agrees is an agreement to deduct for a car, and a stay that its channel was told of.
func (p *planter) agrees(account, car, session int64) {
	binding := saved[int64](p)(p.tx.VehicleBinding.Query().Where(vehiclebinding.VehicleID(car)).FirstID(p.ctx))
	made := saved[*ent.Agreement](p)(p.tx.Agreement.Create().SetAccountID(account).SetVehicleID(car).SetBindingID(binding).
		SetChannel(money.WeChat).SetPayer(vault.Sealed(p.value())).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.AgreedStay](p)(p.tx.AgreedStay.Create().SetAgreementID(made.ID).SetSessionID(session).SetNumber(string(p.value())).
		SetCreatedAt(morning).Save(p.ctx))
}

// disputes is an account's complaint about a stay.
func (p *planter) disputes(at site, account, session int64) {
	saved[*ent.ChargeDispute](p)(p.tx.ChargeDispute.Create().SetAccountID(account).SetSessionID(session).SetLotID(at.lot).
		SetReason(chargedispute.ReasonOTHER).SetWords(vault.Sealed(p.value())).SetPaidFen(1).SetOwedFen(0).SetDueAt(morning).
		SetKeyHash(p.value()).SetCreatedAt(morning).Save(p.ctx))
}

// stay is one with its entry; account 0 has no access to it.
func (p *planter) stay(at site, account, car int64) int64 {
	stay := saved[*ent.ParkingSession](p)(p.tx.ParkingSession.Create().SetLotID(at.lot).SetVehicleID(car).
		SetPlate(vault.Sealed(p.value())).SetPlateIndex(p.value()).SetPlateColor("BLUE").
		SetEnteredAt(morning).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.Observation](p)(p.tx.Observation.Create().SetLotID(at.lot).SetGateID(at.gate).SetEventID(string(rune('a' + p.n))).
		SetDirection(observation.DirectionENTRY).SetPlate(vault.Sealed(p.value())).SetPlateIndex(stay.PlateIndex).
		SetPlateColor("BLUE").SetObservedAt(morning).SetReceivedAt(morning).SetLate(false).SetConfidence(1).
		SetSessionID(stay.ID).Save(p.ctx))
	if account != 0 {
		saved[*ent.SessionAccess](p)(p.tx.SessionAccess.Create().SetAccountID(account).SetSessionID(stay.ID).
			SetVehicleID(car).SetBound(true).Save(p.ctx))
	}
	return stay.ID
}

// told writes a notice about a stay, or about none.
func (p *planter) told(account, sequence, stay int64) {
	create := p.tx.Notice.Create().SetAccountID(account).SetSequence(sequence).SetKind(notice.KindENTERED).
		SetPlate(vault.Sealed(p.value())).SetOccurredAt(morning).SetCreatedAt(morning)
	if stay != 0 {
		create.SetSessionID(stay)
	}
	saved[*ent.Notice](p)(create.Save(p.ctx))
}

func (p *planter) staff(at site) int64 {
	member := saved[*ent.Staff](p)(p.tx.Staff.Create().SetLabel("S1").SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.StaffRole](p)(p.tx.StaffRole.Create().SetStaffID(member.ID).SetLotID(at.lot).
		SetRole(staffrole.RoleATTENDANT).Save(p.ctx))
	return member.ID
}

// shifts are a member's of staff at one lot, and other people's there and elsewhere.
func (p *planter) shifts(staff int64, here, there site) {
	for i, at := range []site{here, here, there} {
		saved[*ent.Shift](p)(p.tx.Shift.Create().SetLotID(at.lot).SetStaffID(staff + int64(10*i)).SetState(shift.StateOPEN).SetFloatFen(0).
			SetCreatedAt(morning).SetKeyHash(p.value()).Save(p.ctx))
	}
}

// claims is what an account may do with a vehicle of its own, and what officers see of it.
func (p *planter) claims(account, car int64) {
	saved[*ent.CoDriverInvitation](p)(p.tx.CoDriverInvitation.Create().SetAccountID(account).SetVehicleID(car).
		SetCodeHash(p.value()).SetExpiresAt(morning).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.Fleet](p)(p.tx.Fleet.Create().SetAccountID(account).SetName(vault.Sealed(p.value())).SetNameIndex(p.value()).
		SetCreditCode(vault.Sealed(p.value())).SetCreditCodeIndex(p.value()).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.PlateDispute](p)(p.tx.PlateDispute.Create().SetAccountID(account).SetVehicleID(car).
		SetPlate(vault.Sealed(p.value())).SetPlateIndex(p.value()).SetPlateColor("BLUE").SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.SharedSpace](p)(p.tx.SharedSpace.Create().SetAccountID(account).SetLotID(1).SetBay("B").SetOwner(vault.Sealed(p.value())).
		SetKeyHash(p.value()).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.PayoutAccount](p)(p.tx.PayoutAccount.Create().SetAccountID(account).SetPayee(vault.Sealed(p.value())).SetSetAt(morning).
		SetDueAt(morning).SetCreatedAt(morning).Save(p.ctx))
	paid := saved[*ent.Settlement](p)(p.tx.Settlement.Create().SetAccountID(account).SetNumber(string(p.value())).SetFen(1).
		SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.SettlementItem](p)(p.tx.SettlementItem.Create().SetSettlementID(paid.ID).SetSpaceID(1).SetLotID(1).SetBay("B").SetFen(1).Save(p.ctx))
	saved[*ent.RiskEvent](p)(p.tx.RiskEvent.Create().SetKind(riskevent.KindNEW_DEVICE).SetOutcome(riskevent.OutcomeNOTED).
		SetAccountID(account).SetOccurredAt(morning).Save(p.ctx))
}

// published is what anybody may read.
func (p *planter) published() {
	saved[*ent.AppRelease](p)(p.tx.AppRelease.Create().SetPlatform(apprelease.PlatformIOS).SetMinimum("1.0.0").
		SetLatest("1.0.0").SetPublishedAt(morning).Save(p.ctx))
	saved[*ent.FeatureSwitch](p)(p.tx.FeatureSwitch.Create().SetName("x").SetPlatform(featureswitch.PlatformIOS).
		SetOn(true).SetChangedAt(morning).Save(p.ctx))
	saved[*ent.VoucherOffer](p)(p.tx.VoucherOffer.Create().SetLotID(1).SetKind(voucheroffer.KindWAIVER).SetPriceFen(1).SetStock(1).
		SetHoldsDays(1).SetSoldUntil(morning).SetStaffID(1).SetCreatedAt(morning).SetKeyHash(p.value()).Save(p.ctx))
}

// rest is what only the program itself reads, and what officers read.
func (p *planter) rest() {
	saved[*ent.DataKey](p)(p.tx.DataKey.Create().SetOwner("account:1").SetWrapped(p.value()).Save(p.ctx))
	saved[*ent.LoginCode](p)(p.tx.LoginCode.Create().SetMobileIndex(p.value()).SetSerial(1).SetCodeHash(p.value()).
		SetExpiresAt(morning).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.QuoteAttempt](p)(p.tx.QuoteAttempt.Create().SetPlateIndex(p.value()).SetLotID(1).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.ChannelVisit](p)(p.tx.ChannelVisit.Create().SetChannel(channelvisit.ChannelALIPAY_LIFE).
		SetStateHash(p.value()).SetExpiresAt(morning).SetCreatedAt(morning).Save(p.ctx))
	saved[*ent.Follower](p)(p.tx.Follower.Create().SetChannel(follower.ChannelWECHAT_OFFICIAL).SetSubjectIndex(p.value()).
		SetFollowing(true).SetToldAt(morning).Save(p.ctx))
	for about, state := range []task.State{task.StateWAITING, task.StateDEAD} {
		saved[*ent.Task](p)(p.tx.Task.Create().SetKind(task.KindNOTICE).SetAboutID(int64(about)).SetState(state).
			SetDueAt(morning).SetCreatedAt(morning).Save(p.ctx))
	}
	saved[*ent.Erasure](p)(p.tx.Erasure.Create().SetAccountID(1).SetReason(erasure.ReasonACCOUNT_CLOSED).
		SetNoticedAt(morning).SetDeadline(morning).Save(p.ctx))
}
