package vault

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// held is what is in memory of an owner's data key.
type held struct {
	opened  tink.AEAD // nil: it must be opened first
	wrapped []byte    // nil: it must be read
}

// cache holds the data keys of the owners used last: those of many as the store has them, and those of few ready
// to open with, which takes twenty times the memory and saves two microseconds.
type cache struct {
	mu      sync.Mutex
	forgets uint64 // raised by every forget, so that a key read before one is not put after it
	opened  *simplelru.LRU[Owner, tink.AEAD]
	wrapped *simplelru.LRU[Owner, []byte]
}

func newCache(opened, wrapped int) *cache {
	return &cache{opened: lru[tink.AEAD](opened), wrapped: lru[[]byte](wrapped)}
}

func lru[V any](size int) *simplelru.LRU[Owner, V] {
	made, err := simplelru.NewLRU[Owner, V](size, nil)
	if err != nil {
		panic(err) // the size is ours, and positive
	}
	return made
}

// get answers what is held of an owner, and the moment to give to put.
func (c *cache) get(owner Owner) (h held, asOf uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h.opened, _ = c.opened.Get(owner)
	h.wrapped, _ = c.wrapped.Get(owner)
	return h, c.forgets
}

// put holds a key, unless anything was forgotten since asOf: the key may be what was forgotten.
func (c *cache) put(owner Owner, h held, asOf uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgets != asOf {
		return
	}
	c.opened.Add(owner, h.opened)
	c.wrapped.Add(owner, h.wrapped)
}

func (c *cache) forget(owner Owner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	c.opened.Remove(owner)
	c.wrapped.Remove(owner)
}

func (c *cache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	c.opened.Purge()
	c.wrapped.Purge()
}
