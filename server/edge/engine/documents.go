package engine

import (
	"container/list"
	"context"
	"errors"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"parkbff/graph/limit"
)

const (
	// keptBytes of query text are remembered. A parsed document takes up to a hundred times its text.
	keptBytes = 1 << 20
	// longestKept is for one document, so that a few long ones do not drive out all others.
	longestKept = 16 << 10
)

// documents parses and validates, and remembers the documents used last.
type documents struct {
	schema *ast.Schema
	limits limit.Limits
	words  vocabulary

	mu     sync.Mutex
	byText map[string]*list.Element // of *document
	used   *list.List               // the one used last is in front
	bytes  int
}

type document struct {
	text   string
	parsed *ast.QueryDocument
}

func newDocuments(schema *ast.Schema, limits limit.Limits) *documents {
	return &documents{
		schema: schema, limits: limits, words: vocabularyOf(schema),
		byText: map[string]*list.Element{}, used: list.New(),
	}
}

// of answers the valid document that the text is.
func (d *documents) of(text string) (*ast.QueryDocument, gqlerror.List) {
	if doc := d.remembered(text); doc != nil {
		return doc, nil
	}
	doc, errs := d.read(text)
	if len(errs) > 0 {
		return nil, d.words.scrub(errs)
	}
	d.remember(text, doc)
	return doc, nil
}

func (d *documents) read(text string) (*ast.QueryDocument, gqlerror.List) {
	if len(text) > d.limits.Bytes {
		return nil, gqlerror.List{refused(limit.TooLarge.With("limit", d.limits.Bytes))}
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, d.limits.Tokens)
	if err != nil {
		return nil, gqlerror.List{d.unparsable(err)}
	}
	if len(doc.Operations) == 0 {
		return nil, gqlerror.List{refused(noOperation)}
	}
	if err := d.limits.CheckShape(doc); err != nil {
		return nil, gqlerror.List{refused(err)}
	}
	return doc, validator.ValidateWithRules(d.schema, doc, silentRules())
}

// unparsable tells a flood of tokens from a slip; the parser has only words for it.
func (d *documents) unparsable(err error) *gqlerror.Error {
	var at *gqlerror.Error
	if !errors.As(err, &at) {
		return refused(parseFailed)
	}
	if isTokenLimit(at.Message) {
		return refused(limit.TooLarge.With("limit", d.limits.Tokens))
	}
	at.Rule = parsing
	return at
}

// silentRules are those of the specification, without suggestions: they cost a comparison with every
// name of a type for every name that is wrong.
func silentRules() *rules.Rules {
	r := rules.NewDefaultRules()
	r.ReplaceRule(rules.FieldsOnCorrectTypeRule.Name, rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.ScalarLeafsRule.Name, rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc)
	r.ReplaceRule(rules.ValuesOfCorrectTypeRule.Name, rules.ValuesOfCorrectTypeRuleWithoutSuggestions.RuleFunc)
	return r
}

func (d *documents) remembered(text string) *ast.QueryDocument {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.byText[text]
	if at == nil {
		return nil
	}
	d.used.MoveToFront(at)
	return at.Value.(*document).parsed
}

func (d *documents) remember(text string, doc *ast.QueryDocument) {
	if len(text) > longestKept {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byText[text] != nil {
		return
	}
	d.byText[text] = d.used.PushFront(&document{text, doc})
	for d.bytes += len(text); d.bytes > keptBytes; {
		last := d.used.Remove(d.used.Back()).(*document)
		delete(d.byText, last.text)
		d.bytes -= len(last.text)
	}
}

// handedOver lets the executor find the document that was made for it.
type handedOver struct{}

type documentKey struct{}

func handOver(ctx context.Context, doc *ast.QueryDocument) context.Context {
	return context.WithValue(ctx, documentKey{}, doc)
}

// Get implements graphql.Cache.
func (handedOver) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	doc, ok := ctx.Value(documentKey{}).(*ast.QueryDocument)
	return doc, ok
}

// Add implements graphql.Cache.
func (handedOver) Add(context.Context, string, *ast.QueryDocument) {}
