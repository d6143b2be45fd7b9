package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/server/servertest"
)

// replicas are two servers on one PostgreSQL, one key file and one NATS server.
func replicas(t *testing.T) (one, two *servertest.House) {
	t.Helper()
	o := servertest.Options{DatabaseURL: testkit.PostgresURL(t), NATSURL: natsAt(t, natsserver.Options{}), Keys: t.TempDir() + "/keys"}
	if _, err := vault.CreateKeys(o.Keys, servertest.Repeatable()); err != nil {
		t.Fatal(err)
	}
	return servertest.New(t, o), servertest.New(t, o)
}

// natsAt starts a NATS server on a loopback port.
func natsAt(t *testing.T, o natsserver.Options) (url string) {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", natsserver.RANDOM_PORT, true, true
	nats, err := natsserver.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	nats.Start()
	if !nats.ReadyForConnections(5 * time.Second) {
		t.Fatal("NATS does not start")
	}
	t.Cleanup(func() { nats.Shutdown(); nats.WaitForShutdown() })
	return nats.ClientURL()
}

// openLine is a socket that waits for its end.
type openLine struct {
	closed chan lineEnd
}

type lineEnd struct {
	at   time.Time
	code int
}

// listensAt opens a socket on a replica and answers once it is acknowledged.
func listensAt(t *testing.T, h *servertest.House, bearer string) openLine {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: 5 * time.Second}
	conn, response, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(h.URL, "http")+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	var frame struct{ Type string }
	err = conn.WriteJSON(servertest.Vars{"type": "connection_init", "payload": servertest.Vars{"Authorization": "Bearer " + bearer}})
	if err == nil {
		err = conn.ReadJSON(&frame)
	}
	if err == nil {
		err = conn.WriteJSON(servertest.Vars{"type": "subscribe", "id": "1", "payload": servertest.Vars{"query": noticed}})
	}
	if err != nil || frame.Type != "connection_ack" {
		t.Fatalf("the socket is not acknowledged: %s, %v", frame.Type, err)
	}
	line := openLine{make(chan lineEnd, 1)}
	go func() {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				end := lineEnd{at: time.Now()}
				if closed, ok := err.(*websocket.CloseError); ok { //nolint:errorlint // gorilla answers it bare
					end.code = closed.Code
				}
				line.closed <- end
				return
			}
		}
	}()
	return line
}

// TestASignInThatEndsHereClosesItsSocketsOnTheOtherReplica measures each of a hundred endings from before
// the request that ends it until its socket has closed.
func TestASignInThatEndsHereClosesItsSocketsOnTheOtherReplica(t *testing.T) {
	const trials, within = 100, time.Second
	one, two := replicas(t)
	var phones, tablets [trials]*servertest.Client
	for i := range trials {
		phones[i] = one.SignIn(fmt.Sprintf("137%08d", i), "APP")
	}
	one.Clock.Pass(61 * time.Second)
	two.Clock.Pass(61 * time.Second)
	for i := range trials {
		if i%2 == 1 {
			tablets[i] = one.SignIn(phones[i].Mobile, "APP")
		}
	}
	var lines [trials]openLine
	for i, phone := range phones {
		lines[i] = listensAt(t, two, phone.Token)
	}
	bystander := listensAt(t, two, one.Driver("APP").Token)

	var begun [trials]time.Time
	for i, phone := range phones {
		begun[i] = time.Now()
		if tablets[i] == nil {
			phone.Asks(`mutation { logout { userErrors { code } } }`).OK()
			continue
		}
		lost := tablets[i].Asks(devices).OK().String("viewer.account.devices.edges.1.node.id")
		begun[i] = time.Now()
		tablets[i].Asks(forgetDevice, servertest.Vars{"id": lost}).OK()
	}
	var slowest time.Duration
	for i, line := range lines {
		select {
		case end := <-line.closed:
			took := end.at.Sub(begun[i])
			slowest = max(slowest, took)
			if took > within || end.code != 4401 {
				t.Errorf("trial %d closed with %d after %v", i, end.code, took)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("trial %d is open still", i)
		}
	}
	t.Logf("the slowest of %d closed after %v", trials, slowest.Round(time.Millisecond))
	select {
	case end := <-bystander.closed:
		t.Errorf("a bystander's socket closed with %d", end.code)
	default:
	}
	(&servertest.Client{House: two, Token: phones[0].Token}).Asks(facts).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"SIGN_IN_ENDED"`)
}

func TestAMutationReadsWhatItWroteThoughAReplicaLags(t *testing.T) {
	behind := testkit.PostgresURL(t)
	testkit.Open(t, store.Options{URL: behind}) // migrated, and nothing more
	h := servertest.New(t, servertest.Options{DatabaseURL: testkit.PostgresURL(t), Replicas: []string{behind}})
	c := h.SignIn("13800138000", "APP")
	account := func() bool { return c.Asks(`{ viewer { account { id } } }`).At("viewer.account") != nil }
	for try := 0; account(); try++ {
		if try == 200 {
			t.Fatal("the replica never answered")
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.Asks(`mutation { unlinkChannel(input: {channel: APP}) { viewer { account { id } } userErrors { code } } }`).
		OK().MustContain(`"account":{"id"`)
}
