package engine

import (
	"regexp"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parkbff/internal/fault"
)

// Faults of documents that do not parse or validate. Messages of the second kind are the validator's,
// scrubbed.
var (
	parseFailed      = fault.New("GRAPHQL_PARSE_FAILED", "The query is not GraphQL.")
	validationFailed = fault.New("GRAPHQL_VALIDATION_FAILED", "The query does not fit the contract.")
	noOperation      = fault.New("GRAPHQL_VALIDATION_FAILED", "The query holds no operation of that name.")
	oneStream        = fault.New("GRAPHQL_VALIDATION_FAILED", "A subscription selects exactly one field.")
)

const (
	parsing  = "parsing" // stands in gqlerror.Error.Rule
	mostTold = 10        // errors of one document
	unsaid   = "…"
)

// The validator's messages repeat what the client wrote, and that may be a plate, a mobile or a name. Kept are
// words of the contract alone; where the rest stands is told by the locations.
var (
	quoted      = regexp.MustCompile(`"(?:[^"\\]|\\.)*"?`)
	literalTail = regexp.MustCompile(`(?s)(, found|:) .*$`)
	escapeTail  = regexp.MustCompile(`(?s)(escape sequence|unexpected character|number|invalid character|within String)\b.*$`)
	tooMany     = regexp.MustCompile(`^exceeded (token limit|maximum nesting depth) of`)
	wrongKind   = regexp.MustCompile(`^(cannot use [a-z0-9]+ as [_A-Za-z]+|must be a [_A-Za-z]+, not a [a-z0-9]+)$`)
	wrongEnum   = regexp.MustCompile(`is not a valid [_A-Za-z]+$`)
)

// variableMessages repeat nothing.
var variableMessages = map[string]bool{
	"must be defined": true, "cannot be null": true, "unknown field": true,
	"enums must be ints or strings": true, "must an input type": true,
}

func isTokenLimit(message string) bool { return tooMany.MatchString(message) }

// vocabulary is every name of the contract.
type vocabulary map[string]bool

func vocabularyOf(schema *ast.Schema) vocabulary {
	words := vocabulary{"query": true, "mutation": true, "subscription": true, "fragment": true, "on": true}
	for name, definition := range schema.Types {
		words[name] = true
		for _, field := range definition.Fields {
			words[field.Name] = true
			for _, argument := range field.Arguments {
				words[argument.Name] = true
			}
		}
		for _, value := range definition.EnumValues {
			words[value.Name] = true
		}
	}
	for name, directive := range schema.Directives {
		words[name] = true
		for _, argument := range directive.Arguments {
			words[argument.Name] = true
		}
	}
	return words
}

// scrub makes faults of the errors of parser, validator and coercion, the first few of them. What is a
// fault already stays as it is.
func (v vocabulary) scrub(errs gqlerror.List) gqlerror.List {
	told := make(gqlerror.List, 0, min(len(errs), mostTold))
	for _, e := range errs[:min(len(errs), mostTold)] {
		if fault.As(e) == nil {
			e = v.scrubbed(e)
		}
		told = append(told, e)
	}
	return told
}

func (v vocabulary) scrubbed(e *gqlerror.Error) *gqlerror.Error {
	code, message := validationFailed, ""
	switch {
	case e.Rule == parsing:
		code, message = parseFailed, v.withoutQuoted(escapeTail.ReplaceAllString(e.Message, "$1."))
	case strings.HasPrefix(e.Rule, "ValuesOfCorrectType"):
		message = v.withoutQuoted(literalTail.ReplaceAllString(e.Message, "."))
	case e.Rule != "":
		message = v.withoutQuoted(e.Message)
	case len(e.Path) > 1:
		message = "Variable " + v.variable(e.Path) + " " + coercion(e.Message) + "."
	default:
		message = noOperation.Message()
	}
	shown := refused(fault.New(code.Code(), message))
	shown.Locations = e.Locations
	return shown
}

// withoutQuoted keeps of the quoted parts those that are made of words of the contract.
func (v vocabulary) withoutQuoted(message string) string {
	return quoted.ReplaceAllStringFunc(message, func(part string) string {
		for _, word := range strings.FieldsFunc(strings.Trim(part, `"`), isTypeSyntax) {
			if !v[word] && !v[strings.TrimLeft(word, "$@")] {
				return `"` + unsaid + `"`
			}
		}
		return part
	})
}

func isTypeSyntax(r rune) bool { return strings.ContainsRune("[]!. ", r) }

// variable names a place in the variables: `$input.plates[3]`.
func (v vocabulary) variable(path ast.Path) string {
	var place strings.Builder
	place.WriteByte('$')
	for i, element := range path[1:] {
		name, isName := element.(ast.PathName)
		switch {
		case !isName:
			place.WriteString("[" + unsaid + "]")
			continue
		case i > 0:
			place.WriteByte('.')
		}
		if v[string(name)] {
			place.WriteString(string(name))
		} else {
			place.WriteString(unsaid)
		}
	}
	return place.String()
}

func coercion(message string) string {
	if variableMessages[message] || wrongKind.MatchString(message) {
		return message
	}
	if enum := wrongEnum.FindString(message); enum != "" {
		return enum
	}
	return "is not valid"
}

// refused gives an error the shape in which the presenter takes it.
func refused(err error) *gqlerror.Error { return gqlerror.Wrap(err) }
