package edge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"parkbff/server/edge/engine"
)

const checkTime = 2 * time.Second

// Check is one thing that the program stands on.
type Check interface {
	Name() string
	Ready(ctx context.Context) error
	// Vital holds for what no request can be served without. All replicas lose the rest together, and go on
	// without it.
	Vital() bool
}

// alive answers as long as the process serves at all.
func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("alive\n"))
}

// readiness answers 200 when every vital check passes, else 503; the body says of each check whether it is
// ready, degraded (not ready and not vital) or not ready, the log says why.
type readiness struct {
	checks []Check
	log    *slog.Logger
}

func (s readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	status, state := http.StatusOK, map[string]string{}
	for _, check := range s.checks {
		state[check.Name()] = "ready"
		err := check.Ready(ctx)
		if err == nil {
			continue
		}
		state[check.Name()] = "degraded"
		if check.Vital() {
			status, state[check.Name()] = http.StatusServiceUnavailable, "not ready"
		}
		s.log.WarnContext(r.Context(), state[check.Name()], "check", check.Name(), "error", engine.Text(err))
	}
	w.Header().Set("Content-Type", jsonMedia)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(state)
}

// document is public content that does not change while the program runs.
type document struct {
	media, tag string
	content    []byte
}

func newDocument(media string, content []byte) document {
	sum := sha256.Sum256(content)
	return document{media, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, content}
}

func (d document) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", d.media)
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("ETag", d.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.content))
}
