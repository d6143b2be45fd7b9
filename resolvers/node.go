package resolvers

import (
	"context"
	"errors"

	"entgo.io/ent/privacy"

	"parkbff/graph/relay"
	"parkbff/internal/fault"
)

// Types whose objects have ids. The sealer of ids must know every one of them.
const (
	typeAccount     = "Account"
	typeConsent     = "Consent"
	typeVehicle     = "Vehicle"
	typeLot         = "Lot"
	typeStay        = "ParkingSession"
	typeNotice      = "Notice"
	typeGateCommand = "GateCommand"

	typeLinkedAccount  = "LinkedAccount"
	typeDevice         = "Device"
	typeRiskEvent      = "RiskEvent"
	typeCoDriver       = "CoDriver"
	typeFleet          = "Fleet"
	typePlateDispute   = "PlateDispute"
	typeChargeDispute  = "ChargeDispute"
	typeSharedSpace    = "SharedSpace"
	typeDelivery       = "Delivery"
	typeDeadLetter     = "DeadLetter"
	typePaymentOrder   = "PaymentOrder"
	typeReconciliation = "Reconciliation"
	typeVoucher        = "Voucher"
	typeVoucherOffer   = "VoucherOffer"
	typeInvoiceTitle   = "InvoiceTitle"
	typeAgreement      = "PasswordFreeAgreement"
	typeInvoice        = "Invoice"
	typePermitPlan     = "PermitPlan"
	typePermit         = "Permit"
	typePermitPeriod   = "PermitPeriod"
	typePlateRight     = "PlateRight"
	typeShift          = "Shift"
	typeCashMovement   = "CashMovement"
	typeContingent     = "MerchantContingent"
	typeReservation    = "Reservation"
	typeSettlement     = "Settlement"
	typePointEntry     = "PointEntry"
	typeMallItem       = "MallItem"
	typeMallOrder      = "MallOrder"
)

// NodeTypes lists them.
func NodeTypes() []string {
	return []string{
		typeAccount, typeConsent, typeVehicle, typeLot, typeStay, typeNotice, typeGateCommand,
		typeLinkedAccount, typeDevice, typeRiskEvent, typeCoDriver, typeFleet, typePlateDispute, typeChargeDispute, typeSharedSpace, typeDelivery, typeDeadLetter,
		typePaymentOrder, typeReconciliation, typeVoucher, typeVoucherOffer, typeInvoiceTitle, typeInvoice, typeAgreement,
		typePermitPlan, typePermit, typePermitPeriod, typePlateRight, typeReservation,
		typeShift, typeCashMovement, typeContingent, typeSettlement, typePointEntry, typeMallItem, typeMallOrder,
	}
}

// rowOf answers the row of an id that was given to a mutation or a quote, and 0, which no row has, for an id
// of another type. So the service that is asked first looks at who asks and then answers as for a row that
// is gone.
func rowOf(id relay.ID, typ string) int64 {
	row, err := id.Of(typ)
	if err != nil {
		return 0
	}
	return row
}

// rowIfAny is rowOf for an id that may be left out.
func rowIfAny(id *relay.ID, typ string) *int64 {
	if id == nil {
		return nil
	}
	row := rowOf(*id, typ)
	return &row
}

// node answers the thing of an id, or nil when the viewer may not see it: both look alike.
func (r *Resolver) node(ctx context.Context, id relay.ID) (relay.Node, error) {
	found, err := r.find(ctx, id)
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.Unauthenticated) || errors.Is(err, fault.Forbidden) || errors.Is(err, privacy.Deny) {
		return nil, nil
	}
	return found, err
}

func (r *Resolver) find(ctx context.Context, id relay.ID) (relay.Node, error) {
	switch id.Type {
	case typeStay:
		return some(r.parking.Stay(ctx, id.Row))
	case typeNotice:
		return some(r.notices.Notice(ctx, id.Row))
	case typeConsent:
		return some(r.consents.One(ctx, id.Row))
	case typeVehicle:
		return some(r.identity.Vehicle(ctx, id.Row))
	case typeLinkedAccount:
		return some(r.identity.LinkedAccount(ctx, id.Row))
	case typeDevice:
		return some(r.identity.Device(ctx, id.Row))
	case typeRiskEvent:
		return some(r.risk.One(ctx, id.Row))
	case typeCoDriver:
		return some(r.identity.CoDriver(ctx, id.Row))
	case typeFleet:
		return some(r.identity.Fleet(ctx, id.Row))
	case typePlateDispute:
		return some(r.identity.PlateDispute(ctx, id.Row))
	case typeDelivery:
		return some(r.delivery.Delivery(ctx, id.Row))
	case typeDeadLetter:
		return some(r.outbox.DeadLetter(ctx, id.Row))
	case typePaymentOrder:
		return some(r.billing.Order(ctx, id.Row, ""))
	case typeReconciliation:
		return some(r.billing.Reconciliation(ctx, id.Row))
	case typeVoucher:
		return some(r.discounts.One(ctx, id.Row))
	case typeVoucherOffer:
		return some(r.discounts.OfferByRow(ctx, id.Row))
	case typeSharedSpace:
		return some(r.spaces.Space(ctx, id.Row))
	case typeSettlement:
		return some(r.payouts.Settlement(ctx, id.Row))
	case typeChargeDispute:
		return some(r.disputes.Dispute(ctx, id.Row))
	case typeAgreement:
		return some(r.agreements.One(ctx, id.Row))
	case typeInvoiceTitle:
		return some(r.invoices.Title(ctx, id.Row))
	case typeInvoice:
		return some(r.invoices.Invoice(ctx, id.Row))
	case typePermitPlan:
		return some(r.permits.PlanByRow(ctx, id.Row))
	case typePermit:
		return some(r.permits.One(ctx, id.Row))
	case typePermitPeriod:
		return some(r.permits.PeriodByRow(ctx, id.Row))
	case typePlateRight:
		return some(r.permits.RightByRow(ctx, id.Row))
	case typeShift:
		return some(r.shifts.One(ctx, id.Row))
	case typeCashMovement:
		return some(r.billing.CashMovement(ctx, id.Row))
	case typeContingent:
		return some(r.discounts.ContingentByRow(ctx, id.Row))
	case typeReservation:
		return some(r.reservations.One(ctx, id.Row))
	case typePointEntry:
		return some(r.loyalty.One(ctx, id.Row))
	case typeMallItem:
		return some(r.mall.ItemByRow(ctx, id.Row))
	case typeMallOrder:
		return some(r.mall.One(ctx, id.Row))
	case typeGateCommand:
		return some(r.parking.CommandByRow(ctx, id.Row))
	case typeLot:
		if lot, ok := r.parking.LotByRow(id.Row); ok {
			return lot, nil
		}
	case typeAccount:
		account, err := r.identity.Account(ctx)
		if err == nil && account.Row == id.Row {
			return account, nil
		}
		return nil, err
	}
	return nil, fault.NotFound
}

// some keeps a nil pointer from becoming a Node that is not nil.
func some[T any](found *T, err error) (relay.Node, error) {
	if err != nil || found == nil {
		return nil, err
	}
	return found, nil
}
