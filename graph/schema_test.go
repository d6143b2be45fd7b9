// Package graph_test holds the rules that the contract as a whole must keep (design §4 and §5).
package graph_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/contract"
)

// stayLike are the types that carry facts of a stay. Each of their fields says what it shows to whom.
var stayLike = []string{"ParkingSession", "Notice", "Payable", "NothingToPay", "PaymentOrder", "Payment", "PaymentLaunch", "LaunchParameter", "PaymentOffer", "Invoice", "Reservation"}

// telling are the names under which facts of a stay go. A type with such a field is stay-like, unless it
// is one of theirOwn.
var telling = []string{
	"plate", "lotName", "enteredAt", "exitedAt", "occurredAt", "durationMinutes", "feeFen", "paidFen", "amount",
}

// theirOwn are types whose plates, times or amounts no gate observed, and why that is so.
var theirOwn = map[string]string{
	"Reconciliation": "a whole day's sum, for administrators",
	"PlateRight":     "staff of the lot, or who invited the car, wrote the plate down",
	"Vehicle":        "the account entered the plate itself",
	"ChargeDispute":  "what the account itself has paid and is asked to pay",
	"PlateDispute":   "the account claims the plate by documents of its own",
	"RiskEvent":      "tells when the program noticed something, and of no car",
}

// plainLists are the lists of objects that are no connections, and what bounds them.
var plainLists = map[string]string{
	"Lot.sharedBays":                         "the first hundred",
	"SharedSpace.hours":                      "14 at most",
	"SharedSpace.reserved":                   "500 at most on a page of spaces",
	"MerchantStatement.lots":                 "one to each lot that let the merchant give discounts",
	"Vehicle.passwordFree":                   "one to each value of PaymentChannel at most",
	"Query.paymentOffers":                    "one to each value of PaymentChannel at most",
	"PaymentLaunch.parameters":               "as many as the channel's app wants",
	"Reconciliation.differences":             "the first hundred",
	"Query.messageTemplates":                 "one to each value of NoticeKind at most",
	"AcceptMessagesPayload.messageTemplates": "one to each value of NoticeKind at most",
	"Query.dataRecipients":                   "written in the program",
	"AppConfig.switches":                     "few: an administrator sets each",
	"VerifyFleetVehiclesPayload.results":     "one to each input",
	"Query.maskingPolicy":                    "one to each masked field of the contract",
	"Query.consentPurposes":                  "one to each value of ConsentPurpose",
	"Query.entitlements":                     "one to each value of Service at most",
	"StaffMember.posts":                      "few: an administrator gives each",
	"Account.linkedAccounts":                 "one to each channel at most",
	"Account.fleets":                         "few by rule",
	"Vehicle.coDrivers":                      "few by rule",
	"Vehicle.messageSettings":                "one to each value of VehicleMessageKind",
	"Settlement.items":                       "one to each bay of the account's",
	"Query.nodes":                            "at most 100 ids are taken",
	"Viewer.vehicles":                        "few by rule",
	"Lot.entrances":                          "published with the lot",
	"Lot.pictures":                           "published with the lot",
	"Lot.gates":                              "the machines of one lot",
	"DataInventory.fields":                   "written in the program",
	"RecordObservationsPayload.results":      "one to each of at most 500 inputs",
}

// inputExempt is the mutation whose argument is a plain list (design §5).
const inputExempt = "recordObservations"

func TestEveryFieldOfAStaySaysWhatItShows(t *testing.T) {
	schema := load(t)
	masked, required, reasoned := 0, 0, 0
	for _, name := range stayLike {
		for _, field := range fieldsOf(t, schema, name) {
			switch {
			case field.Directives.ForName("mask") != nil:
				masked++
			case field.Directives.ForName("requires") != nil:
				required++
			case field.Directives.ForName("clear") != nil:
				reasoned++
			default:
				t.Errorf("%s.%s carries neither @mask, @requires nor @clear", name, field.Name)
			}
		}
	}
	t.Logf("%d masked, %d required, %d reasoned", masked, required, reasoned)
}

func TestNoFactOfAStayHidesInAnotherType(t *testing.T) {
	eachField(load(t), func(def *ast.Definition, field *ast.FieldDefinition) {
		if slices.Contains(telling, field.Name) && !slices.Contains(stayLike, def.Name) && theirOwn[def.Name] == "" {
			t.Errorf("%s.%s looks like a fact of a stay: list the type among the stay-like ones", def.Name, field.Name)
		}
	})
}

func TestGuardsStandInOrderAndLeaveRoomForNothing(t *testing.T) {
	eachField(load(t), func(def *ast.Definition, field *ast.FieldDefinition) {
		var order []string
		for _, d := range field.Directives {
			order = append(order, d.Name)
		}
		mask, requires := slices.Index(order, "mask"), slices.Index(order, "requires")
		switch {
		case mask >= 0 && requires >= 0 && mask > requires:
			t.Errorf("%s.%s: the last directive runs first, so @requires stands after @mask", def.Name, field.Name)
		case requires >= 0 && field.Type.NonNull:
			t.Errorf("%s.%s may be withheld by @requires, so it must be nullable", def.Name, field.Name)
		case slices.Contains(order, "clear") && len(order) > 1:
			t.Errorf("%s.%s is @clear and guarded at once", def.Name, field.Name)
		}
		if clear := field.Directives.ForName("clear"); clear != nil && len(clear.Arguments.ForName("why").Value.Raw) < 10 {
			t.Errorf("%s.%s is @clear without a reason", def.Name, field.Name)
		}
	})
}

func TestAFormulaStandsOnTheTypeItIsFor(t *testing.T) {
	types := map[string]string{
		"LOT_NAME": "String", "PLATE": "Plate", "PART_OF_DAY": "DateTime", "PRECISION": "Precision",
		"NAME_VISIBILITY": "NameVisibility", "HOUR_UP": "Int",
	}
	eachField(load(t), func(def *ast.Definition, field *ast.FieldDefinition) {
		mask := field.Directives.ForName("mask")
		if mask == nil {
			return
		}
		formula := mask.Arguments.ForName("as").Value.Raw
		switch {
		case formula == "HIDDEN":
			if field.Type.NonNull {
				t.Errorf("%s.%s is hidden as null, so it must be nullable", def.Name, field.Name)
			}
		case types[formula] != field.Type.Name():
			t.Errorf("%s.%s: the formula %s is for %q", def.Name, field.Name, formula, types[formula])
		}
		if formula == "PART_OF_DAY" && def.Fields.ForName(field.Name+"Precision") == nil {
			t.Errorf("%s.%s is floored, and nothing beside it says so", def.Name, field.Name)
		}
	})
}

func TestEverythingIsDescribed(t *testing.T) {
	schema := load(t)
	described := func(text string, coordinate ...string) {
		if strings.TrimSpace(text) == "" {
			t.Errorf("%s has no description", strings.Join(coordinate, ""))
		}
	}
	for _, def := range own(schema) {
		described(def.Description, def.Name)
		for _, value := range def.EnumValues {
			described(value.Description, def.Name, ".", value.Name)
		}
		for _, field := range def.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			described(field.Description, def.Name, ".", field.Name)
			for _, argument := range field.Arguments {
				described(argument.Description, def.Name, ".", field.Name, "(", argument.Name, ")")
			}
		}
	}
	for _, directive := range schema.Directives {
		if directive.Position.Src.BuiltIn {
			continue
		}
		described(directive.Description, "@", directive.Name)
		for _, argument := range directive.Arguments {
			described(argument.Description, "@", directive.Name, "(", argument.Name, ")")
		}
	}
}

func TestListsAreConnections(t *testing.T) {
	schema, met := load(t), map[string]bool{}
	eachField(schema, func(def *ast.Definition, field *ast.FieldDefinition) {
		coordinate := def.Name + "." + field.Name
		element := schema.Types[field.Type.Name()]
		isConnection := strings.HasSuffix(element.Name, "Connection")
		if isConnection && (field.Arguments.ForName("first") == nil || field.Arguments.ForName("after") == nil) {
			t.Errorf("%s cannot be paged", coordinate)
		}
		if field.Type.Elem == nil || !element.IsCompositeType() ||
			field.Name == "userErrors" || strings.HasSuffix(def.Name, "Connection") && field.Name == "edges" {
			return
		}
		met[coordinate] = true
		if plainLists[coordinate] == "" {
			t.Errorf("%s is a list without an end: make it a connection", coordinate)
		}
	})
	for coordinate := range plainLists {
		if !met[coordinate] {
			t.Errorf("%s is exempt from the rule of lists but is no list", coordinate)
		}
	}
}

func TestAMutationTakesOneInputOfItsNameAndAnswersRefusals(t *testing.T) {
	schema := load(t)
	for _, mutation := range schema.Mutation.Fields {
		title := string(unicode.ToUpper(rune(mutation.Name[0]))) + mutation.Name[1:]
		if payload := schema.Types[mutation.Type.Name()]; payload.Name != title+"Payload" || mutation.Type.NonNull {
			t.Errorf("%s answers %s, not %sPayload", mutation.Name, mutation.Type, title)
		} else if refused := payload.Fields.ForName("userErrors"); refused == nil || refused.Type.String() != "[UserError!]!" {
			t.Errorf("%s cannot say what was refused", payload.Name)
		}
		switch arguments := mutation.Arguments; {
		case len(arguments) == 0 || mutation.Name == inputExempt:
		case len(arguments) > 1 || arguments[0].Name != "input":
			t.Errorf("%s must take one argument, input", mutation.Name)
		case arguments[0].Type.String() != title+"Input!":
			t.Errorf("%s takes %s, not %sInput!", mutation.Name, arguments[0].Type, title)
		}
	}
}

func TestWhateverHasAnIDIsANode(t *testing.T) {
	eachField(load(t), func(def *ast.Definition, field *ast.FieldDefinition) {
		if field.Name == "id" && def.Kind == ast.Object && !slices.Contains(def.Interfaces, "Node") {
			t.Errorf("%s has an id, but node(id) does not find it", def.Name)
		}
	})
}

func load(t *testing.T) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(contract.SDL)})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// own are the contract's types without those of GraphQL itself.
func own(schema *ast.Schema) []*ast.Definition {
	var defs []*ast.Definition
	for _, def := range schema.Types {
		if !def.BuiltIn {
			defs = append(defs, def)
		}
	}
	return defs
}

// eachField visits the fields of every object and interface.
func eachField(schema *ast.Schema, visit func(*ast.Definition, *ast.FieldDefinition)) {
	for _, def := range own(schema) {
		if def.Kind != ast.Object && def.Kind != ast.Interface {
			continue
		}
		for _, field := range def.Fields {
			if !strings.HasPrefix(field.Name, "__") {
				visit(def, field)
			}
		}
	}
}

func fieldsOf(t *testing.T, schema *ast.Schema, name string) ast.FieldList {
	t.Helper()
	def := schema.Types[name]
	if def == nil {
		t.Fatalf("the contract has no type %s", name)
	}
	return def.Fields
}
