package rig

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// killer stands between a client and the server of a house, and kills the server now and then while it
// works on observations, at any moment of that work; then it starts it again. A batch whose answer was
// lost is let through when it comes again: a client that is struck twice in a row only waits longer.
type killer struct {
	house *House
	proxy *httputil.ReverseProxy
	every int // of so many batches one is struck

	mu      sync.Mutex
	random  *rand.Rand
	left    int
	batches int           // that were not sent again
	spare   bool          // the next batch is one sent again
	usual   time.Duration // that a batch takes
	err     error

	oneAtATime sync.Mutex // held from a kill until the server is back
	striking   sync.WaitGroup
}

// firstGuess is how long a batch takes before one has been seen.
const firstGuess = 50 * time.Millisecond

func newKiller(h *House, kills, every int, seed uint64) *killer {
	k := &killer{house: h, every: every, left: kills, usual: firstGuess, random: rand.New(rand.NewPCG(seed, seed))}
	k.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if server, err := url.Parse(h.URL()); err == nil {
				r.SetURL(server)
			}
		},
		Transport:    &http.Transport{DisableKeepAlives: true}, // a kept connection would lead to a dead server
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	return k
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if !bytes.Contains(body, []byte("recordObservations")) {
		k.proxy.ServeHTTP(w, r)
		return
	}
	k.aim(r.Context())
	seen := &statusOf{ResponseWriter: w}
	begun := time.Now()
	k.proxy.ServeHTTP(seen, r)
	k.learn(seen.status, time.Since(begun))
}

// statusOf remembers the status of an answer.
type statusOf struct {
	http.ResponseWriter
	status int
}

func (s *statusOf) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// aim strikes the server at any moment of the time that this batch takes, or shortly after, unless it is
// to be spared.
func (k *killer) aim(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.spare || k.left == 0 {
		return
	}
	if k.batches++; k.batches%k.every != 0 {
		return
	}
	k.left--
	wait := time.Duration(1.2 * k.random.Float64() * float64(k.usual))
	k.striking.Go(func() {
		time.Sleep(wait)
		k.strike(context.WithoutCancel(ctx))
	})
}

func (k *killer) strike(ctx context.Context) {
	k.oneAtATime.Lock()
	defer k.oneAtATime.Unlock()
	err := errors.Join(k.house.Kill(), k.house.Start(ctx))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = errors.Join(k.err, err)
}

func (k *killer) learn(status int, took time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.spare = status != http.StatusOK
	if !k.spare {
		k.usual = took
	}
}

// finish waits for the last kill and answers how many did not come to pass.
func (k *killer) finish() (left int, err error) {
	k.striking.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.left, k.err
}
