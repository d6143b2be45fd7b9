package wholetest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"parkbff/server/wholetest/rig"
)

func TestASocketThatBreaksTheProtocolIsClosedByItsCodeAndEchoesNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	driver, _ := h.driver(signedIn)
	const (
		initial   = `{"type":"connection_init"}`
		subscribe = `{"id":"1","type":"subscribe","payload":{"query":"subscription { lotOccupancyChanged(lotCode: \"` + rig.Lot + `\") { code } }"}}`
	)
	for name, bad := range map[string]struct {
		frames []string
		code   int
	}{
		"no JSON":                 {[]string{initial, plantedPlate}, 4400},
		"an unknown word":         {[]string{initial, `{"type":"` + plantedPlate + `"}`}, 4400},
		"no id":                   {[]string{initial, `{"type":"subscribe","payload":{"query":"` + plantedPlate + `"}}`}, 4400},
		"a payload that is none":  {[]string{initial, `{"id":"1","type":"subscribe","payload":"` + plantedPlate + `"}`}, 4400},
		"a word before the first": {[]string{subscribe}, 4401},
		"a second beginning":      {[]string{initial, initial}, 4429},
		"an id in use":            {[]string{initial, subscribe, subscribe}, 4409},
		"a token that is none":    {[]string{`{"type":"connection_init","payload":{"Authorization":["` + plantedPlate + `"]}}`}, 4401},
		"an oversize frame":       {[]string{initial, `{"x":"` + strings.Repeat(plantedPlate, tooMuch/len(plantedPlate)) + `"}`}, websocket.CloseMessageTooBig},
	} {
		s := handshake(t, h, "/graphql", "graphql-transport-ws")
		for _, frame := range bad.frames {
			_ = s.conn.WriteMessage(websocket.TextMessage, []byte(frame)) // a closed socket takes no more
		}
		code, reason := s.ending(soon)
		if code != bad.code {
			t.Errorf("%s: closed by %d %s, want %d", name, code, reason, bad.code)
		}
		hides(t, name, reason, plantedPlate)
	}
	if code, _ := handshake(t, h, "/graphql", "planted-protocol").ending(soon); code != 4406 {
		t.Errorf("an unknown sub-protocol is closed by %d", code)
	}
	holds(t, "the driver", driver.asks(`{ viewer { tier } }`, nil).Body, "REGISTERED")
	h.logHides(plantedPlate, "planted-protocol")
}

func TestABadStreamIsRefusedBeforeItBegins(t *testing.T) {
	t.Parallel()
	h := open(t)
	ask := func(method, path, token, body string) rig.Answer {
		request := must(http.NewRequestWithContext(t.Context(), method, h.URL()+path, strings.NewReader(body)))(t)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "text/event-stream")
		return must(h.bearer(token).Send(request))(t)
	}
	mutation := url.Values{"query": {`mutation { sendLoginCode(input: {mobile: "13912345678"}) { expiresIn } }`}}.Encode()
	for name, bad := range map[string]struct {
		got    rig.Answer
		status int
		code   string
	}{
		"broken JSON":      {ask(http.MethodPost, "/graphql", "", `{"query":`+plantedPlate), http.StatusBadRequest, "BAD_USER_INPUT"},
		"an oversize body": {ask(http.MethodPost, "/graphql", "", strings.Repeat(plantedPlate, tooMuch/len(plantedPlate))), http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE"},
		"a wrong token":    {ask(http.MethodPost, "/graphql", plantedPlate, `{"query":"{ viewer { tier } }"}`), http.StatusUnauthorized, "UNAUTHENTICATED"},
	} {
		refuses(t, name, bad.got, bad.code)
		if bad.got.Status != bad.status {
			t.Errorf("%s: status %d, want %d", name, bad.got.Status, bad.status)
		}
	}
	holds(t, "a mutation by GET", ask(http.MethodGet, "/graphql?"+mutation, "", "").Body, "METHOD_NOT_ALLOWED")
	if sent := must(h.anybody().Get(t.Context(), "/dev/sms?mobile=13912345678"))(t); sent.Status != http.StatusNotFound {
		t.Errorf("the mutation was carried out: a code was sent, status %d", sent.Status)
	}
	h.logHides(plantedPlate, url.QueryEscape(plantedPlate), "13912345678")
}
