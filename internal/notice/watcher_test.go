package notice_test

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"parkbff/internal/notice"
)

// watcher is a reading and its bell, for tests that wait.
type watcher struct {
	*notice.Reading
	bell chan struct{}
}

func open(s *notice.Service, accountID, after int64) (watcher, error) {
	bell := make(chan struct{}, 1)
	r, err := s.Open(as(accountID), accountID, after, func() {
		select {
		case bell <- struct{}{}:
		default:
		}
	})
	return watcher{r, bell}, err
}

func (h *house) open(s *notice.Service, accountID, after int64) watcher {
	h.t.Helper()
	w, err := open(s, accountID, after)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(w.Close)
	return w
}

// await waits for the next notice.
func (w watcher) await(ctx context.Context) (*notice.Notice, error) {
	for {
		n, ok, err := w.Next(ctx)
		if ok || err != nil {
			return n, err
		}
		select {
		case <-w.bell:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func next(t rapid.TB, accountID int64, w watcher) *notice.Notice {
	t.Helper()
	ctx, cancel := context.WithTimeout(as(accountID), patience)
	defer cancel()
	n, err := w.await(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func mustDeliver(t rapid.TB, accountID int64, w watcher, sequences ...int64) {
	t.Helper()
	for _, want := range sequences {
		if got := next(t, accountID, w).Sequence; got != want {
			t.Fatalf("delivered notice %d, want %d", got, want)
		}
	}
}

func mustBeSilent(t testing.TB, accountID int64, w watcher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(as(accountID), moment)
	defer cancel()
	if n, err := w.await(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("not silent: delivered %v, error %v", n != nil, err)
	}
}

// mustBeSilentNow checks that nothing is there to be delivered, without waiting for it.
func mustBeSilentNow(t rapid.TB, accountID int64, w watcher) {
	t.Helper()
	if n, ok, err := w.Next(as(accountID)); ok || err != nil {
		t.Fatalf("not silent: delivered %v, error %v", n != nil, err)
	}
}
