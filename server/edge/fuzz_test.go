package edge_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func FuzzNoBodyIsRepeatedOrInternal(f *testing.F) {
	f.Add("application/json", `{"query":"{ echo(text: \"粤\") }"`)
	f.Add("application/json", `{"query":"query($t:String!){ number(of: $t) }","variables":{"t":"粤"}}`)
	f.Add("application/json", `{"粤":1,"query":"{ whoami }","query":"粤"}`)
	f.Add("application/json", "\xef\xbb\xbf"+`{"query":"{ whoami }","extensions":{"persistedQuery":"粤"}}`)
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"{粤}\"}\r\n--b--\r\n")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, media, body string) {
		h.log.forget()
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, post(media, strings.NewReader(body), "GraphQL-Preflight", "1"))

		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%q: %d %s", body, w.Code, w.Body)
		}
		repeatsNothing(t, body, w.Body.Bytes(), h.log.String())
	})
}

// FuzzWhatComesOverTheLine sends whatever it likes to a real server: request lines, fields, pieces and bodies.
func FuzzWhatComesOverTheLine(f *testing.F) {
	query := asking(`{ echo(text: "粤") refused }`, "粤", map[string]string{"粤": "粤"})
	f.Add(raw(query, sized(len(query))))
	f.Add(raw(query, sized(len(query)), "Content-Encoding: 粤", "Accept: 粤;q=粤, */*;q=0.1"))
	f.Add(raw(query, sized(len(query)), "Accept: application/graphql-response+json;q=0.5,text/event-stream", "Accept-Language: 粤"))
	f.Add(raw(chunks(query, 7), "Transfer-Encoding: chunked", "Trailer: X-粤", "Expect: 100-continue"))
	f.Add(raw(chunks(query, 7), "Transfer-Encoding: chunked", sized(4)))
	f.Add("GET /graphql?query={whoami}&variables={\"粤\":1}&粤=粤 HTTP/1.1\r\nHost: 粤\r\nSec-Fetch-Site: cross-site\r\n\r\n")
	f.Add("GET //graphql?粤 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /graphql?query={whoami} HTTP/1.1\r\nHost: a\r\n\r\n")
	f.Add("POST http://粤/graphql HTTP/1.0\r\nAuthorization: Bearer 粤\r\nContent-Length: 粤\r\n\r\n{}")
	f.Add("CONNECT 粤:443 HTTP/1.1\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	f.Add(strings.Replace(manyParts(3), `"variables":`, `"粤":1,"variables":`, 1))
	h := newHouse(f)
	server := h.served()
	f.Fuzz(func(t *testing.T, request string) {
		h.log.forget()
		answers := []byte(breaksOff(t, server, request))

		for reader := bufio.NewReader(bytes.NewReader(answers)); ; {
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				break // the end, or the body of an answer to HEAD
			}
			body, err := io.ReadAll(response.Body)
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatal(err)
			}
			if response.StatusCode == http.StatusInternalServerError {
				t.Fatalf("%q: %s", request, body)
			}
			for name, values := range response.Header {
				if strings.Contains(name+strings.Join(values, ""), "粤") {
					t.Fatalf("%q is repeated in %s: %q", request, name, values)
				}
			}
			repeatsNothing(t, request, body, h.log.String())
		}
	})
}

// repeatsNothing demands that the marker stands neither in the log nor anywhere in an answer but in its data.
func repeatsNothing(t *testing.T, request string, answer []byte, log string) {
	t.Helper()
	var parts map[string]json.RawMessage
	if json.Unmarshal(answer, &parts) == nil {
		delete(parts, "data")
		answer, _ = json.Marshal(parts)
	}
	if bytes.Contains(answer, []byte("粤")) || strings.Contains(log, "粤") {
		t.Fatalf("%q is repeated: %s, logged %s", request, answer, log)
	}
}

func BenchmarkAQueryOverHTTP(b *testing.B) {
	h := newHouse(b)
	token := h.tokenOf(42)
	body := asking(`query Ask($text: String!) { echo(text: $text) }`, "Ask", map[string]any{"text": "hello"})
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, post("application/json", strings.NewReader(body), "Authorization", token))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
