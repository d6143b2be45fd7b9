package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const executorFile = `package generated

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
)

func object(ctx context.Context, ec *executionContext, fields []graphql.CollectedField) graphql.Marshaler {
	out := graphql.NewFieldSet(fields)
	deferredFieldSet := graphql.NewFieldSet(nil)
	deferLabelToView := make(map[string]*graphql.FieldSetView)
	for i, field := range fields {
		resolve := func(ctx context.Context, fs *graphql.FieldSet) graphql.Marshaler { return graphql.Null }
		if field.IsDeferred() {
			deferredFieldSet.AddField(field)
			continue
		}
		out.Concurrently(i, func(ctx context.Context) graphql.Marshaler { return resolve(ctx, out) })
	}
	out.Dispatch(ctx)
	atomic.AddInt32(&ec.Deferred, int32(min(len(deferLabelToView), math.MaxInt32)))
	ec.ProcessDeferredGroup(graphql.DeferredGroup{Defers: deferLabelToView, FieldSet: deferredFieldSet, Context: ctx})
	return out
}

func fieldContext(field graphql.CollectedField) (*graphql.FieldContext, error) {
	return graphql.NewScalarFieldContext("Item", field, false, false, errors.New("no fields"))
}

func exec(ctx context.Context, v []int) graphql.Marshaler {
	inputUnmarshalMap := graphql.BuildUnmarshalerMap(
		unmarshalInputThing,
	)
	if len(v) == 1 {
		ctx = graphql.WithUnmarshalerMap(ctx, inputUnmarshalMap)
	}
	return graphql.MarshalSliceConcurrently(ctx, len(v), 0, false, func(ctx context.Context, i int) graphql.Marshaler {
		return graphql.Null
	})
}
`

func TestAnExecutorThatIsNotKnownIsRefusedAndLeftAlone(t *testing.T) {
	for name, change := range map[string]*strings.Replacer{
		"no list":                  strings.NewReplacer("graphql.MarshalSliceConcurrently(ctx, len(v), 0, false, ", "marshal("),
		"no map":                   strings.NewReplacer("inputUnmarshalMap := graphql.BuildUnmarshalerMap(", "_ = list(", "ctx = graphql.WithUnmarshalerMap(ctx, inputUnmarshalMap)", ""),
		"a map nobody takes":       strings.NewReplacer("ctx = graphql.WithUnmarshalerMap(ctx, inputUnmarshalMap)", ""),
		"a map under another name": strings.NewReplacer("inputUnmarshalMap", "inputs"),
		"a map used elsewhere":     strings.NewReplacer("if len(v) == 1 {", "if len(inputUnmarshalMap) == 1 {"),
		"a context elsewhere":      strings.NewReplacer("ctx = graphql.With", "inner := graphql.With"),
		"one argument more":        strings.NewReplacer("0, false, ", "0, 0, false, "),
		"panics let through":       strings.NewReplacer("0, false, ", "0, true, "),
		"no function literal":      strings.NewReplacer("func(ctx context.Context, i int) graphql.Marshaler {\n\t\treturn graphql.Null\n\t}", "item"),
		"another import name":      strings.NewReplacer(`"github.com/99`, `gql "github.com/99`),
		"goroutines of its own":    strings.NewReplacer("if len(v) == 1 {", "go exec(ctx, nil)\n\tif len(v) == 1 {"),
		"no Go":                    strings.NewReplacer("package", "pakcage"),
		"no leaf":                  strings.NewReplacer("NewScalarFieldContext", "NewLeaf"),
		"a leaf of another shape":  strings.NewReplacer(`errors.New("no fields")`, "errNoFields"),
		"objects of other fields":  strings.NewReplacer("NewFieldSet(fields)", "NewFieldSet(fields[1:])"),
		"no deferred fields":       strings.NewReplacer("deferredFieldSet := graphql.NewFieldSet(nil)", ""),
		"a set under another name": strings.NewReplacer("deferredFieldSet", "later"),
		"deferred fields else":     strings.NewReplacer("\t\t\tcontinue\n\t\t}", "\t\t\tcontinue\n\t\t} else {\n\t\t}"),
		"groups counted elsewhere": strings.NewReplacer("ec.Deferred,", "ec.Pending,"),
		"groups left alone":        strings.NewReplacer("ec.ProcessDeferredGroup(", "process("),
	} {
		t.Run(name, func(t *testing.T) {
			text := change.Replace(executorFile)
			file := fileWith(t, text)

			if err := serializeFolder(filepath.Dir(file)); err == nil {
				t.Error("the generator did not notice")
			}

			if got := contentOf(t, file); got != text {
				t.Errorf("the executor was changed:\n%s", got)
			}
		})
	}
}

func TestTheMapOfInputsIsGoneAndListsAreSerial(t *testing.T) {
	file := fileWith(t, executorFile)

	if err := serializeFolder(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}

	got := contentOf(t, file)
	for _, gone := range []string{listCall, buildMap, withMap, mapVariable} {
		if strings.Contains(got, gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	if !strings.Contains(got, "return serial.Marshal(ctx, len(v), func(ctx context.Context, i int)") {
		t.Errorf("got\n%s", got)
	}
}

func TestObjectsDoNotPrepareForDeferredFields(t *testing.T) {
	file := fileWith(t, executorFile)

	if err := serializeFolder(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}

	got := contentOf(t, file)
	for _, gone := range append(slices.Clone(rewritten), "Deferred", `"errors"`, `"math"`, `"sync/atomic"`) {
		if strings.Contains(got, gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	for _, there := range []string{
		"out := serial.NewObject(fields)", "fs *serial.Object)", `serial.LeafContext("Item", field, false, false)`,
	} {
		if !strings.Contains(got, there) {
			t.Errorf("%s is missing in\n%s", there, got)
		}
	}
}

func TestAnExecutorIsRewrittenOnlyOnce(t *testing.T) {
	file := fileWith(t, executorFile)
	if err := serializeFolder(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}

	if err := serializeFolder(filepath.Dir(file)); err == nil {
		t.Error("a serial executor passed for a stock one")
	}
}

func fileWith(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "root_.generated.go")
	if err := os.WriteFile(file, []byte(text), readable); err != nil {
		t.Fatal(err)
	}
	return file
}

func contentOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
