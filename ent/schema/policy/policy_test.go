package policy_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"parkbff/ent"
	"parkbff/ent/privacy"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

// denied is the count of rows for a viewer who may not even ask.
const denied = -1

// mayRead is how many rows each kind of viewer finds of what seed writes. The owner is an account with a
// binding and a stay at the first lot; the stranger an account with nothing; gate and staff work at the
// first lot, idle staff works nowhere, the officer and the administrator for the whole platform.
var mayRead = []struct {
	entity                                                                string
	system, anonymous, owner, stranger, gate, staff, idle, officer, admin int
}{
	{"Account", 3, denied, 1, 1, denied, denied, denied, denied, denied},
	{"AgreedStay", 2, denied, denied, denied, denied, denied, denied, denied, denied},
	{"Agreement", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"AppRelease", 1, 1, 1, 1, 1, 1, 1, 1, 1},
	{"ChannelLink", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"ChannelVisit", 1, denied, denied, denied, denied, denied, denied, denied, denied},
	{"ChargeDispute", 2, denied, 1, 0, denied, 1, denied, denied, denied},
	{"CoDriverInvitation", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"Consent", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"DataKey", 1, denied, denied, denied, denied, denied, denied, denied, denied},
	{"Delivery", 2, denied, 1, 0, denied, denied, denied, 2, denied},
	{"Difference", 1, denied, denied, denied, denied, denied, denied, denied, 1},
	{"Erasure", 1, denied, denied, denied, denied, denied, denied, 1, denied},
	{"FeatureSwitch", 1, 1, 1, 1, 1, 1, 1, 1, 1},
	{"Fleet", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"Follower", 1, denied, denied, denied, denied, denied, denied, denied, denied},
	{"Gate", 2, denied, denied, denied, 1, 1, denied, denied, denied},
	{"GateCommand", 2, denied, denied, denied, 1, 1, denied, denied, denied},
	{"Invoice", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"InvoiceDelivery", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"InvoiceTitle", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"InvoicedOrder", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"LedgerEntry", 2, denied, denied, denied, denied, 1, denied, denied, denied},
	{"LedgerLine", 6, denied, denied, denied, denied, 3, denied, denied, denied},
	{"LinkedAccount", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"LoginCode", 1, denied, denied, denied, denied, denied, denied, denied, denied},
	{"Lot", 2, 2, 2, 2, 2, 2, 2, 2, 2},
	{"MallItem", 2, 2, 2, 2, 2, 2, 2, 2, 2},
	{"MallOrder", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"Membership", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"MerchantContingent", 2, denied, denied, denied, denied, 1, denied, denied, denied},
	{"MessageQuota", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"Notice", 4, denied, 2, 0, denied, denied, denied, denied, denied}, // not the one about a stay the owner lost
	{"Observation", 3, denied, denied, denied, 2, 2, denied, denied, denied},
	{"OrderDiscount", 2, denied, denied, denied, denied, 1, denied, denied, denied},
	{"ParkingSession", 3, denied, 1, 0, 2, 2, denied, denied, denied},
	{"Payment", 2, denied, 1, 0, denied, 1, denied, denied, denied},
	{"PaymentOrder", 2, denied, 1, 0, denied, 1, denied, denied, denied},
	{"PayoutAccount", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"Permit", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"PermitPeriod", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"PermitPlan", 2, 2, 2, 2, 2, 2, 2, 2, 2},
	{"PlateRight", 2, denied, 1, 0, denied, 1, denied, denied, denied},
	{"PlateDispute", 2, denied, 1, 0, denied, denied, denied, 2, denied},
	{"PointEntry", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"PointLot", 2, denied, denied, denied, denied, denied, denied, denied, denied},
	{"PointUse", 2, denied, denied, denied, denied, denied, denied, denied, denied},
	{"PushEndpoint", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"QuoteAttempt", 1, denied, denied, denied, denied, denied, denied, denied, denied},
	{"Reconciliation", 1, denied, denied, denied, denied, denied, denied, denied, 1},
	{"Refund", 2, denied, denied, denied, denied, 1, denied, denied, denied},
	{"Reservation", 2, denied, 1, 0, denied, 1, denied, denied, denied},
	{"ReservationOffer", 2, 2, 2, 2, 2, 2, 2, 2, 2},
	{"RiskEvent", 2, denied, denied, denied, denied, denied, denied, 2, denied},
	{"SessionAccess", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"Settlement", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"SettlementItem", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"Shift", 3, denied, denied, denied, denied, 1, denied, denied, denied}, // its own; a manager's, below
	{"SharedSpace", 2, denied, 1, 0, denied, denied, denied, 2, denied},
	{"SignIn", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"Staff", 1, denied, denied, denied, denied, denied, denied, denied, denied},
	{"StaffRole", 1, denied, denied, denied, denied, denied, denied, denied, denied},
	{"Store", 2, 2, 2, 2, 2, 2, 2, 2, 2},
	{"Tariff", 2, 2, 2, 2, 2, 2, 2, 2, 2},
	{"Task", 2, denied, denied, denied, denied, denied, denied, denied, 1}, // the dead one
	{"Vehicle", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"VehicleBinding", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"Voucher", 2, denied, 1, 0, denied, denied, denied, denied, denied},
	{"VoucherOffer", 1, 1, 1, 1, 1, 1, 1, 1, 1},
}

func TestEachViewerReadsItsOwnRowsAndNoOthers(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		who := viewersOf(seed(t, s))
		for _, row := range mayRead {
			for name, want := range map[string]int{
				"system": row.system, "anonymous": row.anonymous, "owner": row.owner, "stranger": row.stranger,
				"gate": row.gate, "staff": row.staff, "idle staff": row.idle, "officer": row.officer, "administrator": row.admin,
			} {
				ctx := viewer.With(t.Context(), who[name])
				got, err := count(ctx, s.Client(ctx), row.entity)
				if errors.Is(err, privacy.Deny) {
					got, err = denied, nil
				}
				if err != nil || got != want {
					t.Errorf("%s finds %d of %s, %v; want %d", name, got, row.entity, err, want)
				}
			}
		}
	})
}

func TestManagersReadTheShiftsOfTheirLotOnly(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		w := seed(t, s)
		for role, want := range map[viewer.Role]int{viewer.Manager: 2, viewer.Attendant: 0} {
			ctx := viewer.With(t.Context(), &viewer.Viewer{
				Kind: viewer.Staff, StaffID: w.staff + 4, Lots: []viewer.LotRole{{LotID: w.lot, Role: role}},
			})
			if got, err := count(ctx, s.Client(ctx), "Shift"); err != nil || got != want {
				t.Errorf("a %s finds %d shifts, %v; want %d", role, got, err, want)
			}
		}
	})
}

func TestOnlyTheProgramItselfWrites(t *testing.T) {
	s := testkit.SQLite(t)
	who := viewersOf(seed(t, s))
	delete(who, "system")
	for _, row := range mayRead {
		for name, v := range who {
			ctx := viewer.With(t.Context(), v)
			for _, verb := range []string{"Create", "Update", "Delete"} {
				if err := write(ctx, s.Client(ctx), row.entity, verb); !errors.Is(err, privacy.Deny) {
					t.Errorf("%s of %s by %s: %v", verb, row.entity, name, err)
				}
			}
		}
	}
}

func TestTheTableNamesEveryEntity(t *testing.T) {
	listed := map[string]bool{}
	for _, row := range mayRead {
		listed[row.entity] = true
	}
	for client := range reflect.TypeFor[ent.Client]().Fields() {
		if client.Type.Kind() == reflect.Pointer && client.Type.Elem().Name() == client.Name+"Client" && !listed[client.Name] {
			t.Errorf("nobody has said who may read %s", client.Name)
		}
	}
}

// count asks client.<entity>.Query().Count(ctx).
func count(ctx context.Context, client *ent.Client, entity string) (int, error) {
	query := call(clientOf(client, entity), "Query")[0]
	answer := call(query, "Count", reflect.ValueOf(ctx))
	err, _ := answer[1].Interface().(error)
	return int(answer[0].Int()), err
}

// write does client.<entity>.<verb>().Exec(ctx).
func write(ctx context.Context, client *ent.Client, entity, verb string) error {
	answer := call(call(clientOf(client, entity), verb)[0], "Exec", reflect.ValueOf(ctx))
	err, _ := answer[len(answer)-1].Interface().(error)
	return err
}

func clientOf(client *ent.Client, entity string) reflect.Value {
	return reflect.ValueOf(client).Elem().FieldByName(entity)
}

func call(on reflect.Value, method string, args ...reflect.Value) []reflect.Value {
	return on.MethodByName(method).Call(args)
}

func TestNotEvenTheProgramChangesTheLedger(t *testing.T) {
	s := testkit.SQLite(t)
	ctx := viewer.With(t.Context(), viewersOf(seed(t, s))["system"])
	if err := write(ctx, s.Client(ctx), "PointEntry", "Delete"); !errors.Is(err, privacy.Deny) {
		t.Errorf("Delete of PointEntry: %v", err)
	}
	for _, entity := range []string{"LedgerEntry", "LedgerLine", "PointUse"} {
		for _, verb := range []string{"Update", "Delete"} {
			if err := write(ctx, s.Client(ctx), entity, verb); !errors.Is(err, privacy.Deny) {
				t.Errorf("%s of %s: %v", verb, entity, err)
			}
		}
	}
}

func TestTheStaffOfAStoreReadsItsOwnContingentsAndWhatItOwes(t *testing.T) {
	s := testkit.SQLite(t)
	seed(t, s)
	ctx := viewer.With(t.Context(), &viewer.Viewer{Kind: viewer.Staff, StaffID: 9, Stores: []viewer.StoreRole{{StoreID: 1, Role: viewer.Clerk}}})
	for _, entity := range []string{"MerchantContingent", "LedgerLine"} {
		if got, err := count(ctx, s.Client(ctx), entity); err != nil || got != 1 {
			t.Errorf("it finds %d of %s, %v", got, entity, err)
		}
	}
}
