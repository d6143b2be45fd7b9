//go:build linux

package bench

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server"
	"parkbff/server/config"
)

const fewStays = 2000

// served is a world with the server's handler in this process.
func served(b *testing.B) (*World, http.Handler) {
	b.Helper()
	dir := b.TempDir()
	w, err := NewWorld(b.Context(), testkit.PostgresURL(b), dir, fewStays)
	if err != nil {
		b.Fatal(err)
	}
	h, err := server.Open(b.Context(), config.Config{
		Addr: "127.0.0.1:0", Data: w.Data, DatabaseURL: w.URL, Keys: w.Keys, Mode: config.Development,
	}, server.Parts{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	if err := h.Parking.Reload(b.Context()); err != nil {
		b.Fatal(err)
	}
	s, err := server.New(h, nil)
	if err != nil {
		b.Fatal(err)
	}
	return w, s
}

func serve(b *testing.B, h http.Handler, token string, body []byte) []byte {
	b.Helper()
	request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK || refused.Match(answer.Body.Bytes()) {
		b.Fatalf("status %d: %.300s", answer.Code, answer.Body)
	}
	return answer.Body.Bytes()
}

func BenchmarkHistoryPage(b *testing.B) {
	w, h := served(b)
	body, err := historyRequest(nil)
	if err != nil {
		b.Fatal(err)
	}
	for name, token := range map[string]string{"verified": w.Verified, "unverified": w.Unverified} {
		b.Run(name, func(b *testing.B) {
			if _, err := endOfPage(serve(b, h, token, body)); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				serve(b, h, token, body)
			}
		})
	}
}

func BenchmarkRecordObservations(b *testing.B) {
	w, h := served(b)
	gate := &reporter{lane: w.Lanes[0], series: 'A'}
	began := time.Now().Add(-20 * time.Hour).Truncate(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		body, err := gate.batch(began)
		if err != nil {
			b.Fatal(err)
		}
		serve(b, h, gate.lane.Token, body)
	}
	b.ReportMetric(float64(b.N*observationsOfBatch)/b.Elapsed().Seconds(), "observations/s")
}
