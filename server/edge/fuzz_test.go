package edge_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func FuzzNoBodyIsRepeatedOrInternal(f *testing.F) {
	f.Add("application/json", `{"query":"{ echo(text: \"粤\") }"`)
	f.Add("application/json", `{"query":"query($t:String!){ number(of: $t) }","variables":{"t":"粤"}}`)
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n{\"query\":\"{粤}\"}\r\n--b--\r\n")
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, media, body string) {
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, post(media, strings.NewReader(body), "GraphQL-Preflight", "1"))

		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%q: %d %s", body, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "粤") && strings.Contains(w.Body.String(), `"errors"`) {
			t.Fatalf("%q is repeated: %s", body, w.Body)
		}
	})
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
