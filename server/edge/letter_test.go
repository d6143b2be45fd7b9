package edge_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parkbff/server/edge"
	"parkbff/server/edge/edgetest"
	"parkbff/server/edge/engine"
)

// served is the edge behind a real server.
func (h *house) served() *httptest.Server {
	h.t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config = edge.NewServer("", h.handler, newLogger(h.log))
	server.Start()
	h.t.Cleanup(server.Close)
	return server
}

// document is an operation and what comes of it.
type document struct {
	name, text string
	status     int // to clients of the new media type
	toOld      int // to those of the old one
	byGET      int // by GET or HEAD, if that is different
	data       bool
}

func documents() []document {
	return []document{
		{name: "a query", text: `{ whoami }`, status: 200, toOld: 200, data: true},
		{name: "a partial success", text: `{ whoami refused }`, status: 200, toOld: 200, data: true},
		{name: "a null that reaches the root", text: `{ must }`, status: 200, toOld: 200, data: true},
		{name: "no GraphQL", text: `{`, status: 400, toOld: 200},
		{name: "an unknown field", text: `{ nothing }`, status: 400, toOld: 200},
		{name: "a missing variable", text: `query($n: Int!) { number(of: $n) }`, status: 400, toOld: 200},
		{name: "no operation", text: `fragment F on Query { whoami }`, status: 400, toOld: 200},
		{name: "two operations", text: `query A { whoami } query B { whoami }`, status: 400, toOld: 200},
		{name: "a mutation", text: `mutation { remember(input: {text: "a"}) }`, status: 200, toOld: 200, byGET: 405, data: true},
		{name: "a subscription", text: `subscription { ticks }`, status: 400, toOld: 400},
	}
}

// want is the status by the method and the media type of the answer.
func (d document) want(method, media string) int {
	switch {
	case method != http.MethodPost && d.byGET != 0:
		return d.byGET
	case media == young:
		return d.status
	}
	return d.toOld
}

func TestEveryMethodAndMediaTypeIsAnsweredAsTheSpecificationSays(t *testing.T) {
	h := newHouse(t)
	server := h.served()
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodHead} {
		for accept, media := range map[string]string{"": old, "*/*": old, old: old, young: young, young + ", " + old + ";q=0.9": young} {
			for _, d := range documents() {
				status, header, body := sent(t, server, method, accept, d.text)
				if want := d.want(method, media); status != want {
					t.Errorf("%s by %s accepting %q: status %d, want %d: %s", d.name, method, accept, status, want, body)
				}
				if got := header.Get("Content-Type"); got != media+"; charset=utf-8" {
					t.Errorf("%s by %s accepting %q: %s", d.name, method, accept, got)
				}
				if status == http.StatusMethodNotAllowed && header.Get("Allow") != "POST" {
					t.Errorf("%s by %s: allow %q", d.name, method, header.Get("Allow"))
				}
				isResponse(t, method, d, status, body)
			}
		}
	}
}

// isResponse demands a GraphQL response: `data` exactly when the operation was carried out, else errors.
func isResponse(t *testing.T, method string, d document, status int, body []byte) {
	t.Helper()
	if method == http.MethodHead {
		if len(body) > 0 {
			t.Errorf("%s: HEAD was answered %s", d.name, body)
		}
		return
	}
	var response map[string]json.RawMessage
	if err := json.Unmarshal(body, &response); err != nil {
		t.Fatalf("%s: %v: %s", d.name, err, body)
	}
	_, data := response["data"]
	_, errors := response["errors"]
	if data != (d.data && status == http.StatusOK) || !data && !errors {
		t.Errorf("%s by %s: %s", d.name, method, body)
	}
}

func sent(t *testing.T, server *httptest.Server, method, accept, query string) (int, http.Header, []byte) {
	t.Helper()
	address, body := server.URL+"/graphql", io.Reader(strings.NewReader(asking(query, "", nil)))
	if method != http.MethodPost {
		address, body = address+"?"+url.Values{"query": {query}}.Encode(), nil
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", old)
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, answer
}

func TestParametersAreTakenAsTheSpecificationSays(t *testing.T) {
	h := newHouse(t)
	for name, body := range map[string]string{
		"null is absent":          `{"query":"{ whoami }","operationName":null,"variables":null,"extensions":null}`,
		"empty is absent":         `{"query":"{ whoami }","operationName":"","variables":{},"extensions":{}}`,
		"others are left alone":   `{"query":"{ whoami }","headers":{"a":1},"Query":7,"id":[` + `"` + plate + `"]}`,
		"a hash beside the query": `{"query":"{ whoami }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}`,
		"a byte order mark":       "\xef\xbb\xbf" + `{"query":"{ whoami }"}`,
		"blanks around":           " \r\n\t" + `{"query":"{ whoami }"}` + "\n",
		"an escaped name":         `{"qu\u0065ry":"{ whoami }"}`,
	} {
		t.Run(name, func(t *testing.T) { h.posts(body).is(http.StatusOK, `{"data":{"whoami":"0"}}`) })
	}
	for name, body := range map[string]string{
		"another case":           `{"Query":"{ whoami }"}`,
		"a query twice":          `{"query":"{ whoami }","query":"mutation { remember(input: {text: \"a\"}) }"}`,
		"variables twice":        `{"query":"{ whoami }","variables":{},"variables":{}}`,
		"one of them escaped":    `{"query":"{ whoami }","quer\u0079":"{ all { number } }"}`,
		"no UTF-8":               `{"query":"{ echo(text: \"` + "\xd4\xc1" + `\") }"}`,
		"no UTF-8 elsewhere":     `{"query":"{ whoami }","x":"` + "\xff" + `"}`,
		"UTF-16":                 "\xff\xfe{\x00}\x00",
		"a mark within":          `{"query"` + "\xef\xbb\xbf" + `:"{ whoami }"}`,
		"a comma too many":       `{"query":"{ whoami }",}`,
		"a comma too few":        `{"query":"{ whoami }" "x":1}`,
		"half a value":           `{"query":"{ whoami }","variables":{"a":}}`,
		"an array in the middle": `{"query":"{ whoami }"]`,
		"an object that is left": `{"query":"{ whoami }"`,
		"deep JSON of no matter": `{"query":"{ whoami }","x":` + strings.Repeat(`{"a":`, 20_000) + `1` + strings.Repeat(`}`, 20_001),
		"variables a number":     `{"query":"{ whoami }","variables":1}`,
		"variables false":        `{"query":"{ whoami }","variables":false}`,
		"extensions a string":    `{"query":"{ whoami }","extensions":"` + plate + `"}`,
		"operationName an array": `{"query":"{ whoami }","operationName":["` + plate + `"]}`,
		"query null":             `{"query":null}`,
		"query empty":            `{"query":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			h.posts(body).is(http.StatusBadRequest, coded("BAD_REQUEST")).hides(plate, "whoami")
		})
	}
}

func TestAQueryIsNotKnownByItsHash(t *testing.T) {
	h := newHouse(t)
	hash := `{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0f", 32) + `"}}`

	h.posts(`{"extensions":`+hash+`,"variables":{"plate":"`+plate+`"}}`).
		is(http.StatusBadRequest, coded("PERSISTED_QUERY_NOT_SUPPORTED"), `"message":"PersistedQueryNotSupported"`).hides(plate)
	h.does(get(map[string]string{"extensions": hash})).is(http.StatusBadRequest, coded("PERSISTED_QUERY_NOT_SUPPORTED"))
}

func TestABodyThatIsCompressedIsRefused(t *testing.T) {
	h := newHouse(t)
	for _, coding := range []string{"gzip", "br", "identity, gzip", "x"} {
		got := h.posts(asking(`{ whoami }`, "", nil), "Content-Encoding", coding).
			is(http.StatusUnsupportedMediaType, coded("UNSUPPORTED_MEDIA_TYPE"))
		if got.header.Get("Accept-Encoding") != "identity" || got.header.Get("Accept-Post") != "" {
			t.Errorf("%s: %v", coding, got.header)
		}
	}
	h.posts(asking(`{ whoami }`, "", nil), "Content-Encoding", "identity").is(http.StatusOK)
}

func TestOneContentTypeIsMeant(t *testing.T) {
	h := newHouse(t)
	for _, media := range []string{`application/json;charset="UTF-8"`, "Application/JSON", "application/json; x=y"} {
		h.does(post(media, strings.NewReader(asking(`{ whoami }`, "", nil)))).is(http.StatusOK)
	}
	twice := h.posts(asking(`{ whoami }`, "", nil), "Content-Type", "text/plain").is(http.StatusUnsupportedMediaType)
	if got := twice.header.Get("Accept-Post"); got != "application/json, multipart/form-data" {
		t.Errorf("accept-post %q", got)
	}
	h.does(post(young, strings.NewReader(asking(`{ whoami }`, "", nil)))).is(http.StatusUnsupportedMediaType)
}

func TestAURLSaysOneThing(t *testing.T) {
	h := newHouse(t)
	for name, query := range map[string]string{
		"a query twice":     "query=%7Bwhoami%7D&query=%7Ball%7Bnumber%7D%7D",
		"variables twice":   "query=%7Bwhoami%7D&variables=&variables=%7B%7D",
		"no UTF-8":          "query=%7Becho(text:%22%D4%C1%22)%7D",
		"a semicolon":       "query=%7Bwhoami%7D;variables=%7B%7D",
		"a broken escape":   "query=%7Bwhoami%7",
		"variables a list":  "query=%7Bwhoami%7D&variables=[]",
		"variables no JSON": "query=%7Bwhoami%7D&variables=whoami",
	} {
		t.Run(name, func(t *testing.T) {
			h.does(httptest.NewRequest(http.MethodGet, "/graphql?"+query, nil)).is(http.StatusBadRequest, coded("BAD_REQUEST")).hides("whoami")
		})
	}
	for _, query := range []string{"query={whoami}&variables=null&extensions=&operationName=", "query=%EF%BB%BF{whoami}", "query={whoami}&utm=%FF&utm=2"} {
		h.does(httptest.NewRequest(http.MethodGet, "/graphql?"+query, nil)).is(http.StatusOK, `"whoami"`)
	}
	h.does(httptest.NewRequest(http.MethodGet, "/graphql?query={whoami}", strings.NewReader("{}"))).is(http.StatusBadRequest, coded("BAD_REQUEST"))
}

func TestAPageOfAnotherSiteCannotHaveABrowserAsk(t *testing.T) {
	h := newHouse(t, func(o *edge.Options) {
		o.Events = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a stream was opened") })
	})
	ask := map[string]string{"query": `{ whoami }`}
	for _, site := range []string{"cross-site", "same-site"} {
		h.does(with(get(ask), "Sec-Fetch-Site", site, "Sec-Fetch-Mode", "no-cors")).is(http.StatusBadRequest, coded("PREFLIGHT_REQUIRED"))
		h.does(with(get(ask), "Sec-Fetch-Site", site, "Accept", "text/event-stream")).is(http.StatusBadRequest, coded("PREFLIGHT_REQUIRED"))
		h.does(with(get(ask), "Sec-Fetch-Site", site, "GraphQL-Preflight", "1")).is(http.StatusOK)
		h.does(with(get(ask), "Sec-Fetch-Site", site, "Authorization", h.tokenOf(42))).is(http.StatusOK, `"whoami":"42"`)
	}
	for _, site := range []string{"same-origin", "none"} { // the page itself; somebody who types the address
		h.does(with(get(ask), "Sec-Fetch-Site", site)).is(http.StatusOK)
	}
	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"} { // what forms send
		r := post(media, strings.NewReader(asking(`mutation { remember(input: {text: "`+plate+`"}) }`, "", nil)))
		if got := h.does(r).hides(plate); got.status != http.StatusUnsupportedMediaType && !strings.Contains(got.body, "PREFLIGHT_REQUIRED") {
			t.Errorf("%s: %d %s", media, got.status, got.body)
		}
	}
	preflight := with(httptest.NewRequest(http.MethodOptions, "/graphql", nil), "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	if got := h.does(preflight).is(http.StatusMethodNotAllowed); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("another origin is let in")
	}
}

func TestNoAddressIsRepeatedByARedirect(t *testing.T) {
	h := newHouse(t, func(o *edge.Options) {
		o.Pages = map[string]http.Handler{"GET /page/": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	})
	for _, address := range []string{"//graphql", "/graphql/", "/a/../graphql", "/graphql/.", "/page", "/graphql/" + url.PathEscape(plate)} {
		got := h.does(httptest.NewRequest(http.MethodPost, "http://a"+address+"?query="+url.QueryEscape(plate), nil))
		if got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed || got.header.Get("Location") != "" {
			t.Errorf("%s: %d %v", address, got.status, got.header)
		}
		got.hides(plate, url.QueryEscape(plate))
	}
	for path, want := range map[string]int{"/page": http.StatusNotFound, "/page/": http.StatusOK, "/page/a": http.StatusOK} {
		h.does(httptest.NewRequest(http.MethodGet, path+"?a="+url.QueryEscape(plate), nil)).is(want).hides(url.QueryEscape(plate))
	}
}

// broken fails before an operation is carried out.
type broken struct{}

func (broken) ExtensionName() string                     { return "broken" }
func (broken) Validate(_ graphql.ExecutableSchema) error { return nil }
func (broken) MutateOperationParameters(context.Context, *graphql.RawParams) *gqlerror.Error {
	panic(plate)
}

func TestAFaultOfTheProgramIsNoSuccess(t *testing.T) {
	h := newHouse(t)
	failing := engine.New(edgetest.NewSchema(), engine.Options{Log: newLogger(h.log), Extend: []graphql.HandlerExtension{broken{}}})
	h.handler = edge.New(edge.Options{GraphQL: edge.NewGraphQL(failing, h.signIn), Log: newLogger(h.log)})

	for _, accept := range []string{old, young} {
		h.asks(`{ whoami }`, "Accept", accept).is(http.StatusInternalServerError, coded("INTERNAL")).hides(plate)
	}
}

// silenced answers every operation with an error alone.
type silenced struct{}

func (silenced) ExtensionName() string                     { return "silenced" }
func (silenced) Validate(_ graphql.ExecutableSchema) error { return nil }
func (silenced) InterceptOperation(ctx context.Context, _ graphql.OperationHandler) graphql.ResponseHandler {
	return func(context.Context) *graphql.Response {
		return &graphql.Response{Errors: gqlerror.List{{Message: "no", Extensions: map[string]any{"code": "FORBIDDEN"}}}}
	}
}

func TestAnAnswerWithoutDataIsNoSuccess(t *testing.T) {
	h := newHouse(t)
	refusing := engine.New(edgetest.NewSchema(), engine.Options{Log: newLogger(h.log), Extend: []graphql.HandlerExtension{silenced{}}})
	h.handler = edge.New(edge.Options{GraphQL: edge.NewGraphQL(refusing, h.signIn), Log: newLogger(h.log)})

	h.asks(`{ whoami }`, "Accept", old).is(http.StatusOK, coded("FORBIDDEN"))
	if got := h.asks(`{ whoami }`, "Accept", young).is(http.StatusBadRequest, coded("FORBIDDEN")); strings.Contains(got.body, "data") {
		t.Error(got.body)
	}
}
