package store_test

import (
	"testing"
	"time"

	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

// withReplica answers a store and its replica, which is a database of its own: what is in one only shows
// which of them answered.
func withReplica(t *testing.T) (s *store.Store) {
	primary, follower := testkit.PostgresURL(t), testkit.PostgresURL(t)
	mustAdd(t, testkit.Open(t, store.Options{URL: follower}), "on the replica")
	s = testkit.Open(t, store.Options{URL: primary, Replicas: []string{follower}})
	ctx := asSystem()
	for range 200 {
		if has(t, ctx, s.Client(ctx), "on the replica") {
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the replica never answered")
	return nil
}

func TestReplicasAnswerReadsButNotFreshOnes(t *testing.T) {
	s := withReplica(t)
	mustAdd(t, s, "on the primary")
	ctx := asSystem()
	if has(t, ctx, s.Client(ctx), "on the primary") {
		t.Error("the primary answered a read")
	}
	if !has(t, ctx, s.Fresh(ctx), "on the primary") {
		t.Error("the replica answered a fresh read")
	}
}

func TestARequestThatHasWrittenReadsItsWrites(t *testing.T) {
	s := withReplica(t)
	ctx := store.ReadYourWrites(asSystem())
	if !has(t, ctx, s.Client(ctx), "on the replica") {
		t.Error("before it writes, the replica answers")
	}
	if err := s.WithTx(ctx, adds("mine")); err != nil {
		t.Fatal(err)
	}
	if !has(t, ctx, s.Client(ctx), "mine") {
		t.Error("the request does not see what it wrote")
	}
}

func TestAReplicaThatIsAwayIsLeftOut(t *testing.T) {
	s := testkit.Open(t, store.Options{
		URL:      testkit.PostgresURL(t),
		Replicas: []string{"postgres://u@127.0.0.1:1/db?sslmode=disable"},
	})
	mustAdd(t, s, "a")
	ctx := asSystem()
	if !has(t, ctx, s.Client(ctx), "a") {
		t.Error("the primary did not answer")
	}
}
