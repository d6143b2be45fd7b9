package vault

import (
	"container/list"
	"sync"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// openedCache holds the data keys used last, ready to open with.
type openedCache struct {
	limit int

	mu      sync.Mutex
	forgets uint64 // raised by every forget, so that a key read before one is not put after it
	recent  *list.List
	byOwner map[Owner]*list.Element
}

type openedKey struct {
	owner Owner
	key   tink.AEAD
}

func newOpenedCache(limit int) *openedCache {
	return &openedCache{limit: limit, recent: list.New(), byOwner: map[Owner]*list.Element{}}
}

// get answers the key held for an owner or nil, and the moment to give to put.
func (c *openedCache) get(owner Owner) (key tink.AEAD, asOf uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held, ok := c.byOwner[owner]; ok {
		c.recent.MoveToFront(held)
		key = held.Value.(openedKey).key
	}
	return key, c.forgets
}

// put holds a key, unless anything was forgotten since asOf: the key may be what was forgotten.
func (c *openedCache) put(owner Owner, key tink.AEAD, asOf uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, held := c.byOwner[owner]; held || c.forgets != asOf {
		return
	}
	c.byOwner[owner] = c.recent.PushFront(openedKey{owner, key})
	if c.recent.Len() > c.limit {
		c.drop(c.recent.Back())
	}
}

func (c *openedCache) forget(owner Owner) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	if held, ok := c.byOwner[owner]; ok {
		c.drop(held)
	}
}

func (c *openedCache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	c.recent.Init()
	clear(c.byOwner)
}

func (c *openedCache) drop(held *list.Element) {
	c.recent.Remove(held)
	delete(c.byOwner, held.Value.(openedKey).owner)
}
