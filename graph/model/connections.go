// Package model holds what the contract needs beyond the domain's own types: payloads and inputs
// (generated), connections and scalars.
package model

import (
	"context"

	"parkbff/graph/relay"
	"parkbff/internal/billing"
	"parkbff/internal/delivery"
	"parkbff/internal/discount"
	"parkbff/internal/dispute"
	"parkbff/internal/identity"
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
)

// Connections and edges of the contract.
type (
	ParkingSessionConnection     = relay.Connection[*parking.Stay]
	ParkingSessionEdge           = relay.Edge[*parking.Stay]
	ConsentConnection            = relay.Connection[*consents.Consent]
	ConsentEdge                  = relay.Edge[*consents.Consent]
	DeviceConnection             = relay.Connection[*identity.Device]
	DeviceEdge                   = relay.Edge[*identity.Device]
	PlateDisputeConnection       = relay.Connection[*identity.PlateDispute]
	PlateDisputeEdge             = relay.Edge[*identity.PlateDispute]
	SharedSpaceConnection        = relay.Connection[*space.Space]
	SharedSpaceEdge              = relay.Edge[*space.Space]
	SettlementConnection         = relay.Connection[*payout.Settlement]
	SettlementEdge               = relay.Edge[*payout.Settlement]
	ChargeDisputeConnection      = relay.Connection[*dispute.Dispute]
	ChargeDisputeEdge            = relay.Edge[*dispute.Dispute]
	RiskEventConnection          = relay.Connection[*risk.Event]
	RiskEventEdge                = relay.Edge[*risk.Event]
	DeliveryConnection           = relay.Connection[*delivery.Delivery]
	DeliveryEdge                 = relay.Edge[*delivery.Delivery]
	DeadLetterConnection         = relay.Connection[*outbox.DeadLetter]
	DeadLetterEdge               = relay.Edge[*outbox.DeadLetter]
	ReconciliationConnection     = relay.Connection[*billing.Reconciliation]
	ReconciliationEdge           = relay.Edge[*billing.Reconciliation]
	InvoiceTitleConnection       = relay.Connection[*invoice.Title]
	InvoiceTitleEdge             = relay.Edge[*invoice.Title]
	InvoiceConnection            = relay.Connection[*invoice.Invoice]
	InvoiceEdge                  = relay.Edge[*invoice.Invoice]
	PaymentOrderConnection       = relay.Connection[*billing.Order]
	PaymentOrderEdge             = relay.Edge[*billing.Order]
	VoucherConnection            = relay.Connection[*discount.Voucher]
	VoucherEdge                  = relay.Edge[*discount.Voucher]
	VoucherOfferConnection       = relay.Connection[*discount.Offer]
	VoucherOfferEdge             = relay.Edge[*discount.Offer]
	PermitPlanConnection         = relay.Connection[*permit.Plan]
	PermitPlanEdge               = relay.Edge[*permit.Plan]
	PermitConnection             = relay.Connection[*permit.Permit]
	PermitEdge                   = relay.Edge[*permit.Permit]
	PermitPeriodConnection       = relay.Connection[*permit.Period]
	PermitPeriodEdge             = relay.Edge[*permit.Period]
	PlateRightConnection         = relay.Connection[*permit.Right]
	PlateRightEdge               = relay.Edge[*permit.Right]
	ShiftConnection              = relay.Connection[*shift.Shift]
	ShiftEdge                    = relay.Edge[*shift.Shift]
	CashMovementConnection       = relay.Connection[*billing.CashMovement]
	CashMovementEdge             = relay.Edge[*billing.CashMovement]
	GateCommandConnection        = relay.Connection[*parking.GateCommand]
	GateCommandEdge              = relay.Edge[*parking.GateCommand]
	MerchantContingentConnection = relay.Connection[*discount.Contingent]
	MerchantContingentEdge       = relay.Edge[*discount.Contingent]
	ReservationConnection        = relay.Connection[*reservation.Reservation]
	ReservationEdge              = relay.Edge[*reservation.Reservation]
	PointEntryConnection         = relay.Connection[*loyalty.Entry]
	PointEntryEdge               = relay.Edge[*loyalty.Entry]
	MallItemConnection           = relay.Connection[*mall.Item]
	MallItemEdge                 = relay.Edge[*mall.Item]
	MallOrderConnection          = relay.Connection[*mall.Order]
	MallOrderEdge                = relay.Edge[*mall.Order]
	NoticeConnection             = relay.Connection[*notice.Notice]
	NoticeEdge                   = relay.Edge[*notice.Notice]
)

// LotConnection is a page of lots.
type LotConnection struct {
	Edges    []*LotEdge
	PageInfo *relay.PageInfo
}

// LotEdge is a lot as a search found it.
type LotEdge struct {
	Node           *parking.Lot
	DistanceMeters *int
	edge           *relay.Edge[parking.Found]
}

// Cursor of the lot, for `after`.
func (e *LotEdge) Cursor() relay.Cursor { return e.edge.Cursor() }

// ConnectLots gives a page of found lots its Relay shape.
func ConnectLots(ctx context.Context, list string, found page.Of[parking.Found]) *LotConnection {
	plain := relay.Connect(ctx, list, found, func(f parking.Found) int64 { return f.Row })
	edges := make([]*LotEdge, len(plain.Edges))
	for i, edge := range plain.Edges {
		edges[i] = &LotEdge{Node: edge.Node.Lot, DistanceMeters: edge.Node.DistanceMeters, edge: edge}
	}
	return &LotConnection{Edges: edges, PageInfo: plain.PageInfo}
}

// NoticeEvent is a notice as it arrives, with the place to go on from.
type NoticeEvent struct{ edge *NoticeEdge }

// ListNotices is the name of the list to which the cursors of notices are bound: those of the page and
// those of the subscription are the same.
const ListNotices = "notices"

// NewNoticeEvent seals the cursor of a notice for the viewer of ctx.
func NewNoticeEvent(ctx context.Context, n *notice.Notice) *NoticeEvent {
	one := relay.Connect(ctx, ListNotices, page.Of[*notice.Notice]{Items: []*notice.Notice{n}}, NoticeRow)
	return &NoticeEvent{edge: one.Edges[0]}
}

// NoticeRow is the row by which notices page.
func NoticeRow(n *notice.Notice) int64 { return n.Row }

// Cursor of the notice, for `after`.
func (e *NoticeEvent) Cursor() relay.Cursor { return e.edge.Cursor() }

// Notice that arrived.
func (e *NoticeEvent) Notice() *notice.Notice { return e.edge.Node }
