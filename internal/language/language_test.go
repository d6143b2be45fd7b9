package language

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestARequestIsAnsweredInTheLanguageItAccepts(t *testing.T) {
	for field, want := range map[string]Language{
		"":                              English,
		"zh-CN,zh;q=0.9,en;q=0.8":       Chinese,
		"zh_CN":                         Chinese,
		"zh-Hant-HK":                    Chinese,
		"en-GB,en;q=0.9,zh;q=0.1":       English,
		"en;q=0.2, zh;q=0.7":            Chinese,
		"fr-FR":                         English,
		"fr, zh;q=0.5":                  Chinese,
		"*":                             English,
		"zh;q=nonsense":                 English,
		"\x00":                          English,
		strings.Repeat("zh,", 100):      English,
		"zh-CN;q=0, en":                 English,
		"no-such-language-at-all-today": English,
	} {
		if got := Accepted(field); got != want {
			t.Errorf("%q: got %d", field, got)
		}
	}
}

func TestACodeIsSaidInTheLanguageOfTheRequest(t *testing.T) {
	chinese := With(t.Context(), Chinese)
	if got := Say(chinese, "NOT_FOUND", "There is no such thing."); got != inChinese["NOT_FOUND"] {
		t.Errorf("got %s", got)
	}
	for name, got := range map[string]string{
		"English is the usual":               Say(t.Context(), "NOT_FOUND", "As it stands."),
		"developers read English":            Say(chinese, "GRAPHQL_PARSE_FAILED", "As it stands."),
		"English where that is the language": Say(With(chinese, English), "NOT_FOUND", "As it stands."),
	} {
		if got != "As it stands." {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// TestEveryCodeOfTheProgramIsSaidInChinese reads the source: a fault that nobody translated is met by the
// first person to run into it.
func TestEveryCodeOfTheProgramIsSaidInChinese(t *testing.T) {
	codes := codesOfTheProgram(t)
	if len(codes) < 60 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	for code, where := range codes {
		_, said := inChinese[code]
		if said == slices.Contains(forDevelopers, code) {
			t.Errorf("%s (%s) stands in neither list, or in both", code, where)
		}
	}
	for code := range inChinese {
		if codes[code] == "" && code != "INTERNAL" {
			t.Errorf("no fault is called %s any more", code)
		}
	}
}

// codesOfTheProgram are the first arguments of every fault.New outside tests.
func codesOfTheProgram(t *testing.T) map[string]string {
	t.Helper()
	codes := map[string]string{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "ent" || d.Name() == "generated" || strings.HasPrefix(d.Name(), ".git")):
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "test/"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if code, ok := codeOf(n, file.Name.Name); ok {
				codes[code] = path
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func codeOf(n ast.Node, pkg string) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return "", false
	}
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		if of, ok := fun.X.(*ast.Ident); !ok || of.Name != "fault" || fun.Sel.Name != "New" {
			return "", false
		}
	case *ast.Ident:
		if pkg != "fault" || fun.Name != "New" {
			return "", false
		}
	default:
		return "", false
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return "", false
	}
	code, err := strconv.Unquote(literal.Value)
	return code, err == nil
}
