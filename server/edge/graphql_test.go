package edge_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parkbff/server/edge/edgetest"
)

const plate = edgetest.Secret

func TestAQueryIsAnsweredInTheTypeThatIsAskedFor(t *testing.T) {
	h := newHouse(t)
	for accept, want := range map[string]string{
		"":    "application/json; charset=utf-8",
		"*/*": "application/json; charset=utf-8",
		"application/graphql-response+json, application/json;q=0.9": "application/graphql-response+json; charset=utf-8",
	} {
		got := h.asks(`{ echo(text: "hello") }`, "Accept", accept).is(http.StatusOK)

		if got.body != `{"data":{"echo":"hello"}}` || got.header.Get("Content-Type") != want {
			t.Errorf("accepting %q: %s %s", accept, got.header.Get("Content-Type"), got.body)
		}
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", got.header)
		}
	}
}

func TestVariablesReachTheResolverAndStayOutOfTheLog(t *testing.T) {
	h := newHouse(t)

	got := h.posts(asking(`query Ask($text: String!) { echo(text: $text) }`, "Ask", map[string]any{"text": plate}))

	got.is(http.StatusOK, plate).logs(`"operation":"Ask"`, `"type":"query"`, `"route":"/graphql"`, `"status":200`)
	if strings.Contains(got.log, plate) || strings.Contains(got.log, "echo") {
		t.Errorf("the log tells %s", got.log)
	}
}

func TestTheLogNamesTheRouteWhateverTheRequestSaysOfItsClient(t *testing.T) {
	h := newHouse(t)
	h.asks(`{ __typename }`, "Accept-Language", "zh").logs(`"route":"/graphql"`)
	h.asks(`{ __typename }`, "X-Forwarded-For", "203.0.113.7").logs(`"route":"/graphql"`)
}

func TestABodyThatIsNoRequestIsRefusedAndNeverRepeated(t *testing.T) {
	h := newHouse(t)
	for name, test := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"empty":              {"", 400, "BAD_REQUEST"},
		"broken":             {`{"query": "{ echo(text: \"` + plate, 400, "BAD_REQUEST"},
		"text":               {plate, 400, "BAD_REQUEST"},
		"null":               {"null", 400, "BAD_REQUEST"},
		"a string":           {`"` + plate + `"`, 400, "BAD_REQUEST"},
		"followed by more":   {`{"query":"{__typename}"} ` + plate, 400, "BAD_REQUEST"},
		"a batch":            {` [{"query":"{ echo(text: \"` + plate + `\") }"}]`, 400, "BATCHES_NOT_SUPPORTED"},
		"without query":      {`{"variables":{"text":"` + plate + `"}}`, 400, "BAD_REQUEST"},
		"query a number":     {`{"query":13800138000}`, 400, "BAD_REQUEST"},
		"variables a list":   {`{"query":"{__typename}","variables":["` + plate + `"]}`, 400, "BAD_REQUEST"},
		"variables a string": {`{"query":"{__typename}","variables":"` + plate + `"}`, 400, "BAD_REQUEST"},
		"extensions a list":  {`{"query":"{__typename}","extensions":["` + plate + `"]}`, 400, "BAD_REQUEST"},
		"operation a number": {`{"query":"{__typename}","operationName":13800138000}`, 400, "BAD_REQUEST"},
		"too deep a JSON":    {`{"query":"{__typename}","variables":` + strings.Repeat(`[`, 20_000), 400, "BAD_REQUEST"},
		"too large":          {`{"query":"` + strings.Repeat(plate, 120_000), 413, "PAYLOAD_TOO_LARGE"},
	} {
		t.Run(name, func(t *testing.T) {
			h.posts(test.body).is(test.status, coded(test.code)).hides(plate, "13800138000").logs(test.code)

			chunked := post("application/json", strings.NewReader(test.body))
			chunked.ContentLength = -1
			h.does(chunked).is(test.status, coded(test.code)).hides(plate, "13800138000")
		})
	}
}

func TestABodyOfAnotherKindIsRefused(t *testing.T) {
	h := newHouse(t)
	for _, media := range []string{
		"", "text/plain", "application/x-www-form-urlencoded", "application/graphql", "application/json; charset=gbk", "; ;",
	} {
		h.does(post(media, strings.NewReader(asking(`{ echo(text: "`+plate+`") }`, "", nil)))).
			is(http.StatusUnsupportedMediaType, coded("UNSUPPORTED_MEDIA_TYPE")).hides(plate)
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY", "粤B12345"} {
		got := h.does(&http.Request{Method: method, URL: &url.URL{Path: "/graphql"}, Header: http.Header{}, Body: http.NoBody})
		got.is(http.StatusMethodNotAllowed).hides(plate)
		if got.header.Get("Allow") != "POST, GET, HEAD" {
			t.Errorf("%s: allow %q", method, got.header.Get("Allow"))
		}
	}
}

func get(parameters map[string]string) *http.Request {
	values := url.Values{}
	for name, value := range parameters {
		values.Set(name, value)
	}
	return httptest.NewRequest(http.MethodGet, "/graphql?"+values.Encode(), nil)
}

func TestGETAsksButNeverChanges(t *testing.T) {
	h := newHouse(t)
	h.does(get(map[string]string{
		"query": `query Q($t: String!) { echo(text: $t) }`, "variables": `{"t":"hello"}`, "operationName": "Q",
	})).is(http.StatusOK, `{"data":{"echo":"hello"}}`).hides("variables")

	h.does(get(map[string]string{"query": `mutation { remember(input: {text: "` + plate + `"}) }`})).
		is(http.StatusMethodNotAllowed, coded("METHOD_NOT_ALLOWED")).hides(plate)
	for _, bad := range []map[string]string{
		{}, {"query": ""}, {"query": "{__typename}", "variables": plate}, {"query": "{__typename}", "extensions": `["` + plate + `"]`},
	} {
		h.does(get(bad)).is(http.StatusBadRequest, coded("BAD_REQUEST")).hides(plate)
	}
	h.does(httptest.NewRequest(http.MethodGet, "/graphql?query=%zz", nil)).is(http.StatusBadRequest, coded("BAD_REQUEST"))
	h.does(get(map[string]string{"query": strings.Repeat(" ", 20_000)})).is(http.StatusRequestURITooLong, coded("PAYLOAD_TOO_LARGE"))
}

func TestARequestErrorCarriesNoDataAndTheStatusOfItsMediaType(t *testing.T) {
	h := newHouse(t)
	for _, query := range []string{`{`, `{ nothing }`, `query Q($n: Int!) { number(of: $n) }`} {
		old := h.asks(query).is(http.StatusOK, `{"errors":[`)
		young := h.asks(query, "Accept", "application/graphql-response+json").is(http.StatusBadRequest, `{"errors":[`)
		if strings.Contains(old.body+young.body, `"data"`) {
			t.Errorf("%s: answered data: %s %s", query, old.body, young.body)
		}
	}
}

func TestAnExecutionErrorKeepsTheRestOfTheData(t *testing.T) {
	h := newHouse(t)

	h.asks(`{ echo(text: "kept") refused }`).is(http.StatusOK,
		`"data":{"echo":"kept","refused":null}`, coded("FACT_REQUIRED"), `"fact":"VERIFIED"`, `"nextStep":"VERIFY_VEHICLE"`,
		`"path":["refused"]`, `"locations":[`).hides(plate).logs("FACT_REQUIRED")
	h.asks(`{ must }`).is(http.StatusOK, `"data":null`, coded("INTERNAL"))
}

func TestASubscriptionIsPointedToAStream(t *testing.T) {
	newHouse(t).asks(`subscription { ticks }`).is(http.StatusBadRequest, coded("SUBSCRIPTION_NEEDS_STREAM"))
}

func TestAnOperationNameThatIsNotThereIsNotRepeated(t *testing.T) {
	h := newHouse(t)

	h.posts(asking(`query A { __typename } query B { __typename }`, plate, nil)).
		is(http.StatusOK, coded("GRAPHQL_VALIDATION_FAILED")).hides(plate)
	h.asks(`fragment F on Query { __typename }`).is(http.StatusOK, coded("GRAPHQL_VALIDATION_FAILED"))
}

func TestALongOperationNameIsNotLogged(t *testing.T) {
	name := strings.Repeat("A", 65)

	newHouse(t).asks(`query ` + name + ` { __typename }`).is(http.StatusOK).hides(name)
}
