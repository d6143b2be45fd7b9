package token

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

func TestTheCacheIsBounded(t *testing.T) {
	c := newCache()
	for n := range uint64(4 * shardCount * generation) {
		c.put(digestOf(n), Claims{Subject: 1})
	}
	kept := 0
	for i := range c.shards {
		kept += len(c.shards[i].young) + len(c.shards[i].old)
	}
	if limit := 2 * shardCount * generation; kept > limit || kept < limit/2 {
		t.Errorf("%d tokens are kept, the limit is %d", kept, limit)
	}
}

func TestTheCacheKeepsWhatIsAskedFor(t *testing.T) {
	c := newCache()
	hot := digestOf(1 << 60)
	c.put(hot, Claims{Subject: 42})
	for n := range uint64(4 * shardCount * generation) {
		c.put(digestOf(n), Claims{Subject: 1})
		if got, ok := c.get(hot); !ok || got.Subject != 42 {
			t.Fatalf("forgotten after %d others", n)
		}
	}
	c.drop(hot)
	if _, ok := c.get(hot); ok {
		t.Error("a dropped token is remembered")
	}
}

func digestOf(n uint64) digest { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, n)) }
