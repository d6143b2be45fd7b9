package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	testkitPath = "parkbff/internal/testkit"
	// apiTests is where tests go through the running API; only they may say what they prove.
	apiTests = "server/"
)

// proof is a test's word that it proves a row.
type proof struct{ row, test string }

// findProofs reads every test file below root, in the order of their names.
func findProofs(root string) ([]proof, error) {
	var proofs []proof
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && isOutside(entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		found, err := proofsIn(path, filepath.ToSlash(name))
		proofs = append(proofs, found...)
		return err
	})
	return proofs, err
}

// isOutside holds for folders that the go command does not look into either.
func isOutside(folder string) bool {
	return folder == "testdata" || folder == "vendor" || folder == "node_modules" ||
		strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_")
}

func proofsIn(path, name string) ([]proof, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	testkit := importedAs(file)
	if testkit == "" {
		return nil, nil
	}
	var proofs []proof
	for _, declared := range file.Decls {
		for _, call := range calls(declared, testkit) {
			said, err := saidBy(declared, call, name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", files.Position(call.Pos()), err)
			}
			proofs = append(proofs, said...)
		}
	}
	return proofs, nil
}

// importedAs answers the name under which a file knows testkit, or none.
func importedAs(file *ast.File) string {
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err != nil || path != testkitPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return "testkit"
	}
	return ""
}

// calls finds the calls of testkit.Covers in a declaration.
func calls(declared ast.Decl, testkit string) []*ast.CallExpr {
	var found []*ast.CallExpr
	ast.Inspect(declared, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		if called, ok := call.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "Covers" {
			if pkg, ok := called.X.(*ast.Ident); ok && pkg.Name == testkit {
				found = append(found, call)
			}
		}
		return true
	})
	return found
}

// saidBy reads one call of testkit.Covers.
func saidBy(declared ast.Decl, call *ast.CallExpr, file string) ([]proof, error) {
	test, ok := declared.(*ast.FuncDecl)
	if !ok || test.Recv != nil || !strings.HasPrefix(test.Name.Name, "Test") {
		return nil, errors.New("a call of Covers stands outside a test")
	}
	if !strings.HasPrefix(file, apiTests) {
		return nil, fmt.Errorf("only tests below %s go through the running API", apiTests)
	}
	var proofs []proof
	for _, argument := range call.Args[min(1, len(call.Args)):] {
		literal, ok := argument.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return nil, errors.New("a call of Covers takes rows as plain strings")
		}
		row, err := strconv.Unquote(literal.Value)
		if err != nil {
			return nil, err
		}
		proofs = append(proofs, proof{row: row, test: file + ":" + test.Name.Name})
	}
	return proofs, nil
}
