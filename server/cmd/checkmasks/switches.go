package main

import (
	"fmt"
	"strings"
)

// variable of the environment that names the one guard that is switched off.
const variable = "PARKBFF_CHECKMASKS_OFF"

// Files in which guards stand.
const (
	maskFile     = "graph/directive/mask.go"
	requiresFile = "graph/directive/requires.go"
	shownFile    = "internal/privacy/show.go"
	viewerFile   = "internal/viewer/viewer.go"
	policyFile   = "ent/schema/policy/policy.go"
	parkingFile  = "ent/schema/policy/parking.go"
	ownFile      = "ent/schema/policy/delivery.go"
	leavingFile  = "internal/delivery/addressed.go"
	wordsFile    = "internal/delivery/words.go"
)

// masksLot is the switch of what the row policies make doubly sure: nobody meets records of another's lot.
const masksLot = "swap the masks' lot for any lot"

// a guardSwitch is one change of a source, by which a guard can be switched off. Those without a name are
// named by what they look at when they run.
type guardSwitch struct{ name, file, from, to string }

var switches = []guardSwitch{
	{"", maskFile, "unless viewer.Fact) (any, error) {\n", "unless viewer.Fact) (any, error) {\n" +
		"\tif switchedOff(\"formula \"+string(as)) || switchedOffAt(ctx, \"mask\") {\n\t\treturn next(ctx)\n\t}\n"},
	{"", requiresFile, "fact viewer.Fact) (any, error) {\n", "fact viewer.Fact) (any, error) {\n" +
		"\tif switchedOffAt(ctx, \"requires\") {\n\t\treturn next(ctx)\n\t}\n"},

	{"swap VERIFIED for any vehicle", viewerFile, "return bound && own.Verified", "return bound && own.Verified || OFF && v.HasVerified()"},
	{"swap LOT_STAFF for any lot", viewerFile, "return v.WorksAt(lotID)", "return v.WorksAt(lotID) || OFF && len(v.Lots) > 0"},
	{masksLot, shownFile, "if v.WorksAt(about.LotAtHand())", "if v.WorksAt(about.LotAtHand()) || OFF && len(v.Lots) > 0"},

	{"full masking", shownFile, "v.FullMask", "v.FullMask && !OFF"},
	{"hidden records", shownFile, "record.NameHidden()", "record.NameHidden() && !OFF"},
	{"how messages are shown", shownFile, "ok && m.IsMessage()", "ok && m.IsMessage() && !OFF"},
	{"messages without the lot", shownFile, "wish == viewer.DisplayFull", "wish == viewer.DisplayFull && !OFF"},

	{"masks of what leaves", wordsFile, "privacy.ShownTo(to, n, unmasked, privacy.Pushed)", "shownUnless(OFF, privacy.ShownTo(to, n, unmasked, privacy.Pushed))"},
	{"hidden records do not leave", leavingFile, "if a.notice.Hidden {", "if a.notice.Hidden && !OFF {"},
	{"what leaves needs its service", leavingFile, "entitlement.Require(a.to, entitlement.StayMessages, a.notice.VehicleID) != nil", "entitlement.Require(a.to, entitlement.StayMessages, a.notice.VehicleID) != nil && !OFF"},
	{"what leaves is wanted", leavingFile, "if !wants {", "if !wants && !OFF {"},
	{"rows of administrators", ownFile, "!v.Holds(viewer.Admin)", "!v.Holds(viewer.Admin) && !OFF"},
	{"dead rows of administrators", ownFile, "q.Where(task.StateEQ(task.StateDEAD))", "q.Where(task.StateIn(task.StateDEAD, orWaiting(OFF)))"},
	{"rows of one account", policyFile, "\tnarrow(v.AccountID)\n", "\tif !OFF {\n\t\tnarrow(v.AccountID)\n\t}\n"},
	{"rows of one's lots", policyFile, "\tnarrow(v.LotIDs())\n", "\tif !OFF {\n\t\tnarrow(v.LotIDs())\n\t}\n"},
	{"rows of one gate", policyFile, "\tnarrow(v.GateID)\n", "\tif !OFF {\n\t\tnarrow(v.GateID)\n\t}\n"},
	{"rows of officers", policyFile, "v.Kind == viewer.Staff && v.Holds(viewer.Officer)", "OFF || v.Kind == viewer.Staff && v.Holds(viewer.Officer)"},
	{"rows are denied unless allowed", policyFile, "append(query, privacy.AlwaysDenyRule())", "append(query, denyUnless(OFF))"},
	{"only the program writes", policyFile, "systemMay(), privacy.AlwaysDenyRule()}", "systemMay(), denyUnless(OFF)}"},
	{"notices of one account", parkingFile, "notice.FieldAccountID))\n", "notice.FieldAccountID))\n\tif OFF {\n\t\titsOwn = sql.NotNull(of(notice.FieldAccountID))\n\t}\n"},
	{"notices of stays that may be seen", parkingFile, "sql.Or(sql.IsNull(of(notice.FieldSessionID)), mayStill)", "sql.Or(sql.IsNull(of(notice.FieldSessionID)), mayStill, offThen(OFF, of(notice.FieldSessionID)))"},
}

// helpers of the switches, by the folder of the package that they are laid into.
var helpers = map[string]string{
	"graph/directive": `package directive

import (
	"context"
	"os"

	"github.com/99designs/gqlgen/graphql"
)

var off = os.Getenv("` + variable + `")

func switchedOff(name string) bool { return off == name }

func switchedOffAt(ctx context.Context, directive string) bool {
	at := graphql.GetFieldContext(ctx)
	return off != "" && at != nil && off == "@"+directive+" on "+at.Object+"."+at.Field.Name
}
`,
	"internal/privacy": `package privacy

import "os"

var off = os.Getenv("` + variable + `")

func switchedOff(name string) bool { return off == name }
`,
	"internal/delivery": `package delivery

import (
	"os"

	"parkbff/internal/privacy"
)

func switchedOff(name string) bool { return os.Getenv("` + variable + `") == name }

func shownUnless(open bool, shown privacy.Shown) privacy.Shown {
	if open {
		return privacy.Clear
	}
	return shown
}
`,
	"internal/viewer": `package viewer

import "os"

var off = os.Getenv("` + variable + `")

func switchedOff(name string) bool { return off == name }
`,
	"ent/schema/policy": `package policy

import (
	"os"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent/privacy"
	"parkbff/ent/task"
)

func switchedOff(name string) bool { return os.Getenv("` + variable + `") == name }

func offThen(open bool, column string) *sql.Predicate {
	if open {
		return sql.NotNull(column)
	}
	return sql.IsNull(column)
}

func orWaiting(open bool) task.State {
	if open {
		return task.StateWAITING
	}
	return task.StateDEAD
}

func denyUnless(open bool) privacy.QueryMutationRule {
	if open {
		return privacy.AlwaysAllowRule()
	}
	return privacy.AlwaysDenyRule()
}
`,
}

// switchable answers the source of a file with all its switches in place.
func switchable(file, source string) (string, error) {
	for _, s := range switches {
		if s.file != file {
			continue
		}
		if n := strings.Count(source, s.from); n != 1 {
			return "", fmt.Errorf("the place of %q stands %d times in %s: tell the switch where it is", s.from, n, file)
		}
		to := strings.ReplaceAll(s.to, "OFF", fmt.Sprintf("switchedOff(%q)", s.name))
		source = strings.Replace(source, s.from, to, 1)
	}
	return source, nil
}
