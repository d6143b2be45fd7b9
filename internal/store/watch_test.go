package store_test

import (
	"context"
	"testing"
	"time"

	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

func TestOnlyTheWritesOfOthersAreForeign(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := testkit.Open(t, store.Options{Dir: dir}), testkit.Open(t, store.Options{Dir: dir})
	changed := make(chan struct{}, 10)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ours.WatchForeignWrites(ctx, time.Millisecond, func() { changed <- struct{}{} })
	}()
	defer func() { cancel(); <-ended }()

	for _, owner := range []string{"a", "b", "c"} {
		time.Sleep(5 * time.Millisecond)
		mustAdd(t, ours, owner)
	}
	select {
	case <-changed:
		t.Error("our own writes were reported")
	case <-time.After(20 * time.Millisecond):
	}

	mustAdd(t, theirs, "foreign")
	select {
	case <-changed:
	case <-time.After(5 * time.Second):
		t.Error("a foreign write was not reported")
	}
}

func TestOnPostgreSQLThereIsNothingToWatch(t *testing.T) {
	s := testkit.Open(t, store.Options{URL: "postgres://nobody@127.0.0.1:1/nothing"})
	s.WatchForeignWrites(context.Background(), time.Millisecond, func() { t.Error("called") })
}
