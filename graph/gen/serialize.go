package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// The rewrite knows gqlgen's executor by these names (codegen/type.gotpl and codegen/internal!.gotpl of
// gqlgen 0.17.95).
const (
	graphqlPackage = "github.com/99designs/gqlgen/graphql"
	serialPackage  = "parkbff/graph/gen/serial"

	listCall    = "MarshalSliceConcurrently"
	buildMap    = "BuildUnmarshalerMap"
	withMap     = "WithUnmarshalerMap"
	mapVariable = "inputUnmarshalMap"
)

// tally is what a rewrite found, for the folder as a whole to be judged by.
type tally struct {
	lists, mapsBuilt, mapsUsed, leaves int
	deferral
}

func (t *tally) add(other tally) {
	t.deferral.add(other.deferral)
	t.leaves += other.leaves
	t.lists += other.lists
	t.mapsBuilt += other.mapsBuilt
	t.mapsUsed += other.mapsUsed
}

// serializeFolder rewrites the executor in a folder: lists are marshalled by serial.Marshal, objects are
// made by serial.NewObject without what deferred fields would need, and the map of all input types that
// each operation builds for graphql.UnmarshalInputFromContext, which nothing here calls, is not built.
//
// It fails, and writes nothing, when it does not find exactly the code it knows: then gqlgen has
// changed, and this rewrite has to be thought through again.
func serializeFolder(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return err
	}
	var total tally
	serialized := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		serial, found, err := serialize(text)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		total.add(found)
		serialized[file] = serial
	}
	if err := total.check(); err != nil {
		return fmt.Errorf("%s is not an executor as gqlgen 0.17.95 writes it: %w", folder, err)
	}
	for file, text := range serialized {
		if err := writeChanged(file, text); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) check() error {
	switch {
	case t.lists == 0:
		return errors.New("no list is marshalled")
	case t.mapsBuilt != 1:
		return fmt.Errorf("the map of inputs is built %d times", t.mapsBuilt)
	case t.mapsUsed < 1 || t.mapsUsed > 2:
		return fmt.Errorf("the map of inputs is used %d times", t.mapsUsed)
	case t.leaves == 0:
		return errors.New("no leaf is resolved")
	}
	return t.deferral.check()
}

// serialize rewrites one file.
func serialize(text []byte) ([]byte, tally, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, tally{}, err
	}
	r := &rewrite{text: text, base: token.Pos(fset.File(file.Pos()).Base())}
	ast.Inspect(file, r.visit)
	if r.err != nil {
		return nil, tally{}, r.err
	}
	if len(r.edits) == 0 {
		return text, r.found, nil
	}
	if r.found.lists+r.found.objects+r.found.leaves > 0 {
		if err := r.addImport(file); err != nil {
			return nil, tally{}, err
		}
	}
	out, err := withoutIdleImports(r.apply())
	return out, r.found, err
}

// rewrite collects edits of a text while its syntax tree is walked.
type rewrite struct {
	text  []byte
	base  token.Pos
	edits []edit
	found tally
	err   error
}

type edit struct {
	from, to int
	text     string
}

func (r *rewrite) visit(n ast.Node) bool {
	if r.err != nil {
		return false
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		return !r.dropsMap(n) && !r.dropsDeferral(n)
	case ast.Stmt:
		return !r.startsGoroutine(n) && !r.dropsDeferral(n)
	case *ast.CallExpr:
		r.list(n)
		r.object(n)
		r.leaf(n)
	case *ast.SelectorExpr:
		r.objectType(n)
	case *ast.Ident:
		// What the cases above understood is not walked into; anything else that says these names is news.
		if slices.Contains(rewritten, n.Name) && !r.edited(n) {
			r.err = fmt.Errorf("%s stands where it is not known", n.Name)
		}
	}
	return r.err == nil
}

// rewritten are the names of which none is left.
var rewritten = []string{
	listCall, buildMap, withMap, mapVariable,
	newFieldSet, fieldSet, deferredSet, deferredMap, isDeferred, processGroup, leafContext,
}

func (r *rewrite) startsGoroutine(s ast.Stmt) bool {
	_, starts := s.(*ast.GoStmt)
	if starts {
		r.err = errors.New("the executor starts a goroutine of its own")
	}
	return starts
}

// dropsMap deletes the statements that build the map of inputs and put it into a context.
func (r *rewrite) dropsMap(s *ast.AssignStmt) bool {
	switch {
	case s.Tok == token.DEFINE && assigns(s, mapVariable) && isGraphqlCall(s.Rhs[0], buildMap):
		r.found.mapsBuilt++
	case s.Tok == token.ASSIGN && assigns(s, "ctx") && isGraphqlCall(s.Rhs[0], withMap):
		r.found.mapsUsed++
	default:
		return false
	}
	r.replace(s, "")
	return true
}

// list turns graphql.MarshalSliceConcurrently(ctx, len(v), limit, false, item) into
// serial.Marshal(ctx, len(v), item).
func (r *rewrite) list(call *ast.CallExpr) {
	if !isGraphqlCall(call, listCall) {
		return
	}
	if len(call.Args) != 5 || !isIdent(call.Args[3], "false") {
		r.err = fmt.Errorf("%s is called with arguments that are not known", listCall)
		return
	}
	if _, ok := call.Args[4].(*ast.FuncLit); !ok {
		r.err = fmt.Errorf("%s is given no function literal", listCall)
		return
	}
	r.found.lists++
	r.replace(call.Fun, "serial.Marshal")
	r.cut(call.Args[2].Pos(), call.Args[4].Pos())
}

func (r *rewrite) addImport(file *ast.File) error {
	for _, spec := range file.Imports {
		if spec.Path.Value == strconv.Quote(graphqlPackage) && spec.Name == nil {
			end := r.offset(spec.End())
			r.edits = append(r.edits, edit{from: end, to: end, text: "\n\t" + strconv.Quote(serialPackage)})
			return nil
		}
	}
	return fmt.Errorf("%s is not imported under its own name", graphqlPackage)
}

func (r *rewrite) replace(n ast.Node, text string) {
	r.edits = append(r.edits, edit{from: r.offset(n.Pos()), to: r.offset(n.End()), text: text})
}

func (r *rewrite) cut(from, to token.Pos) {
	r.edits = append(r.edits, edit{from: r.offset(from), to: r.offset(to)})
}

func (r *rewrite) edited(n ast.Node) bool {
	at := r.offset(n.Pos())
	return slices.ContainsFunc(r.edits, func(e edit) bool { return e.from <= at && at < e.to })
}

func (r *rewrite) offset(p token.Pos) int { return int(p - r.base) }

func (r *rewrite) apply() []byte {
	slices.SortFunc(r.edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, e := range r.edits {
		out = append(out, r.text[at:e.from]...)
		out = append(out, e.text...)
		at = e.to
	}
	return append(out, r.text[at:]...)
}

func assigns(s *ast.AssignStmt, name string) bool {
	return len(s.Lhs) == 1 && len(s.Rhs) == 1 && isIdent(s.Lhs[0], name)
}

func isGraphqlCall(e ast.Expr, function string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	return ok && isIdent(selector.X, "graphql") && selector.Sel.Name == function
}

func isIdent(e ast.Expr, name string) bool {
	ident, ok := e.(*ast.Ident)
	return ok && ident.Name == name
}
