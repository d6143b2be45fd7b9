package servertest

import (
	"io"
	"net/http"
	"strings"
	"sync"
)

// Overhears listens to every subject of the bus, and answers what was said so far.
func (h *House) Overhears() (said func() string) {
	h.T.Helper()
	var mu sync.Mutex
	var all strings.Builder
	cancel, err := h.Bus.Subscribe(">", func(subject string, payload []byte) {
		mu.Lock()
		defer mu.Unlock()
		all.WriteString(subject + " ")
		all.Write(payload)
		all.WriteString("\n")
	})
	if err != nil {
		h.T.Fatal(err)
	}
	h.T.Cleanup(cancel)
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}

// Measured is what the server tells its operators at /metrics.
func (h *House) Measured() string {
	h.T.Helper()
	r, err := http.NewRequestWithContext(h.T.Context(), http.MethodGet, h.URL+"/metrics", nil)
	if err != nil {
		h.T.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.T.Fatal(err)
	}
	return string(text)
}
