package resolvers

import (
	"github.com/99designs/gqlgen/graphql"

	"parkbff/ent/featureswitch"
	"parkbff/graph/model"
	"parkbff/internal/appconfig"
	"parkbff/internal/billing"
	"parkbff/internal/cnid"
	"parkbff/internal/delivery"
	"parkbff/internal/discount"
	"parkbff/internal/identity"
	"parkbff/internal/invoice"
	"parkbff/internal/mall"
	"parkbff/internal/parking"
	"parkbff/internal/parking/geo"
	"parkbff/internal/permit"
	"parkbff/internal/reservation"
	"parkbff/internal/weekly"
)

func colorOf(color *cnid.Color) cnid.Color {
	if color == nil {
		return ""
	}
	return *color
}

func newOrderOf(in model.CreateOrderInput) billing.NewOrder {
	order := billing.NewOrder{IdempotencyKey: in.IdempotencyKey, Quote: in.Quote, Codes: in.VoucherCodes}
	for _, id := range in.VoucherIds {
		order.Vouchers = append(order.Vouchers, rowOf(*id, typeVoucher))
	}
	return order
}

func termsOf(in *model.VoucherTermsInput) discount.Terms {
	terms := discount.Terms{Kind: in.Kind}
	if in.AmountFen != nil {
		terms.Fen = *in.AmountFen
	}
	if in.Minutes != nil {
		terms.Minutes = *in.Minutes
	}
	return terms
}

func contingentOf(in model.AddMerchantContingentInput) discount.NewContingent {
	n := discount.NewContingent{
		IdempotencyKey: in.IdempotencyKey, LotCode: in.LotCode, StoreCode: in.StoreCode,
		Terms:  termsOf(&model.VoucherTermsInput{Kind: in.Terms.Kind, AmountFen: in.Terms.AmountFen, Minutes: in.Terms.Minutes}),
		Pieces: in.Pieces, MostPerStay: in.MostPerStay, MostPerDay: number(in.MostPerDay, in.Pieces), EndsAt: in.EndsAt,
	}
	if in.StartsAt != nil {
		n.StartsAt = *in.StartsAt
	}
	return n
}

func planOf(in model.PublishPermitPlanInput) permit.NewPlan {
	n := permit.NewPlan{
		IdempotencyKey: in.IdempotencyKey, LotCode: in.LotCode, Title: in.Title, Bay: text(in.Bay), PriceFen: in.PriceFen,
		Rule:  permit.Rule{Renewal: in.Rule.Renewal, Months: number(in.Rule.Months, 0), SettlementDay: number(in.Rule.SettlementDay, 0), Days: number(in.Rule.Days, 0)},
		Bays:  number(in.Bays, 1),
		Stock: in.Stock, SoldUntil: in.SoldUntil,
	}
	n.Plates = number(in.Plates, n.Bays)
	return n
}

func number(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}

func reservationTermsOf(in model.SetReservationOfferInput) reservation.Terms {
	return reservation.Terms{
		Open: in.Open, Bays: in.Bays, PriceFen: in.PriceFen, UnitMinutes: number(in.UnitMinutes, 0), AheadMinutes: in.AheadMinutes,
		LongestMinutes: in.LongestMinutes, EarlyMinutes: number(in.EarlyMinutes, 0), GraceMinutes: in.GraceMinutes,
		FreeMinutes: in.FreeMinutes, LatePercent: number(in.LatePercent, 0), OwnerPercent: number(in.OwnerPercent, 0),
	}
}

func weeklyPlanOf(hours []*weekly.Hours) weekly.Plan {
	plan := make(weekly.Plan, len(hours))
	for i, h := range hours {
		plan[i] = *h
	}
	return plan
}

func reservationOf(in model.ReserveSpaceInput) billing.NewReservation {
	return billing.NewReservation{IdempotencyKey: in.IdempotencyKey, Wish: reservation.Wish{
		LotCode: in.LotCode, Space: rowIfAny(in.SpaceID, typeSharedSpace), Vehicle: rowOf(in.VehicleID, typeVehicle), From: in.From, Until: in.Until,
	}}
}

func mallItemOf(in model.SetMallItemInput) mall.Terms {
	t := mall.Terms{
		LotCode: in.LotCode, Code: in.Code, Name: in.Name, VoucherOffer: rowIfAny(in.VoucherOfferID, typeVoucherOffer), Stock: in.Stock,
		SoldUntil: in.SoldUntil, HoldsDays: in.HoldsDays, StoreCode: text(in.StoreCode),
	}
	if in.PriceFen != nil {
		t.PriceFen = *in.PriceFen
	}
	if in.Points != nil {
		t.Points = *in.Points
	}
	return t
}

func visitOf(in model.InviteVisitorInput) permit.Visit {
	v := permit.Visit{LotCode: in.LotCode, Plate: permit.Plate{Text: in.Plate, Color: colorOf(in.PlateColor)}, Until: in.Until}
	if in.From != nil {
		v.From = *in.From
	}
	return v
}

func platesOf(in []*model.PermitPlateInput) []permit.Plate {
	plates := make([]permit.Plate, len(in))
	for i, p := range in {
		plates[i] = permit.Plate{Text: p.Plate, Color: colorOf(p.PlateColor)}
	}
	return plates
}

func offerOf(in model.PublishVoucherOfferInput) discount.NewOffer {
	return discount.NewOffer{
		IdempotencyKey: in.IdempotencyKey, LotCode: in.LotCode, Terms: termsOf(in.Terms), HoldsDays: in.Terms.HoldsDays,
		PriceFen: in.PriceFen, Stock: in.Stock, SoldUntil: in.SoldUntil,
	}
}

func attemptOf(in model.PayOrderInput) billing.Attempt {
	return billing.Attempt{
		IdempotencyKey: in.IdempotencyKey, Order: rowOf(in.OrderID, typePaymentOrder), Proof: text(in.PayerProof),
		Channel: in.Channel, Way: in.Way, Code: text(in.Code),
	}
}

func pictureOf(file graphql.Upload, purpose identity.UploadPurpose) identity.Picture {
	return identity.Picture{Purpose: purpose, MediaType: file.ContentType, Content: file.File}
}

func observationOf(in *model.RecordObservationInput) parking.Observation {
	return parking.Observation{
		EventID: in.EventID, LotCode: in.LotCode, GateCode: in.GateCode, Direction: in.Direction,
		Plate: in.Plate, PlateColor: colorOf(in.PlateColor), ObservedAt: in.ObservedAt, Confidence: in.Confidence,
	}
}

func observationsOf(inputs []*model.RecordObservationInput) []parking.Observation {
	batch := make([]parking.Observation, len(inputs))
	for i, in := range inputs {
		batch[i] = observationOf(in)
	}
	return batch
}

// observed makes the payload of one observation. An exit without an entry is refused and kept at once,
// so it has both a barrier and a userError.
func observed(result parking.Result) (*model.RecordObservationPayload, error) {
	refused, err := refusals(result.Err)
	payload := &model.RecordObservationPayload{UserErrors: refused}
	if result.Outcome != nil {
		payload.Session, payload.Barrier, payload.Duplicate = result.Stay, &result.Barrier, result.Duplicate
	}
	return payload, err
}

func eachObserved(results []parking.Result) ([]*model.RecordObservationPayload, error) {
	payloads := make([]*model.RecordObservationPayload, len(results))
	for i, result := range results {
		payload, err := observed(result)
		if err != nil {
			return nil, err
		}
		payloads[i] = payload
	}
	return payloads, nil
}

func searchOf(near *model.PointInput, radiusMeters *int, name *string) parking.Search {
	search := parking.Search{RadiusMeters: radiusMeters, Text: text(name)}
	if near != nil {
		search.Near = &geo.Point{Latitude: near.Latitude, Longitude: near.Longitude}
	}
	return search
}

func commandOf(in model.SendGateCommandInput) parking.Command {
	command := parking.Command{
		IdempotencyKey: in.IdempotencyKey, LotCode: in.LotCode, GateCode: in.GateCode, Kind: in.Kind, Reason: in.Reason,
	}
	if in.Text != nil {
		command.Text = *in.Text
	}
	return command
}

func releaseOf(in model.PublishAppReleaseInput) appconfig.Release {
	return appconfig.Release{
		Platform: in.Platform, Minimum: in.MinimumVersion, Latest: in.LatestVersion, PackageSha256: text(in.PackageSha256),
	}
}

func featureOf(in model.SetFeatureSwitchInput) appconfig.Feature {
	return appconfig.Feature{
		Name: in.Name, Platform: featureswitch.Platform(in.Platform), On: in.On, Since: text(in.Since),
	}
}

func quietHours(input *model.QuietHoursInput) *delivery.QuietHours {
	if input == nil {
		return nil
	}
	return &delivery.QuietHours{From: input.From, Until: input.Until}
}

func titleOf(in *model.InvoiceTitleInput) *invoice.Title {
	if in == nil {
		return nil
	}
	return &invoice.Title{
		Kind: in.Kind, Name: in.Name, TaxNumber: in.TaxNumber, Bank: in.Bank, Account: in.Account, Phone: in.Phone,
		Address: in.Address, Mail: in.Mail, Mobile: in.Mobile,
	}
}

func invoiceOf(in model.RequestInvoiceInput) invoice.NewRequest {
	wanted := invoice.NewRequest{
		IdempotencyKey: in.IdempotencyKey, Typed: titleOf(in.Title.Typed), Save: in.Save, Mail: in.Mail, Mobile: in.Mobile,
	}
	for _, id := range in.OrderIds {
		wanted.Orders = append(wanted.Orders, rowOf(*id, typePaymentOrder))
	}
	if in.Title.Saved != nil {
		wanted.Saved = rowOf(*in.Title.Saved, typeInvoiceTitle)
	}
	return wanted
}
