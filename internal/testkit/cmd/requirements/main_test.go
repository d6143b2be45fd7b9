package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const twoRows = `# Requirements

| id | source | capability |
|---|---|---|
| R001 | J(一)1 | Tiers (已认证) |
| P08 | users | Mobiles |

| id | source | capability |
|---|---|---|
| W01 | W1 | Stores |
`

// repository makes one of files by path.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for path, text := range files {
		at := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func testFile(body string) string {
	return "package x\n\nimport (\n\t\"testing\"\n\n\t\"parkbff/internal/testkit\"\n)\n\n" + body
}

func TestEachCoveredRowIsListedWithItsTestsAndAllAreCounted(t *testing.T) {
	root := repository(t, map[string]string{
		table: twoRows,
		"server/a_test.go": testFile(`func TestOne(t *testing.T) { testkit.Covers(t, "R001", "P08") }
func TestTwo(t *testing.T) { t.Run("x", func(t *testing.T) { testkit.Covers(t, "R001") }) }`),
		"server/sub/b_test.go":        strings.Replace(testFile(`func TestThree(t *testing.T) { kit.Covers(t, "P08") }`), `"parkbff`, `kit "parkbff`, 1),
		"server/other_test.go":        "package x\n\nfunc TestFour(t any) { testkit.Covers(t, `W01`) }\n", // another testkit
		"server/testdata/no_test.go":  testFile(`func TestFive(t *testing.T) { testkit.Covers(t, "W01") }`),
		".hidden/no_test.go":          "not Go",
		"server/not_a_test_really.go": "not Go",
	})
	for all, want := range map[bool]string{
		false: `R001  Tiers (已认证)
      server/a_test.go:TestOne
      server/a_test.go:TestTwo
P08  Mobiles
      server/a_test.go:TestOne
      server/sub/b_test.go:TestThree
requirements: 2 of 3 covered
`,
		true: `R001  Tiers (已认证)
      server/a_test.go:TestOne
      server/a_test.go:TestTwo
P08  Mobiles
      server/a_test.go:TestOne
      server/sub/b_test.go:TestThree
W01  Stores
requirements: 2 of 3 covered
`,
	} {
		var out strings.Builder
		if err := run(&out, root, all); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("all %v (-want +got):\n%s", all, diff)
		}
	}
}

func TestWhatCannotBeCountedFails(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"covers R999, which is no row":     {table: twoRows, "server/a_test.go": testFile(`func TestOne(t *testing.T) { testkit.Covers(t, "R999") }`)},
		"outside a test":                   {table: twoRows, "server/a_test.go": testFile(`func helper(t *testing.T) { testkit.Covers(t, "R001") }`)},
		"only tests below server/":         {table: twoRows, "internal/a_test.go": testFile(`func TestOne(t *testing.T) { testkit.Covers(t, "R001") }`)},
		"rows as plain strings":            {table: twoRows, "server/a_test.go": testFile(`func TestOne(t *testing.T) { testkit.Covers(t, rows...) }`)},
		"expected":                         {table: twoRows, "server/a_test.go": "package"},
		"lists no rows":                    {table: "# nothing"},
		"lists R001 twice":                 {table: twoRows + twoRows},
		"docs/requirements.md: no such":    {"x": ""},
		"server/a_test.go:TestOne covers ": {table: twoRows, "server/a_test.go": testFile(`func TestOne(t *testing.T) { testkit.Covers(t, "") }`)},
	} {
		err := run(&strings.Builder{}, repository(t, files), false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestTheTableOfThisRepositoryHasAllRows(t *testing.T) {
	rows, err := readTable("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 149+29+17 {
		t.Errorf("there are %d rows", len(rows))
	}
}
