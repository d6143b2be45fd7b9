package schema_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/entc/load"
	"entgo.io/ent/schema/field"

	gen "parkbff/ent"
	"parkbff/ent/schema"
	"parkbff/internal/vault"
)

// entities are all there are; TestNoEntityIsForgotten holds the list.
var entities = []ent.Interface{
	schema.Account{},
	schema.AgreedStay{},
	schema.Agreement{},
	schema.AppRelease{},
	schema.ChannelLink{},
	schema.ChannelVisit{},
	schema.ChargeDispute{},
	schema.CoDriverInvitation{},
	schema.Consent{},
	schema.DataKey{},
	schema.Delivery{},
	schema.Difference{},
	schema.Erasure{},
	schema.FeatureSwitch{},
	schema.Fleet{},
	schema.Follower{},
	schema.Gate{},
	schema.GateCommand{},
	schema.Invoice{},
	schema.InvoiceDelivery{},
	schema.InvoiceTitle{},
	schema.InvoicedOrder{},
	schema.LedgerEntry{},
	schema.LedgerLine{},
	schema.LinkedAccount{},
	schema.LoginCode{},
	schema.Lot{},
	schema.MallItem{},
	schema.MallOrder{},
	schema.Membership{},
	schema.MerchantContingent{},
	schema.MessageQuota{},
	schema.Notice{},
	schema.Observation{},
	schema.OrderDiscount{},
	schema.ParkingSession{},
	schema.Payment{},
	schema.PaymentOrder{},
	schema.PayoutAccount{},
	schema.Permit{},
	schema.PermitPeriod{},
	schema.PermitPlan{},
	schema.PlateDispute{},
	schema.PushEndpoint{},
	schema.QuoteAttempt{},
	schema.Reconciliation{},
	schema.Refund{},
	schema.Reservation{},
	schema.ReservationOffer{},
	schema.RiskEvent{},
	schema.SessionAccess{},
	schema.Settlement{},
	schema.SettlementItem{},
	schema.Shift{},
	schema.SharedSpace{},
	schema.SignIn{},
	schema.Staff{},
	schema.StaffRole{},
	schema.Store{},
	schema.Tariff{},
	schema.Task{},
	schema.PlateRight{},
	schema.PointEntry{},
	schema.PointLot{},
	schema.PointUse{},
	schema.Vehicle{},
	schema.VehicleBinding{},
	schema.Voucher{},
	schema.VoucherOffer{},
}

var (
	// personal are the names of columns that hold something of a person's.
	personal = regexp.MustCompile(`(^|_)(mobile|phone|email|name|nickname|owner|person|address|plate|vin|engine|engine_number|` +
		`id_number|licence|passport|tax_number|bank_account|openid|subject|photo|refresh|profile|birthday|gender|` +
		`credit_code|device_name|secret|password|token)$`)
	// indexed are the columns by which sealed values are found.
	indexed = regexp.MustCompile(`_(index|hash)$`)
)

// impersonal are columns of such a name that tell nothing of a person.
var impersonal = map[string]string{
	"Lot.name":           "published",
	"Lot.half_name":      "published, half",
	"Lot.address":        "published",
	"DataKey.owner":      "names a row",
	"FeatureSwitch.name": "of a feature, published",
	"Store.name":         "published",
	"MallItem.name":      "published",
	"MallOrder.name":     "of an item, published",
}

// textual are hashes that are kept as text, and why that is so.
var textual = map[string]string{
	"Staff.password_hash": "argon2id in PHC form, salted: nothing is found by it",
}

func TestNoEntityIsForgotten(t *testing.T) {
	listed := map[string]bool{}
	for _, e := range entities {
		listed[reflect.TypeOf(e).Name()] = true
	}
	for _, name := range generated() {
		if !listed[name] {
			t.Errorf("%s is not tested", name)
		}
	}
}

func TestEveryEntityHasAPolicy(t *testing.T) {
	eachEntity(t, func(t *testing.T, e *load.Schema) {
		if len(e.Policy) == 0 {
			t.Error("anybody may read and write it")
		}
	})
}

func TestPersonalValuesAreSealed(t *testing.T) {
	sealed := reflect.TypeFor[vault.Sealed]().String()
	eachEntity(t, func(t *testing.T, e *load.Schema) {
		for _, f := range e.Fields {
			if !personal.MatchString(f.Name) || impersonal[e.Name+"."+f.Name] != "" {
				continue
			}
			if f.Info.Type != field.TypeBytes || f.Info.Ident != sealed {
				t.Errorf("%s is a %s, not sealed", f.Name, f.Info)
			}
			if !f.Sensitive {
				t.Errorf("%s would be printed with its row", f.Name)
			}
		}
	})
}

func TestIndexesOfPersonalValuesAreKeyedHashes(t *testing.T) {
	eachEntity(t, func(t *testing.T, e *load.Schema) {
		for _, f := range e.Fields {
			asText := f.Info.Type == field.TypeString && textual[e.Name+"."+f.Name] != ""
			if indexed.MatchString(f.Name) && (f.Info.Type != field.TypeBytes && !asText || !f.Sensitive) {
				t.Errorf("%s is a %s; want sensitive bytes", f.Name, f.Info)
			}
		}
	})
}

func TestPersonalValuesAreFoundByTheirIndexOnly(t *testing.T) {
	eachEntity(t, func(t *testing.T, e *load.Schema) {
		for _, index := range e.Indexes {
			for _, column := range index.Fields {
				if personal.MatchString(column) && impersonal[e.Name+"."+column] == "" {
					t.Errorf("%s is sealed, so an index over it finds nothing", column)
				}
			}
		}
	})
}

func TestEveryExemptionIsNeeded(t *testing.T) {
	met := map[string]bool{}
	eachEntity(t, func(_ *testing.T, e *load.Schema) {
		for _, f := range e.Fields {
			met[e.Name+"."+f.Name] = true
		}
	})
	for _, exempt := range []map[string]string{impersonal, textual} {
		for column := range exempt {
			if !met[column] {
				t.Errorf("%s is exempt but not there", column)
			}
		}
	}
}

func eachEntity(t *testing.T, test func(t *testing.T, e *load.Schema)) {
	t.Helper()
	for _, e := range entities {
		t.Run(reflect.TypeOf(e).Name(), func(t *testing.T) {
			raw, err := load.MarshalSchema(e)
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := load.UnmarshalSchema(raw)
			if err != nil {
				t.Fatal(err)
			}
			test(t, loaded)
		})
	}
}

// generated are the names of the entities that the store knows.
func generated() []string {
	var names []string
	for client := range reflect.TypeFor[gen.Client]().Fields() {
		if kind := client.Type; kind.Kind() == reflect.Pointer {
			if name, ok := strings.CutSuffix(kind.Elem().Name(), "Client"); ok && name == client.Name {
				names = append(names, name)
			}
		}
	}
	return names
}
