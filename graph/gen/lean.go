package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"

	"golang.org/x/tools/go/ast/astutil"
)

// Names of what the executor prepares for @defer in every object, and of what the lean form puts in its
// place.
const (
	newFieldSet  = "NewFieldSet"
	fieldSet     = "FieldSet"
	deferredSet  = "deferredFieldSet"
	deferredMap  = "deferLabelToView"
	isDeferred   = "IsDeferred"
	processGroup = "ProcessDeferredGroup"
	countGroups  = "Deferred"
	leafContext  = "NewScalarFieldContext"
)

// deferral counts what belongs together in each object.
type deferral struct{ objects, sets, maps, counts, groups int }

func (d *deferral) add(other deferral) {
	d.objects += other.objects
	d.sets += other.sets
	d.maps += other.maps
	d.counts += other.counts
	d.groups += other.groups
}

func (d *deferral) check() error {
	if d.objects == 0 {
		return errors.New("no object is made")
	}
	if all := (deferral{d.objects, d.objects, d.objects, d.objects, d.objects}); *d != all {
		return fmt.Errorf("objects do not all prepare for deferred fields alike: %+v", *d)
	}
	return nil
}

// dropsDeferral deletes a statement that only deferred fields need.
func (r *rewrite) dropsDeferral(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.AssignStmt:
		switch {
		case s.Tok == token.DEFINE && assigns(s, deferredSet) && isGraphqlCall(s.Rhs[0], newFieldSet):
			r.found.sets++
		case s.Tok == token.DEFINE && assigns(s, deferredMap):
			r.found.maps++
		default:
			return false
		}
	case *ast.IfStmt:
		if !isMethodCall(s.Cond, "field", isDeferred) || s.Else != nil {
			return false
		}
	case *ast.ExprStmt:
		switch {
		case isMethodCall(s.X, "ec", processGroup):
			r.found.groups++
		case isGroupCount(s.X):
			r.found.counts++
		default:
			return false
		}
	default:
		return false
	}
	r.replace(s, "")
	return true
}

// isGroupCount holds for atomic.AddInt32(&ec.Deferred, …).
func isGroupCount(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || !isMethodCall(e, "atomic", "AddInt32") {
		return false
	}
	address, ok := call.Args[0].(*ast.UnaryExpr)
	if !ok {
		return false
	}
	counter, ok := address.X.(*ast.SelectorExpr)
	return ok && isIdent(counter.X, "ec") && counter.Sel.Name == countGroups
}

// object turns graphql.NewFieldSet(fields) into serial.NewObject(fields).
func (r *rewrite) object(call *ast.CallExpr) {
	if !isGraphqlCall(call, newFieldSet) {
		return
	}
	if len(call.Args) != 1 || !isIdent(call.Args[0], "fields") {
		r.err = fmt.Errorf("%s is called with arguments that are not known", newFieldSet)
		return
	}
	r.found.objects++
	r.replace(call.Fun, "serial.NewObject")
}

// objectType turns graphql.FieldSet into serial.Object where a type is named.
func (r *rewrite) objectType(s *ast.SelectorExpr) {
	if isIdent(s.X, "graphql") && s.Sel.Name == fieldSet {
		r.replace(s, "serial.Object")
	}
}

// leaf turns graphql.NewScalarFieldContext(object, field, isMethod, isResolver, errors.New(…)), which
// makes that error for every field of every object, into serial.LeafContext without it.
func (r *rewrite) leaf(call *ast.CallExpr) {
	if !isGraphqlCall(call, leafContext) {
		return
	}
	if len(call.Args) != 5 || !isMethodCall(call.Args[4], "errors", "New") {
		r.err = fmt.Errorf("%s is called with arguments that are not known", leafContext)
		return
	}
	r.found.leaves++
	r.replace(call.Fun, "serial.LeafContext")
	r.cut(call.Args[3].End(), call.Args[4].End())
}

func isMethodCall(e ast.Expr, receiver, name string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	return ok && isIdent(selector.X, receiver) && selector.Sel.Name == name
}

// withoutIdleImports formats a file and takes out the imports that only deleted code used.
func withoutIdleImports(text []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	for _, path := range []string{"errors", "math", "sync/atomic"} {
		if !astutil.UsesImport(file, path) {
			astutil.DeleteImport(fset, file, path)
		}
	}
	var out bytes.Buffer
	if err := format.Node(&out, fset, file); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
