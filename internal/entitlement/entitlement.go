// Package entitlement is the one table of who may use which service: it decides each request, answers
// `entitlements`, and is printed as docs/policy-matrix.md.
package entitlement

import (
	"parkbff/ent/consent"
	"parkbff/internal/viewer"
)

// Service is something that the platform does for a viewer, by the contract's name.
type Service string

// Services.
const (
	FindLots          Service = "FIND_LOTS"
	QuotePlate        Service = "QUOTE_PLATE"
	PayParking        Service = "PAY_PARKING"
	EInvoice          Service = "E_INVOICE"
	PasswordFree      Service = "PASSWORD_FREE"
	ManageProfile     Service = "MANAGE_PROFILE"
	BindPlate         Service = "BIND_PLATE"
	LinkChannel       Service = "LINK_CHANNEL"
	ManageConsents    Service = "MANAGE_CONSENTS"
	ManageDevices     Service = "MANAGE_DEVICES"
	MessageChannels   Service = "MESSAGE_CHANNELS"
	EndAccount        Service = "END_ACCOUNT"
	SetMessages       Service = "SET_MESSAGES"
	StayRecords       Service = "STAY_RECORDS"
	QuoteStay         Service = "QUOTE_STAY"
	HideRecord        Service = "HIDE_RECORD"
	VerifyVehicle     Service = "VERIFY_VEHICLE"
	DisputePlate      Service = "DISPUTE_PLATE"
	DisputeCharge     Service = "DISPUTE_CHARGE"
	ShareSpace        Service = "SHARE_SPACE"
	StayMessages      Service = "STAY_MESSAGES"
	ClearRecords      Service = "CLEAR_RECORDS"
	SetMessageDisplay Service = "SET_MESSAGE_DISPLAY"
	FullMask          Service = "FULL_MASK"
	InviteCoDriver    Service = "INVITE_CO_DRIVER"
	RunFleet          Service = "RUN_FLEET"
	Vouchers          Service = "VOUCHERS"
	Permits           Service = "PERMITS"
	Reservations      Service = "RESERVATIONS"
	Membership        Service = "MEMBERSHIP"
)

// Entitlement is one row of the table.
type Entitlement struct {
	Service  Service
	Name     string
	Needs    []viewer.Fact     // about the viewer and the vehicle at hand
	Consents []consent.Purpose // that must hold
	Since    viewer.Tier       // the lowest tier that has it
	Source   string            // where the privacy policy says so
}
