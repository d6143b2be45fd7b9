package edge_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parkbff/server/edge"
)

func request(method, target string) *http.Request { return httptest.NewRequest(method, target, nil) }

type check struct {
	name  string
	vital bool
	err   error
}

func (c check) Name() string                { return c.name }
func (c check) Ready(context.Context) error { return c.err }
func (c check) Vital() bool                 { return c.vital }

func TestTheProcessTellsWhetherItIsAliveAndReady(t *testing.T) {
	h := newHouse(t, func(o *edge.Options) { o.Checks = []edge.Check{check{"store", true, nil}, check{"bus", false, nil}} })
	h.does(request("GET", "/livez")).is(http.StatusOK, "alive")
	h.does(request("GET", "/readyz")).is(http.StatusOK, `"store":"ready"`, `"bus":"ready"`)

	h = newHouse(t, func(o *edge.Options) {
		o.Checks = []edge.Check{check{"store", true, errors.New("disk on fire")}, check{"bus", false, nil}}
	})
	got := h.does(request("GET", "/readyz")).is(http.StatusServiceUnavailable, `"store":"not ready"`, `"bus":"ready"`).logs("disk on fire")
	if strings.Contains(got.body, "fire") {
		t.Errorf("the reason is told: %s", got.body)
	}
	h.does(request("GET", "/livez")).is(http.StatusOK)
}

// A bus that is away is away for all replicas: a load balancer that took them all out would end what they can do
// without it.
func TestAReplicaIsReadyWithoutWhatItCanServeWithout(t *testing.T) {
	h := newHouse(t, func(o *edge.Options) {
		o.Checks = []edge.Check{check{"store", true, nil}, check{"bus", false, errors.New("out of service")}}
	})
	got := h.does(request("GET", "/readyz")).is(http.StatusOK, `"store":"ready"`, `"bus":"degraded"`).logs("out of service")
	if strings.Contains(got.body, "service") {
		t.Errorf("the reason is told: %s", got.body)
	}
}

func TestTheContractAndTheKeysArePublic(t *testing.T) {
	h := newHouse(t)

	h.does(request("GET", "/.well-known/jwks.json")).is(http.StatusOK, `"kty":"OKP"`)
	contract := h.does(request("GET", "/schema.graphql")).is(http.StatusOK, "type Query")
	again := h.does(with(request("GET", "/schema.graphql"), "If-None-Match", contract.header.Get("ETag")))
	again.is(http.StatusNotModified)
	h.does(request("POST", "/schema.graphql")).is(http.StatusMethodNotAllowed)
}

func TestMetricsHoldTypesAndCodesOnly(t *testing.T) {
	h := newHouse(t)
	h.asks(`query Mine { whoami }`, "Authorization", h.tokenOf(4711))
	h.asks(`{ echo(text: "` + plate + `") refused }`)
	h.asks(`{ failing(as: UNCODED) }`)
	h.asks(`{`)
	h.does(request("GET", "/"+plate+"?plate="+plate)).is(http.StatusNotFound)

	got := h.does(request("GET", "/metrics")).is(http.StatusOK,
		`parkbff_operations_total{code="OK",type="query"} 1`,
		`parkbff_operations_total{code="FACT_REQUIRED",type="query"} 1`,
		`parkbff_operations_total{code="INTERNAL",type="query"} 1`,
		`parkbff_operations_total{code="GRAPHQL_PARSE_FAILED",type="none"} 1`,
		`parkbff_http_requests_total{method="POST",route="/graphql",status="200"} 4`,
		`parkbff_http_requests_total{method="GET",route="none",status="404"} 1`)

	got.hides(plate, "Mine", "whoami", "4711")
}

func TestThePathOfARequestIsNotLogged(t *testing.T) {
	newHouse(t).does(request("GET", "/"+plate+"?mobile=13800138000")).is(http.StatusNotFound).
		logs(`"route":"none"`).hides(plate, "%E7", "13800138000", "192.0.2.1")
}

func TestStreamsAndSocketsGoTheirOwnWay(t *testing.T) {
	says := func(word string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, word) })
	}
	h := newHouse(t, func(o *edge.Options) {
		o.WebSocket, o.TransportWS, o.LegacyWS, o.Events = says("socket"), says("transport"), says("legacy"), says("events")
	})

	h.does(with(request("GET", "/graphql"), "Upgrade", "websocket")).is(http.StatusOK, "socket")
	h.does(with(request("POST", "/graphql"), "Accept", "text/event-stream")).is(http.StatusOK, "events")
	h.does(request("PUT", "/graphql")).is(http.StatusOK, "events")
	h.does(with(request("POST", "/graphql"), "X-GraphQL-Event-Stream-Token", "t")).is(http.StatusOK, "events")
	h.does(request("DELETE", "/graphql?operationId=1")).is(http.StatusOK, "events")
	h.does(request("GET", "/graphql/transport-ws")).is(http.StatusOK, "transport")
	h.does(request("GET", "/graphql/legacy-ws")).is(http.StatusOK, "legacy")
}

func TestAConnectionCanBeTakenOver(t *testing.T) {
	h := newHouse(t, func(o *edge.Options) {
		o.WebSocket = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "mine now")
			_ = conn.Close()
		})
	})
	server := httptest.NewServer(h.handler)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET /graphql HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")

	got, err := io.ReadAll(conn)

	if err != nil || string(got) != "mine now" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTheServersOwnWordsHideAddresses(t *testing.T) {
	h := newHouse(t)
	server := edge.NewServer("127.0.0.1:0", h.handler, newLogger(h.log))

	for _, from := range []string{"203.0.113.77:5123", "[2001:db8::1234]:443"} {
		server.ErrorLog.Printf("http: TLS handshake error from %s: EOF", from)
	}

	if got := h.log.String(); strings.Contains(got, "203.0") || strings.Contains(got, "2001") || !strings.Contains(got, "handshake error") {
		t.Errorf("logged %s", got)
	}
}
