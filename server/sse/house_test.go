package sse_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/bus"
	"parkbff/server/live/livetest"
	"parkbff/server/sse"
)

// rig is a handler behind a real HTTP server.
type rig struct {
	*livetest.House
	handler *sse.Handler
	url     string
	client  *http.Client
}

func serve(t *testing.T, change func(*sse.Options)) *rig {
	t.Helper()
	h := livetest.New()
	o := sse.Options{
		Bus: openBus(t), Key: make([]byte, 32), Runner: h.Runner, Authenticate: h.Authenticate, Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
		Drain: 20 * time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	handler, err := sse.New(o)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{House: h, handler: handler, client: &http.Client{Transport: &http.Transport{}}}
	server := httptest.NewUnstartedServer(r.handler)
	server.Config.ReadTimeout, server.Config.WriteTimeout = time.Second, time.Second
	server.Start()
	r.url = server.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.handler.Drain(ctx); err != nil {
			t.Errorf("Drain: %v", err)
		}
		r.client.CloseIdleConnections()
		server.Close()
		if r.Open() != 0 {
			t.Errorf("%d sources were left open", r.Open())
		}
	})
	return r
}

func openBus(t *testing.T) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

// stream is the answer to one request.
type stream struct {
	*http.Response
	t      *testing.T
	lines  *bufio.Scanner
	cancel context.CancelFunc
}

func (r *rig) send(t *testing.T, request *http.Request, authorization string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	request = request.WithContext(ctx)
	request.Header.Set("Accept", "text/event-stream")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = response.Body.Close()
	})
	return &stream{response, t, bufio.NewScanner(response.Body), cancel}
}

func (r *rig) posts(t *testing.T, authorization, body string) *stream {
	t.Helper()
	request, _ := http.NewRequest(http.MethodPost, r.url, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	return r.send(t, request, authorization)
}

func (r *rig) gets(t *testing.T, values url.Values) *stream {
	t.Helper()
	request, _ := http.NewRequest(http.MethodGet, r.url+"?"+values.Encode(), nil)
	return r.send(t, request, "")
}

// event reads the next block, comments left out; it answers "" at the end of the stream.
func (s *stream) event() string {
	var lines []string
	for s.lines.Scan() {
		switch line := s.lines.Text(); {
		case line == "" && len(lines) > 0:
			return strings.Join(lines, "\n")
		case line != "" && line[0] != ':':
			lines = append(lines, line)
		}
	}
	return ""
}

func (s *stream) hears(want ...string) {
	s.t.Helper()
	for _, w := range want {
		if diff := cmp.Diff(w, s.event()); diff != "" {
			s.t.Fatalf("heard (-want +got):\n%s", diff)
		}
	}
}

// hearsOf reads one event, which must contain every part.
func (s *stream) hearsOf(parts ...string) {
	s.t.Helper()
	got := s.event()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			s.t.Fatalf("heard %s, want %q in it", got, part)
		}
	}
}

// refused checks a plain coded answer.
func (s *stream) refused(status int, code string) {
	s.t.Helper()
	body, _ := io.ReadAll(s.Body)
	if s.StatusCode != status || !strings.Contains(string(body), `"code":"`+code+`"`) {
		s.t.Errorf("got %d %s, want %d %s", s.StatusCode, body, status, code)
	}
	if strings.Contains(string(body), "secret") {
		s.t.Errorf("%s echoes the request", body)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

const end = "event: complete\ndata:"
