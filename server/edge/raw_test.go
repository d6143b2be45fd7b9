package edge_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"parkbff/server/edge"
)

// says sends bytes to the server as they are and answers what came back until it closed the connection.
func says(t testing.TB, server *httptest.Server, request string) string {
	t.Helper()
	return exchanged(t, server, request, func(net.Conn) {})
}

// breaksOff is says for a client that ends its side of the connection, whether or not the request goes on.
func breaksOff(t testing.TB, server *httptest.Server, request string) string {
	t.Helper()
	return exchanged(t, server, request, func(conn net.Conn) { _ = conn.(*net.TCPConn).CloseWrite() })
}

func exchanged(t testing.TB, server *httptest.Server, request string, then func(net.Conn)) string {
	t.Helper()
	conn := dialled(t, server)
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, request) // the server may have refused it by then
	then(conn)
	answer, _ := io.ReadAll(conn) // it may also have cut the connection
	return string(answer)
}

func dialled(t testing.TB, server *httptest.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// raw is a POST of a body with further header lines.
func raw(body string, lines ...string) string {
	head := append([]string{"POST /graphql HTTP/1.1", "Host: a", "Content-Type: application/json", "Connection: close"}, lines...)
	return strings.Join(head, "\r\n") + "\r\n\r\n" + body
}

func sized(n int) string { return fmt.Sprintf("Content-Length: %d", n) }

// chunks is a body in pieces of no more than size bytes each.
func chunks(body string, size int) string {
	var text strings.Builder
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&text, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return text.String() + "0\r\n\r\n"
}

func TestRequestsAsTheyComeOverTheLine(t *testing.T) {
	h := newHouse(t)
	server := h.served()
	query := asking(`{ whoami }`, "", nil)
	large := `{"query":"` + strings.Repeat(plate, 120_000) + `"}`
	const inChunks = "Transfer-Encoding: chunked"
	for name, test := range map[string]struct{ request, status, code string }{
		"in pieces of a byte":           {raw(chunks(query, 1), inChunks), "200", ""},
		"more than was said":            {raw(query+plate, sized(len(query))), "200", ""},
		"pieces of no length":           {raw(plate+"\r\n{}\r\n0\r\n\r\n", inChunks), "400", "BAD_REQUEST"},
		"too much in one":               {raw(large, sized(len(large))), "413", "PAYLOAD_TOO_LARGE"},
		"too much in pieces":            {raw(chunks(large, 4096), inChunks), "413", "PAYLOAD_TOO_LARGE"},
		"too much by its own word":      {raw("", sized(2<<20), "Expect: 100-continue"), "413", "PAYLOAD_TOO_LARGE"},
		"far too much by its own word":  {raw("", "Content-Length: 9223372036854775807"), "413", "PAYLOAD_TOO_LARGE"},
		"both ways of telling a length": {raw(chunks(query, 8), inChunks, sized(3)), "200", ""},
		"two lengths":                   {raw(query, sized(len(query)), sized(3)), "400", ""},
		"a length that is none":         {raw(query, "Content-Length: "+plate), "400", ""},
		"a length below nothing":        {raw(query, "Content-Length: -1"), "400", ""},
		"an unknown transfer":           {raw(query, "Transfer-Encoding: gzip"), "501", ""},
		"a header that is none":         {raw(query, plate+" "+plate, sized(len(query))), "400", ""},
		"a header of a forbidden byte":  {raw(query, "X-A: "+plate+"\x00", sized(len(query))), "400", ""},
		"no host":                       {"GET /graphql?query=" + plate + " HTTP/1.1\r\n\r\n", "400", ""},
		"too long a header":             {raw(query, "X-A: "+strings.Repeat(plate, 8_000), sized(len(query))), "431", ""},
		"too many headers":              {raw(query, strings.Repeat("X-A: "+plate+"\r\n", 4_000)+"X-B: 1", sized(len(query))), "431", ""},
		"too long an address":           {"GET /graphql?query=" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "414", "PAYLOAD_TOO_LARGE"},
		"an expectation of its own":     {raw(query, "Expect: "+plate, sized(len(query))), "417", ""},
		"a GET that has a body":         {"GET /graphql?query={whoami} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", "400", "BAD_REQUEST"},
		"a GET with pieces":             {"GET /graphql?query={whoami} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + inChunks + "\r\n\r\n" + chunks("{}", 1), "400", "BAD_REQUEST"},
		"an unknown method":             {"BREW /graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "405", "METHOD_NOT_ALLOWED"},
		"no HTTP":                       {plate + "\r\n\r\n", "400", ""},
		"HTTP/1.0":                      {strings.Replace(raw(query, sized(len(query))), "1.1", "1.0", 1), "200", ""},
		"all servers":                   {"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200", ""},
		"a folded header":               {raw(query, "X-A: a\r\n  "+plate, sized(len(query))), "200", ""},
		"many small parts":              {manyParts(60_000), "400", "BAD_REQUEST"},
		"parts that do not end":         {manyParts(400_000), "413", "PAYLOAD_TOO_LARGE"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(h.log.String())

			answer := says(t, server, test.request)

			if !strings.HasPrefix(answer, "HTTP/1.1 "+test.status) && !strings.HasPrefix(answer, "HTTP/1.0 "+test.status) {
				t.Errorf("got %.200q, want %s", answer, test.status)
			}
			if test.code != "" && !strings.Contains(answer, coded(test.code)) {
				t.Errorf("not %s: %.500q", test.code, answer)
			}
			if strings.Contains(answer, "粤") || strings.Contains(h.log.String()[before:], "粤") {
				t.Errorf("repeated: %.500q, logged %s", answer, h.log.String()[before:])
			}
		})
	}
}

func TestABodyThatBreaksOffIsNotTakenForAWhole(t *testing.T) {
	h := newHouse(t)
	server := h.served()
	query := asking(`mutation { remember(input: {text: "`+plate+`"}) }`, "", nil)
	for name, request := range map[string]string{
		"less than was said":    raw(query[:len(query)-1], sized(len(query))),
		"a whole, but for more": raw(query, sized(len(query)+1)),
		"pieces that break off": raw(chunks(query, 16)[:40], "Transfer-Encoding: chunked"),
		"pieces without an end": raw(strings.TrimSuffix(chunks(query, len(query)), "0\r\n\r\n"), "Transfer-Encoding: chunked"),
	} {
		t.Run(name, func(t *testing.T) {
			answer := breaksOff(t, server, request)
			if !strings.HasPrefix(answer, "HTTP/1.1 400") || !strings.Contains(answer, coded("BAD_REQUEST")) || strings.Contains(answer, "粤") {
				t.Errorf("got %q", answer)
			}
		})
	}
}

// manyParts is an upload of n parts of a byte each, in pieces, after one file that its map knows.
func manyParts(n int) string {
	part := func(name, content string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n"
	}
	body := part("operations", storing) + part("map", oneMap) + part("a", "1")
	if n > 100_000 { // within one part that is skipped: what stands before the first boundary
		body = strings.Repeat(plate+"\r\n", n*4) + body
	} else {
		body += strings.Repeat(part("b", "1"), n)
	}
	return "POST /graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\nGraphQL-Preflight: 1\r\nTransfer-Encoding: chunked\r\n" +
		"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + chunks(body, 16<<10)
}

func TestOneConnectionServesOneRequestAfterAnother(t *testing.T) {
	h := newHouse(t)
	query := asking(`{ whoami }`, "", nil)
	kept := func(body string) string {
		return strings.Replace(raw(body, sized(len(body))), "Connection: close\r\n", "", 1)
	}
	last := raw(query, sized(len(query)))

	answers := bufio.NewReader(strings.NewReader(says(t, h.served(), kept(query)+kept(`{"query":7}`)+last)))

	for _, want := range []int{http.StatusOK, http.StatusBadRequest, http.StatusOK} {
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != want {
			t.Errorf("status %d, want %d, %v", response.StatusCode, want, err)
		}
	}
}

func TestABodyThatDoesNotArriveIsToldSo(t *testing.T) {
	h := newHouse(t)
	server := httptest.NewUnstartedServer(nil)
	server.Config = edge.NewServer("", h.handler, newLogger(h.log))
	server.Config.ReadTimeout = 200 * time.Millisecond // headers have ten seconds of their own
	server.Start()
	t.Cleanup(server.Close)
	conn := dialled(t, server)
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, strings.Replace(raw(`{"query":"`+plate, sized(100)), "Connection: close\r\n", "", 1)); err != nil {
		t.Fatal(err)
	}

	answer, err := io.ReadAll(conn)

	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 408")) || !bytes.Contains(answer, []byte(coded("REQUEST_TIMEOUT"))) ||
		!bytes.Contains(answer, []byte("Connection: close")) || bytes.Contains(answer, []byte("粤")) {
		t.Errorf("got %s, %v", answer, err)
	}
}

func TestALengthThatIsOnlyClaimedTakesNoMemory(t *testing.T) {
	h := newHouse(t)
	const times = 50
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		r := post("application/json", strings.NewReader(`{`))
		r.ContentLength = 1 << 20
		h.handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	runtime.ReadMemStats(&after)

	if got := (after.TotalAlloc - before.TotalAlloc) / times; got > 300<<10 {
		t.Errorf("%d bytes for a body of one", got)
	}
}
