package wholetest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parkbff/server/wholetest/rig"
)

const tooMuch = 2 << 20

func TestRequestsThatAreNoneAreRefusedByStatusAndCode(t *testing.T) {
	t.Parallel()
	h := open(t)
	const media = "application/json"
	for name, bad := range map[string]struct {
		media, body string
		status      int
		code        string
	}{
		"broken JSON":           {media, `{"query":"{ viewer { tier } }", ` + plantedPlate, http.StatusBadRequest, "BAD_REQUEST"},
		"a body that broke off": {media, `{"query":"{ viewer`, http.StatusBadRequest, "BAD_REQUEST"},
		"no body":               {media, ``, http.StatusBadRequest, "BAD_REQUEST"},
		"no object":             {media, `"` + plantedPlate + `"`, http.StatusBadRequest, "BAD_REQUEST"},
		"null":                  {media, `null`, http.StatusBadRequest, "BAD_REQUEST"},
		"no query":              {media, `{"variables":{"plate":"` + plantedPlate + `"}}`, http.StatusBadRequest, "BAD_REQUEST"},
		"a query that is none":  {media, `{"query":["` + plantedPlate + `"]}`, http.StatusBadRequest, "BAD_REQUEST"},
		"variables in a list":   {media, `{"query":"{ viewer { tier } }","variables":["` + plantedPlate + `"]}`, http.StatusBadRequest, "BAD_REQUEST"},
		"two values":            {media, `{"query":"{ viewer { tier } }"}{"x":"` + plantedPlate + `"}`, http.StatusBadRequest, "BAD_REQUEST"},
		"a batch":               {media, `[{"query":"{ viewer { tier } }"}]`, http.StatusBadRequest, "BATCHES_NOT_SUPPORTED"},
		"a form":                {"application/x-www-form-urlencoded", "query=" + plantedPlate, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"},
		"a text":                {"text/plain", plantedPlate, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"},
		"another charset":       {media + "; charset=gb18030", `{"query":"{ viewer { tier } }"}`, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"},
		"an upload in pieces":   {"multipart/form-data; boundary=x", "--x\r\nContent-Disp" + plantedPlate, http.StatusBadRequest, "PREFLIGHT_REQUIRED"},
		"an oversize body":      {media, `{"query":"{ viewer { tier } }","x":"` + plantedPlate + strings.Repeat("x", tooMuch) + `"}`, http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE"},
	} {
		got := h.anybody().posts(bad.media, bad.body)
		refuses(t, name, got, bad.code)
		if got.Status != bad.status {
			t.Errorf("%s: status %d, want %d", name, got.Status, bad.status)
		}
	}
	h.logHides(plantedPlate, url.QueryEscape(plantedPlate))
	h.serves()
}

func TestAnOversizeBodyThatDoesNotTellItsSizeIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	endless := struct{ *strings.Reader }{strings.NewReader(`{"query":"` + strings.Repeat(plantedPlate, tooMuch/len(plantedPlate)))}
	request := must(http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL()+"/graphql", endless))(t)
	request.Header.Set("Content-Type", "application/json")

	got := must(h.anybody().Send(request))(t)

	refuses(t, "the body", got, "PAYLOAD_TOO_LARGE")
	if got.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", got.Status)
	}
	h.logHides(plantedPlate)
	h.serves()
}

func TestAQueryInTheURLOnlyReads(t *testing.T) {
	t.Parallel()
	h := open(t)
	get := func(query string) rig.Answer {
		return must(h.anybody().Get(t.Context(), "/graphql?"+url.Values{"query": {query}}.Encode()))(t)
	}

	mutation := get(`mutation { sendLoginCode(input: {mobile: "13912345678"}) { userErrors { code } } }`)
	refuses(t, "a mutation", mutation, "METHOD_NOT_ALLOWED")
	if mutation.Status != http.StatusMethodNotAllowed {
		t.Errorf("status %d", mutation.Status)
	}
	if sent := must(h.anybody().Get(t.Context(), "/dev/sms?mobile=13912345678"))(t); sent.Status != http.StatusNotFound {
		t.Errorf("the mutation was carried out: a code was sent, status %d", sent.Status)
	}
	refuses(t, "a subscription", get(`subscription { noticeReceived { cursor } }`), "SUBSCRIPTION_NEEDS_STREAM")
	long := get("{ viewer { tier } } #" + strings.Repeat(plantedPlate, 2000))
	refuses(t, "a long one", long, "PAYLOAD_TOO_LARGE")
	if long.Status != http.StatusRequestURITooLong {
		t.Errorf("status %d", long.Status)
	}
	holds(t, "a query", get("{ viewer { tier } }").Body, "ANONYMOUS")
	h.logHides(plantedPlate, url.QueryEscape(plantedPlate), "13912345678")
}

func TestQueriesThatAskForTooMuchAreRefusedBeforeTheyRun(t *testing.T) {
	t.Parallel()
	h := open(t)
	deep := func(n int, inner string) string {
		return strings.Repeat("{ ofType ", n) + inner + strings.Repeat("}", n)
	}
	for name, bad := range map[string]struct{ query, code string }{
		"deep": {`{ __schema { types { fields { type ` + deep(30, "{ name }") + ` } } } }`, "QUERY_TOO_DEEP"},
		"deep by fragments": {
			`{ __schema { types { fields { type { ...a } } } } } ` + chain(30), "QUERY_TOO_DEEP",
		},
		"turning in circles": {`{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }`, "GRAPHQL_VALIDATION_FAILED"},
		"bottomless":         {strings.Repeat("{a", 20_000), "QUERY_TOO_LARGE"},
		"wide":               {"{ viewer {" + strings.Repeat(" tier", 600) + " } }", "QUERY_TOO_LARGE"},
		"aliased":            {"{" + aliases(60, "lots(first: 100) { edges { node { name } } }") + "}", "QUERY_TOO_EXPENSIVE"},
		"aliased lists of lists": {
			"{ viewer {" + aliases(100, "sessions(first: 100) { edges { node { id } } }") + "} }", "QUERY_TOO_EXPENSIVE",
		},
		"flooded with directives":   {"{ viewer { tier" + strings.Repeat(" @skip(if: false)", 200) + " } }", "QUERY_TOO_LARGE"},
		"flooded with unknown ones": {"{ viewer { tier" + strings.Repeat(" @a", 20_000) + " } }", "QUERY_TOO_LARGE"},
		"flooded with comments":     {"{ viewer { tier } }" + strings.Repeat("#"+plantedPlate+"\n", 8_000), "QUERY_TOO_LARGE"},
		"too long a page":           {"{ lots(first: 101) { edges { node { name } } } }", "BAD_USER_INPUT"},
		"a page before its start":   {"{ lots(first: -1) { edges { node { name } } } }", "BAD_USER_INPUT"},
		"a strange cursor":          {`{ lots(after: "` + plantedPlate + `") { edges { node { name } } } }`, "INVALID_CURSOR"},
		"no GraphQL":                {`{ viewer { ` + plantedPlate, "GRAPHQL_PARSE_FAILED"},
		"unknown fields":            {`{ viewer { secretPlate } }`, "GRAPHQL_VALIDATION_FAILED"},
		"a literal of another kind": {`{ lot(code: {plate: "` + plantedPlate + `"}) { name } }`, "GRAPHQL_VALIDATION_FAILED"},
	} {
		refuses(t, name, h.anybody().asks(bad.query, nil), bad.code)
	}
	h.logHides(plantedPlate)
	h.serves()
}

// chain is fragments that each hold the next: a, aa, aaa, …
func chain(n int) string {
	var text strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&text, "fragment %s on __Type { ofType { ...%s } } ", strings.Repeat("a", i), strings.Repeat("a", i+1))
	}
	fmt.Fprintf(&text, "fragment %s on __Type { name }", strings.Repeat("a", n+1))
	return text.String()
}

func aliases(n int, field string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, " a%d: %s", i, field)
	}
	return text.String()
}

// serves shows that the server is as well as before.
func (h *house) serves() {
	h.t.Helper()
	holds(h.t, "a plain query", h.anybody().asks(`{ viewer { tier } lot(code: "`+rig.Lot+`") { code } }`, nil).Body, "ANONYMOUS", rig.Lot)
}
