package token

import (
	"crypto/sha256"
	"sync"
)

// cache remembers tokens by their digest. It forgets the least used: each shard has a young and an old
// generation, what is asked for moves to the young one, and when that is full the old one is dropped.
type cache struct{ shards [shardCount]shard }

type shard struct {
	mu         sync.Mutex
	young, old map[digest]Claims
}

type digest = [sha256.Size]byte

const (
	shardCount = 16
	// generation is how many tokens one generation of one shard holds: 65,536 in all.
	generation = 2048
)

func newCache() *cache {
	c := &cache{}
	for i := range c.shards {
		c.shards[i].young = map[digest]Claims{}
	}
	return c
}

func (c *cache) of(key digest) *shard { return &c.shards[key[0]%shardCount] }

func (c *cache) get(key digest) (Claims, bool) {
	s := c.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if claims, ok := s.young[key]; ok {
		return claims, true
	}
	claims, ok := s.old[key]
	if ok {
		s.put(key, claims)
	}
	return claims, ok
}

func (c *cache) put(key digest, claims Claims) {
	s := c.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, claims)
}

func (s *shard) put(key digest, claims Claims) {
	if len(s.young) >= generation {
		s.young, s.old = make(map[digest]Claims, generation), s.young
	}
	s.young[key] = claims
}

func (c *cache) drop(key digest) {
	s := c.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.young, key)
	delete(s.old, key)
}
