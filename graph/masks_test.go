package graph_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/ent/parkingsession"
	"parkbff/graph/directive"
	"parkbff/internal/billing"
	"parkbff/internal/notice"
	"parkbff/internal/parking"
	"parkbff/internal/privacy"
	"parkbff/internal/reservation"
	"parkbff/internal/viewer"
)

const (
	theVehicle = 7
	theLot     = 3
)

// models has one value of every type that has masked fields, with something to hide in each.
func models() map[string]any {
	name := "万象城停车场"
	entered := time.Date(2026, 11, 21, 0, 17, 0, 0, time.UTC)
	left := entered.Add(100 * time.Minute)
	stay := &parking.Stay{
		Row: 1, LotID: theLot, VehicleID: theVehicle, Plate: "粤B12345", LotName: name, HalfLotName: "万***停车场",
		State: parkingsession.StateCLOSED, EnteredAt: entered, ExitedAt: &left, FeeFen: 1000,
	}
	return map[string]any{
		"ParkingSession": stay,
		"Reservation":    &reservation.Reservation{Row: 1, VehicleID: theVehicle, LotID: theLot, Plate: "粤B12345", Arrival: new(reservation.Arrived)},
		"PaymentOrder":   &billing.Order{Row: 1, Stay: stay, LotID: theLot, Lot: &parking.Lot{Row: theLot, Name: name, HalfName: "万***停车场"}, CreatedAt: entered, PaidAt: &left},
		"Notice": &notice.Notice{
			Row: 1, LotID: theLot, VehicleID: theVehicle, Plate: "粤B12345", LotName: &name, HalfLotName: "万***停车场",
			OccurredAt: entered,
		},
	}
}

// resolved are masked fields that a resolver answers, so that no model holds their value.
var resolved = map[string]any{"ParkingSession.lot": &parking.Lot{Row: 3, Name: "万象城停车场"}}

var (
	stranger = &viewer.Viewer{Kind: viewer.Driver, Vehicles: []viewer.Vehicle{{ID: theVehicle}}}
	owner    = &viewer.Viewer{Kind: viewer.Driver, Vehicles: []viewer.Vehicle{{ID: theVehicle, Verified: true}}}
)

func TestEveryMaskFitsTheValueItStandsOn(t *testing.T) {
	eachMask(t, func(t *testing.T, m mask) {
		hidden, err := m.shownTo(stranger)
		if err != nil {
			t.Fatal(err)
		}
		if reflect.DeepEqual(hidden, m.value) {
			t.Errorf("the masked value is the clear one: %v", hidden)
		}
		if want, got := reflect.TypeOf(m.value), reflect.TypeOf(hidden); hidden != nil && want != got {
			t.Errorf("a %v is masked as a %v", want, got)
		}
	})
}

func TestAVerifiedOwnerSeesEveryValueClear(t *testing.T) {
	eachMask(t, func(t *testing.T, m mask) {
		shown, err := m.shownTo(owner)
		if err != nil || !reflect.DeepEqual(shown, m.value) {
			t.Errorf("the owner sees %v, %v, not %v", shown, err, m.value)
		}
	})
}

func TestVerifyingOneVehicleLiftsNoMaskOfAnother(t *testing.T) {
	other := &viewer.Viewer{
		Kind: viewer.Driver, Channels: []string{"APP"},
		Vehicles: []viewer.Vehicle{{ID: theVehicle}, {ID: theVehicle + 1, Verified: true}},
	}
	eachMask(t, func(t *testing.T, m mask) {
		if shown, err := m.shownTo(other); err != nil || reflect.DeepEqual(shown, m.value) {
			t.Errorf("shown %v, %v", shown, err)
		}
	})
}

// The rows of other lots are closed to staff, so this wall is only ever met by those of the lot itself: it must
// hold all the same.
func TestOnlyStaffOfTheLotAtHandSeeItsRecordsClear(t *testing.T) {
	worksAt := func(lot int64) *viewer.Viewer {
		return &viewer.Viewer{Kind: viewer.Staff, Lots: []viewer.LotRole{{LotID: lot, Role: viewer.Manager}}}
	}
	eachMask(t, func(t *testing.T, m mask) {
		for lot, clear := range map[int64]bool{theLot: m.atLot(), theLot + 1: false} {
			if shown, err := m.shownTo(worksAt(lot)); err != nil || reflect.DeepEqual(shown, m.value) != clear {
				t.Errorf("staff of lot %d are shown %v, %v", lot, shown, err)
			}
		}
	})
}

func TestFullMaskingHidesTheLotFromItsOwnerToo(t *testing.T) {
	masking := *owner
	masking.FullMask = true
	want := map[string]any{"LOT_NAME": privacy.FullMaskName, "HIDDEN": nil, "NAME_VISIBILITY": privacy.NameHidden}
	eachMask(t, func(t *testing.T, m mask) {
		shown, err := m.shownTo(&masking)
		if text, ok := shown.(*string); ok {
			shown = *text
		}
		expected, concerned := want[string(m.formula)]
		if !concerned {
			expected = m.value
		}
		if text, ok := expected.(*string); ok {
			expected = *text
		}
		if err != nil || !reflect.DeepEqual(shown, expected) {
			t.Errorf("shown %v, %v, want %v", shown, err, expected)
		}
	})
}

func TestAMessageIsShownAsItsOwnerWantsAndARecordIsNot(t *testing.T) {
	half, full, clear := *owner, *owner, *stranger
	half.Messages, full.Messages, clear.Messages = viewer.DisplayHalf, viewer.DisplayFull, viewer.DisplayClear
	masking := *stranger
	masking.FullMask = true
	eachMask(t, func(t *testing.T, m mask) {
		_, isMessage := m.object.(*notice.Notice)
		for name, test := range map[string]struct{ wants, like *viewer.Viewer }{
			"half": {&half, stranger}, "full": {&full, &masking}, "clear, below the fact": {&clear, stranger},
		} {
			like := test.like
			if !isMessage && test.wants != &clear {
				like = owner
			}
			want, err := m.shownTo(like)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := m.shownTo(test.wants); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: shown %v, %v, want %v", name, got, err, want)
			}
		}
	})
}

// mask is one @mask of the contract over a value of its field.
type mask struct {
	formula directive.Formula
	unless  viewer.Fact
	object  any
	value   any
}

func (m mask) shownTo(v *viewer.Viewer) (any, error) {
	next := func(context.Context) (any, error) { return m.value, nil }
	return directive.Mask(viewer.With(context.Background(), v), m.object, next, m.formula, m.unless)
}

// atLot tells whether the record is the lot's too. A notice is its account's alone.
func (m mask) atLot() bool {
	_, isNotice := m.object.(*notice.Notice)
	return !isNotice
}

func eachMask(t *testing.T, test func(t *testing.T, m mask)) {
	t.Helper()
	objects := models()
	eachField(load(t), func(def *ast.Definition, field *ast.FieldDefinition) {
		d := field.Directives.ForName("mask")
		if d == nil {
			return
		}
		coordinate := def.Name + "." + field.Name
		t.Run(coordinate, func(t *testing.T) {
			object := objects[def.Name]
			if object == nil {
				t.Fatalf("there is no model of %s to try its masks on", def.Name)
			}
			value, ok := resolved[coordinate]
			if !ok {
				value = valueOf(t, object, field.Name)
			}
			test(t, mask{
				formula: directive.Formula(d.Arguments.ForName("as").Value.Raw),
				unless:  viewer.Fact(d.Arguments.ForName("unless").Value.Raw), object: object, value: value,
			})
		})
	})
}

// valueOf reads a field or calls a method, as the executor binds it by name.
func valueOf(t *testing.T, object any, name string) any {
	t.Helper()
	same := func(goName string) bool { return strings.EqualFold(goName, name) }
	v := reflect.ValueOf(object)
	if field := v.Elem().FieldByNameFunc(same); field.IsValid() {
		return field.Interface()
	}
	for method := range v.Type().Methods() {
		if same(method.Name) {
			return v.MethodByName(method.Name).Call(nil)[0].Interface()
		}
	}
	t.Fatalf("%T has nothing called %s", object, name)
	return nil
}
