package edge_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parkbff/server/edge"
)

func TestWhatHasNoCodeIsAnIDThatTheLogKnows(t *testing.T) {
	h := newHouse(t)

	h.asks(`{ failing(as: UNCODED) }`).is(http.StatusOK, coded("INTERNAL"), `"message":"Internal error."`, `"id":"incident-1"`).
		logs(`"id":"incident-1"`, "opening the record: the key is missing", `"field":"failing"`)
	h.asks(`{ failing(as: PANIC) }`).is(http.StatusOK, coded("INTERNAL"), `"id":"incident-1"`).
		logs("incident-1", "stack", "resolvers.go").hides(plate)
	h.asks(`{ failing(as: RUNTIME_PANIC) }`).is(http.StatusOK, coded("INTERNAL")).logs("nil pointer dereference")
	h.asks(`{ failing(as: POSTGRES) }`).is(http.StatusOK, coded("INTERNAL")).
		logs("insert: pq: ", "22P02", "table accounts").hides(plate)
}

func TestWhatTheHouseKnowsIsCodedAndNotLogged(t *testing.T) {
	h := newHouse(t)
	for failure, code := range map[string]string{"DENIED": "NOT_FOUND", "AWAY": "UNAVAILABLE", "CANCELLED": "UNAVAILABLE"} {
		h.asks(`{ failing(as: `+failure+`) }`).is(http.StatusOK, coded(code)).hides(plate, "incident", "ERROR")
	}
}

func TestAnArgumentThatCannotBeReadIsTheClientsFault(t *testing.T) {
	h := newHouse(t)

	h.asks(`{ plate(of: 13800138000) }`).is(http.StatusOK, coded("BAD_USER_INPUT")).hides("13800138000", "ERROR")
	h.posts(asking(`query($p: Plate!) { plate(of: $p) }`, "", map[string]any{"p": []string{plate}})).
		is(http.StatusOK, coded("BAD_USER_INPUT")).hides(plate, "ERROR")
}

func TestAHandlerThatPanicsIsAnsweredFor(t *testing.T) {
	h := newHouse(t, func(o *edge.Options) {
		o.Pages = map[string]http.Handler{"GET /page": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			panic(fmt.Errorf("a plate: %s", plate))
		})}
	})

	h.does(request("GET", "/page?plate="+plate)).is(http.StatusInternalServerError, coded("INTERNAL")).
		logs("incident-2", "GET /page", "panic").hides(plate)
}

// TestNothingAClientWritesIsRepeated puts a marker into every place of a document where a client can write: one that
// looks like a plate, and one that looks like somebody's name.
func TestNothingAClientWritesIsRepeated(t *testing.T) {
	const number = "13800138000"
	h := newHouse(t)
	for _, mark := range []string{"B1Z2345", "ZhangSanfeng"} {
		for _, query := range wrongDocuments() {
			query = strings.ReplaceAll(strings.ReplaceAll(query, "M", mark), "N", number)
			got := h.asks(query).is(http.StatusOK, `"errors":[`).hides(mark, "粤", number, "ERROR")
			if !strings.Contains(got.body, coded("GRAPHQL_")[:15]) {
				t.Errorf("%s: %s", query, got.body)
			}
		}
	}
}

// wrongDocuments do not parse or validate. M stands for a word of the client's, N for a number.
func wrongDocuments() []string {
	return []string{
		`{ M }`, `{ echo(M: "x") }`, `{ echo(text: M) }`, `{ echo(text: N) }`, `{ echo(text: [M "粤M"]) }`, `{ echo(text: {M: N}) }`,
		`{ number(of: "粤M") }`, `{ number(of: """粤M""") }`, `{ number(of: N.5) }`, `{ number(of: M) }`, `{ number(of: [N, "粤M", M]) }`,
		`{ number(of: $M) }`, `{ color(of: M) }`, `{ color(of: "粤M") }`, `{ color(of: N) }`, `{ echo(text: "a") @M }`,
		`{ echo(text: "a") @include(M: N) }`, `{ echo(text: "a") @include(if: "粤M") }`, `query M { nothing }`, `query($M: Int) { whoami }`,
		`query($a: M) { whoami }`, `query($a: Int = "粤M") { number(of: $a) }`, `query($M: String, $M: Int) { number(of: $M) }`,
		`query M { whoami } query M { whoami }`, `fragment M on Query { whoami } { whoami }`, `{ ...M }`, `{ ... on M { a } }`,
		`fragment M on Query { ...M } { ...M }`, `fragment F on M { a } { ...F }`, `{ M: echo(text: "粤M") M: echo(text: "b") }`,
		`{ all { M: number M: items { edges { node { number } } } } }`, `{ all(M: 1) { number } }`, `{ all { number { M } } }`, `{ items }`,
		`mutation { remember(input: "粤M") }`, `mutation { remember(input: {M: N}) }`, `mutation { remember(input: {text: "粤M", text: "粤M"}) }`,
		`mutation { remember(input: {text: "粤M", color: M}) }`, `mutation { remember(input: {text: null, counts: ["粤M"]}) }`,
		`{ echo(text: "粤M`, `{ echo(text: "粤M\q`, `{ echo(text: "\uZ粤M") }`, `{ echo(text: 粤M) }`, `"粤M"`, `粤M`, `N`, `{ M M( }`, `{ echo(text: 0N) }`,
		`{ a: 1.M }`, `query M N`, `{ echo(text: "a" "粤M") }`, `fragment on on M { a }`, `# 粤M`, `{ echo(text: "\u00` + "\x01" + `粤M") }`, `subscription { M: ticks N }`,
		`subscription M { a: ticks b: ticks }`, `subscription M { ticks @skip(if: true) }`, `subscription M { ticks __typename }`, `{ number(of: 1) } fragment M on Query @M { whoami }`, `directive @M on FIELD`, `{ "粤M" }`, "{ \"\"\"粤M\"\"\" }", `{ \粤M }`,
		`query($M: Int!) { number(of: $M) }`, `query($M: RememberInput!) { echo(text: $M) }`, `{ echo(text: $M) }`, `query($M: [Int!]!) { number(of: $M) }`,
		`{ ... M ... M } fragment M on Item { number }`, `fragment M on Query { whoami } fragment M on Query { whoami } { ...M }`,
		`query M { M: nothing }`, `mutation M($M: String) { M: remember(M: $M) }`, `subscription M($M: Int) { M }`, `{ all { ... on Query { M: whoami } } }`,
	}
}

// TestTheLogRepeatsNoNameThatAClientChose plants markers into what may be chosen in a document that is carried out.
func TestTheLogRepeatsNoNameThatAClientChose(t *testing.T) {
	const mark = "B1Z2345"
	h := newHouse(t)
	document := strings.ReplaceAll(`query M($M: Failure!) { M: failing(as: $M) all { M: number } ...M } fragment M on Query { MM: failing(as: PANIC) }`, "M", mark)
	body := strings.Replace(asking(document, mark, map[string]any{mark: "UNCODED", mark + "x": mark}), `{`, `{"`+mark+`":"`+mark+`","extensions":{"`+mark+`":1},`, 1)

	got := h.posts(body, "X-Plate", mark, "Accept-Language", mark, "User-Agent", mark).is(http.StatusOK, coded("INTERNAL"))

	got.logs(`"field":"failing"`)
	if strings.Contains(got.log, mark) {
		t.Errorf("the log tells %s", got.log)
	}
}

func TestNoVariableIsRepeated(t *testing.T) {
	const number = 13800138000
	h := newHouse(t)
	remember := `mutation($input: RememberInput!) { remember(input: $input) }`
	for name, body := range map[string]string{
		"enum":          asking(`query($c: Color!) { color(of: $c) }`, "", map[string]any{"c": plate}),
		"enum a number": asking(`query($c: Color!) { color(of: $c) }`, "", map[string]any{"c": number}),
		"list":          asking(`query($t: String!) { echo(text: $t) }`, "", map[string]any{"t": []string{plate}}),
		"int":           asking(`query($n: Int!) { number(of: $n) }`, "", map[string]any{"n": plate}),
		"fraction":      asking(`query($n: Int!) { number(of: $n) }`, "", map[string]any{"n": 13800138000.5}),
		"default":       `{"query":"query($n: Int! = 13800138000138001380001380) { number(of: $n) }"}`,
		"unknown field": asking(remember, "", map[string]any{"input": map[string]any{"text": "a", plate: 1}}),
		"field":         asking(remember, "", map[string]any{"input": map[string]any{"text": []string{plate}}}),
		"nested enum":   asking(remember, "", map[string]any{"input": map[string]any{"text": "a", "color": plate}}),
		"nested list":   asking(remember, "", map[string]any{"input": map[string]any{"text": "a", "counts": []any{plate}}}),
		"not an object": asking(remember, "", map[string]any{"input": plate}),
		"null":          asking(remember, "", map[string]any{"input": nil, plate: plate}),
		"not there":     asking(remember, "", map[string]any{plate: plate}),
	} {
		t.Run(name, func(t *testing.T) {
			h.posts(body).is(http.StatusOK, coded("GRAPHQL_VALIDATION_FAILED")).hides(plate, "13800138000")
		})
	}
}

func TestAMessageStillHelps(t *testing.T) {
	h := newHouse(t)
	for query, want := range map[string]string{
		`{ all { colour } }`:           `Cannot query field \"…\" on type \"Item\".`,
		`{ number(of: "粤B") }`:         `Int cannot represent non-integer value.`,
		`{ color(of: BLUE_GREY) }`:     `Value \"…\" does not exist in \"Color!\" enum.`,
		`{ echo }`:                     `Field \"echo\" argument \"text\" of type \"String!\" is required, but it was not provided.`,
		`{ echo(text: $t) }`:           `Variable \"…\" is not defined.`,
		`{ echo(text: $text) }`:        `Variable \"$text\" is not defined.`,
		`{ echo(text: "a") `:           `Expected Name, found \u003cEOF\u003e`,
		`{ echo(text: "a" "粤B12345")}`: `Expected Name, found String`,
	} {
		h.asks(query).is(http.StatusOK, want, `"locations":[{"line":1,"column":`)
	}
	h.posts(asking(`mutation($input: RememberInput!) { remember(input: $input) }`, "",
		map[string]any{"input": map[string]any{"text": "a", "counts": []any{true}}})).
		is(http.StatusOK, `Variable $input.counts[…] cannot use bool as Int.`)
}
