// Package resolvers is the glue between the contract and the domain: a resolver reads its arguments,
// calls one service and answers. Whatever decides anything belongs elsewhere.
package resolvers

import (
	"context"

	"parkbff/graph/relay"
	"parkbff/internal/agreement"
	"parkbff/internal/appconfig"
	"parkbff/internal/billing"
	"parkbff/internal/delivery"
	"parkbff/internal/discount"
	"parkbff/internal/dispute"
	"parkbff/internal/identity"
	"parkbff/internal/identity/staffing"
	"parkbff/internal/invoice"
	"parkbff/internal/loyalty"
	"parkbff/internal/mall"
	"parkbff/internal/notice"
	"parkbff/internal/outbox"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/payout"
	"parkbff/internal/permit"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/reservation"
	"parkbff/internal/risk"
	"parkbff/internal/shift"
	"parkbff/internal/space"
	"parkbff/internal/viewer"
)

// Services are what the resolvers call.
type Services struct {
	Identity   *identity.Service
	Staff      *staffing.Service
	Consents   *consents.Service
	Parking    *parking.Service
	Billing    *billing.Service
	Discounts  *discount.Service
	Notices    *notice.Service
	Delivery   *delivery.Service
	Outbox     *outbox.Service
	Risk       *risk.Service
	Apps       *appconfig.Service
	Agreements *agreement.Service
	Invoices   *invoice.Service
	Permits    *permit.Service
	Shifts     *shift.Service
	Disputes   *dispute.Service

	Reservations *reservation.Service
	Spaces       *space.Service
	Payouts      *payout.Service
	Loyalty      *loyalty.Service
	Mall         *mall.Service
}

// Resolver is the root of all resolvers.
type Resolver struct {
	identity   *identity.Service
	staff      *staffing.Service
	consents   *consents.Service
	parking    *parking.Service
	billing    *billing.Service
	discounts  *discount.Service
	agreements *agreement.Service
	invoices   *invoice.Service
	notices    *notice.Service
	delivery   *delivery.Service
	outbox     *outbox.Service
	risk       *risk.Service
	apps       *appconfig.Service
	viewerTag  func(*viewer.Viewer) uint32
	permits    *permit.Service
	shifts     *shift.Service
	disputes   *dispute.Service

	reservations *reservation.Service
	spaces       *space.Service
	payouts      *payout.Service
	loyalty      *loyalty.Service
	mall         *mall.Service
}

// New answers the root of all resolvers. viewerTag binds cursors to a viewer, as the edge does.
func New(s Services, viewerTag func(*viewer.Viewer) uint32) *Resolver {
	return &Resolver{
		identity: s.Identity, staff: s.Staff, consents: s.Consents, parking: s.Parking, billing: s.Billing, discounts: s.Discounts, permits: s.Permits, reservations: s.Reservations,
		agreements: s.Agreements, invoices: s.Invoices, notices: s.Notices, shifts: s.Shifts, disputes: s.Disputes, spaces: s.Spaces, payouts: s.Payouts, loyalty: s.Loyalty, mall: s.Mall,
		delivery: s.Delivery, outbox: s.Outbox, risk: s.Risk, apps: s.Apps, viewerTag: viewerTag,
	}
}

// Names of lists, to which cursors are bound.
const (
	listHistory       = "viewer.sessions"
	listOpen          = "viewer.openSessions"
	listOrders        = "viewer.orders"
	listLotOrders     = "lot.orders"
	listVouchers      = "viewer.vouchers"
	listVoucherOffers = "voucherOffers"
	listContingents   = "merchant.contingents"
	listPermitPlans   = "lot.permitPlans"
	listPermits       = "viewer.permits"
	listPeriods       = "permit.periods"
	listPlateRights   = "plateRights"
	listVisitors      = "viewer.visitors"
	listShifts        = "lot.shifts"
	listMovements     = "shift.movements"
	listOpenings      = "shift.openings"
	listReservations  = "viewer.reservations"
	listLotReserved   = "lot.reservations"
	listPoints        = "membership.ledger"
	listMallItems     = "lot.mallItems"
	listMallOrders    = "viewer.mallOrders"
	listConsents      = "account.consents"
	listLots          = "lots"
	listLotStays      = "lot.sessions"
	listDevices       = "account.devices"
	listClaims        = "account.plateDisputes"
	listDisputes      = "plateDisputes"
	listSpaces        = "viewer.sharedSpaces"
	listSubmitted     = "sharedSpaces"
	listSettlements   = "viewer.settlements"
	listCharges       = "viewer.chargeDisputes"
	listLotCharges    = "lot.chargeDisputes"
	listRisks         = "riskEvents"

	listOwnDeliveries = "account.deliveries"
	listDeliveries    = "deliveries"
	listDeadLetters   = "deadLetters"
	listReconciled    = "reconciliations"
	listArrears       = "viewer.arrears"
	listTitles        = "viewer.invoiceTitles"
	listInvoiceable   = "viewer.invoiceableOrders"
	listInvoices      = "viewer.invoices"
	listOnInvoice     = "invoice.orders"
)

// as binds cursors to the viewer whose list is shown: after a sign-in that is not the one who asked.
func (r *Resolver) as(ctx context.Context, v *viewer.Viewer) context.Context {
	return relay.WithViewerTag(ctx, r.viewerTag(v))
}

// connect answers one page of a list.
func connect[T any](ctx context.Context, list string, first *int, after *string, row func(T) int64, read func(page.Request) (page.Of[T], error)) (*relay.Connection[T], error) {
	request, err := relay.Page(ctx, list, first, (*relay.Cursor)(after), 0)
	if err != nil {
		return nil, err
	}
	found, err := read(request)
	if err != nil {
		return nil, err
	}
	return relay.Connect(ctx, list, found, row), nil
}

func rowOfConsent(c *consents.Consent) int64 { return c.Row }

func rowOfStay(s *parking.Stay) int64 { return s.Row }

func rowOfReconciliation(c *billing.Reconciliation) int64 { return c.Row }

func rowOfOrder(o *billing.Order) int64 { return o.Row }

func rowOfVoucher(v *discount.Voucher) int64 { return v.Row }

func rowOfPlan(p *permit.Plan) int64 { return p.Row }

func rowOfPermit(p *permit.Permit) int64 { return p.Row }

func rowOfPeriod(p *permit.Period) int64 { return p.Row }

func rowOfRight(p *permit.Right) int64 { return p.Row }

func rowOfShift(s *shift.Shift) int64 { return s.Row }

func rowOfMovement(m *billing.CashMovement) int64 { return m.Row }

func rowOfCommand(c *parking.GateCommand) int64 { return c.Row }

func rowOfReservation(r *reservation.Reservation) int64 { return r.Row }

func rowOfPoints(e *loyalty.Entry) int64 { return e.Row }

func rowOfMallItem(i *mall.Item) int64 { return i.Row }

func rowOfMallOrder(o *mall.Order) int64 { return o.Row }

func rowOfOffer(o *discount.Offer) int64 { return o.Row }

func rowOfContingent(c *discount.Contingent) int64 { return c.Row }

func rowOfTitle(t *invoice.Title) int64 { return t.Row }

func rowOfInvoice(i *invoice.Invoice) int64 { return i.Row }

func rowOfDevice(d *identity.Device) int64 { return d.Row }

func rowOfDispute(d *identity.PlateDispute) int64 { return d.Row }

func rowOfSpace(s *space.Space) int64 { return s.Row }

func rowOfSettlement(s *payout.Settlement) int64 { return s.Row }

func rowOfCharge(d *dispute.Dispute) int64 { return d.Row }

func rowOfRisk(e *risk.Event) int64 { return e.Row }

func rowOfDelivery(d *delivery.Delivery) int64 { return d.Row }

func rowOfDeadLetter(d *outbox.DeadLetter) int64 { return d.Row }
