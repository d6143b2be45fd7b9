// Package archtest holds the arrows of the house: which package may import which (design §1).
package archtest

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Groups of packages. A name ending in /... means the package and everything below it.
var (
	// leaves know nothing of the house but how to say what went wrong.
	leaves = []string{
		"internal/fault", "internal/clock", "internal/page", "internal/place", "internal/parking/geo",
		"internal/viewer", "internal/pace", "internal/language", "internal/vault", "internal/cnid", "internal/tariff",
		"internal/money", "internal/span", "internal/words", "internal/weekly", "internal/idempotent", "internal/balance",
	}
	model = []string{"ent/..."}
	// ways are what every domain goes through.
	ways = []string{
		"internal/privacy", "internal/privacy/consents", "internal/store", "internal/entitlement", "internal/risk",
	}
	// domains are bound to the contract's types, so they are all that the contract is made of.
	domains = []string{
		"internal/identity", "internal/identity/staffing", "internal/parking", "internal/notice", "internal/appconfig",
		"internal/privacy/consents", "internal/entitlement", "internal/risk", "internal/delivery", "internal/outbox",
		"internal/billing", "internal/billing/ledger", "internal/partner/charge", "internal/discount", "internal/invoice", "internal/agreement",
		"internal/permit", "internal/shift", "internal/dispute", "internal/reservation", "internal/space", "internal/payout", "internal/loyalty", "internal/mall",
	}
)

// arrows is the whole table: a package may import what stands behind the first pattern that names it,
// and what lies below itself. Tests may import anything.
var arrows = []struct {
	who string
	may []string
}{
	{"internal/fault", nil},
	{"internal/clock", nil},
	{"internal/language", nil},
	{"internal/page", nil},
	{"internal/place", nil},
	{"internal/parking/geo", nil},
	{"internal/viewer", of("internal/fault")},
	{"internal/pace", of("internal/viewer", "internal/fault", "internal/clock")},
	{"internal/vault/...", of("internal/fault", "internal/vault")},
	{"internal/idempotent", of("internal/viewer", "internal/fault", "internal/vault")},
	{"internal/cnid", of("internal/fault")},
	{"internal/tariff", of("internal/fault")},
	{"internal/money", of("internal/fault")},
	{"internal/words", nil},
	{"internal/weekly", of("internal/clock", "internal/span")},
	{"internal/balance", nil},

	// Documents that people open.
	{"internal/paper", of("internal/fault", "internal/clock", "internal/money")},

	// ent/schema may not import the domains: column types live in leaves.
	{"ent/...", slices.Concat(model, leaves)},

	{"internal/round", nil},
	{"internal/bus", of("internal/round", "internal/clock")},
	{"internal/privacy", slices.Concat(model, leaves)},
	{"internal/entitlement", slices.Concat(model, leaves)},
	{"internal/risk", slices.Concat(model, leaves, of("internal/store"))},
	{"internal/privacy/consents", slices.Concat(model, leaves, of("internal/store", "internal/entitlement", "internal/identity/token"))},
	{"internal/store/...", slices.Concat(model, leaves, of("internal/store/..."))},
	// Stand-ins draw the documents that the originals make.
	{"internal/partner/sandbox/...", slices.Concat(leaves, of("internal/partner/...", "internal/paper"))},
	{"internal/partner/...", slices.Concat(leaves, of("internal/partner/..."))},

	{"internal/outbox", slices.Concat(model, leaves, of("internal/store"))},
	{"internal/delivery", slices.Concat(model, leaves, ways, of("internal/notice", "internal/outbox", "internal/partner/message"))},

	// Every domain may tell accounts; none knows another otherwise.
	{"internal/notice", slices.Concat(model, leaves, ways, of("internal/round"))},
	{"internal/parking/lotfile", leaves},
	{"internal/parking", slices.Concat(model, leaves, ways, of("internal/notice"))},
	{"internal/billing/...", slices.Concat(model, leaves, ways, of(
		"internal/parking", "internal/notice", "internal/outbox", "internal/partner/charge", "internal/billing/...", "internal/discount",
		"internal/permit", "internal/reservation", "internal/loyalty", "internal/mall",
	))},
	{"internal/reservation", slices.Concat(model, leaves, ways, of("internal/parking", "internal/notice"))},
	{"internal/loyalty", slices.Concat(model, leaves, ways)},
	{"internal/mall", slices.Concat(model, leaves, ways, of("internal/parking"))},
	{"internal/permit", slices.Concat(model, leaves, ways, of("internal/parking"))},
	{"internal/shift", slices.Concat(model, leaves, ways, of("internal/parking", "internal/billing/ledger"))},
	{"internal/span", nil},
	{"internal/discount", slices.Concat(model, leaves, ways, of("internal/parking"))},
	{"internal/space", slices.Concat(model, leaves, ways, of("internal/identity", "internal/parking", "internal/billing/ledger"))},
	{"internal/payout", slices.Concat(model, leaves, ways, of(
		"internal/billing", "internal/billing/ledger", "internal/parking", "internal/outbox", "internal/partner/charge",
	))},
	{"internal/dispute", slices.Concat(model, leaves, ways, of("internal/billing", "internal/parking"))},
	{"internal/agreement", slices.Concat(model, leaves, ways, of(
		"internal/billing", "internal/identity", "internal/parking", "internal/outbox", "internal/partner/charge",
	))},
	{"internal/invoice", slices.Concat(model, leaves, ways, of(
		"internal/billing", "internal/parking", "internal/outbox", "internal/partner/einvoice", "internal/partner/mail", "internal/partner/message",
	))},
	{"internal/identity/token", leaves},
	{"internal/identity/staffing", slices.Concat(model, leaves, ways, of("internal/identity/token"))},
	{"internal/appconfig", slices.Concat(model, leaves, ways)},
	{"internal/identity", slices.Concat(model, leaves, ways, of("internal/notice", "internal/partner/ocr", "internal/round", "internal/billing/ledger"))},

	// A replay is a client: it knows the house only through its front door.
	{"internal/replay/...", slices.Concat(leaves, of("internal/parking/lotfile", "internal/progress"))},
	{"internal/progress", of("internal/clock")},
	{"internal/archtest", nil},
	{"internal/testkit/...", of("internal/store/...", "internal/testkit/...")},

	{"graph/model", slices.Concat(model, leaves, domains, of("internal/privacy", "graph/relay"))},
	{"graph/generated", slices.Concat(model, leaves, domains, of("internal/privacy", "graph/..."))},
	{"graph/...", slices.Concat(model, leaves, of("internal/privacy", "graph/..."))},

	{"resolvers", slices.Concat(model, leaves, domains, of("internal/privacy", "graph/..."))},
	{"server/...", of("ent/...", "internal/...", "graph/...", "resolvers", "server/...")},
}

func of(packages ...string) []string { return packages }

func TestArrowsRunOneWay(t *testing.T) {
	for pkg, imports := range importsOf(t) {
		allowed, placed := mayImport(pkg)
		if !placed {
			t.Errorf("%s has no place in the house: add it to the table of arrows, or find its right folder", pkg)
			continue
		}
		for _, imported := range imports {
			if !slices.ContainsFunc(allowed, func(pattern string) bool { return names(pattern, imported) }) {
				t.Errorf("%s must not import %s", pkg, imported)
			}
		}
	}
}

func TestEveryPatternOfTheTableNamesAPackage(t *testing.T) {
	known := importsOf(t)
	for _, arrow := range arrows {
		for _, pattern := range append([]string{arrow.who}, arrow.may...) {
			found := false
			for pkg := range known {
				found = found || names(pattern, pkg)
			}
			if !found {
				t.Errorf("%s names no package", pattern)
			}
		}
	}
}

func mayImport(pkg string) (allowed []string, placed bool) {
	for _, arrow := range arrows {
		if names(arrow.who, pkg) {
			return append([]string{pkg + "/..."}, arrow.may...), true
		}
	}
	return nil, false
}

func names(pattern, pkg string) bool {
	if folder, below := strings.CutSuffix(pattern, "/..."); below {
		return pkg == folder || strings.HasPrefix(pkg, folder+"/")
	}
	return pkg == pattern
}

func TestTheProgramHoldsNoTestCode(t *testing.T) {
	for _, pkg := range strings.Fields(list(t, "-deps", "-f", "{{.ImportPath}}", "parkbff/server/cmd/parkbff")) {
		if pkg == "testing" || strings.HasPrefix(pkg, "parkbff/internal/testkit") || strings.HasSuffix(pkg, "test") && strings.HasPrefix(pkg, "parkbff/") {
			t.Errorf("the program is built with %s", pkg)
		}
	}
}

// importsOf answers what each package of the module imports of the module, tests left out.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	const module = "parkbff/"
	found := map[string][]string{}
	for line := range strings.Lines(list(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...")) {
		words := strings.Fields(line)
		pkg := strings.TrimPrefix(words[0], module)
		found[pkg] = nil
		for _, imported := range words[1:] {
			if inside, ours := strings.CutPrefix(imported, module); ours {
				found[pkg] = append(found[pkg], inside)
			}
		}
	}
	return found
}

// lookedAt has the test depend on the files that go list reads: an answer that the test cache keeps would hold
// whatever they became.
func lookedAt(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go"):
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, args ...string) string {
	t.Helper()
	lookedAt(t)
	command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e"}, args...)...)
	var complaint bytes.Buffer
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, complaint.String())
	}
	return string(out)
}
