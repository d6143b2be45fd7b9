package identity

import (
	"sync"
	"time"
)

const (
	factShards = 64
	// factGeneration is how many subjects one generation of one shard holds: 32,768 in all.
	factGeneration = 256
	// factLife is how long facts are believed, should word of a change have got lost on the bus.
	factLife = time.Minute
)

// factCache remembers facts by subject and forgets the least used: each shard has a young and an old
// generation, what is asked for moves to the young one, and when that is full the old one goes.
//
// Facts read before a change must not be kept after it. So each shard counts the changes it was told of,
// and put keeps nothing that was asked for under another count.
type factCache struct{ shards [factShards]factShard }

type factShard struct {
	mu         sync.Mutex
	epoch      uint64
	young, old map[subject]remembered
}

type remembered struct {
	facts facts
	at    time.Time
}

func newFactCache() *factCache {
	c := &factCache{}
	c.clear()
	return c
}

func (c *factCache) of(key subject) *factShard { return &c.shards[uint64(key.id)%factShards] }

// get answers what is known at now and was not read before a moment, or the epoch to put it with.
func (c *factCache) get(key subject, now, since time.Time) (known facts, epoch uint64, ok bool) {
	s := c.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.young[key]
	if !ok {
		if r, ok = s.old[key]; ok {
			s.keep(key, r)
		}
	}
	if !ok || now.Sub(r.at) >= factLife || r.at.Before(since) {
		return nil, s.epoch, false
	}
	return r.facts, s.epoch, true
}

// put keeps facts that began to be read at a moment and under an epoch.
func (c *factCache) put(key subject, known facts, at time.Time, epoch uint64) {
	s := c.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == epoch {
		s.keep(key, remembered{known, at})
	}
}

func (s *factShard) keep(key subject, r remembered) {
	if len(s.young) >= factGeneration {
		s.young, s.old = make(map[subject]remembered), s.young
	}
	s.young[key] = r
}

func (c *factCache) drop(key subject) {
	s := c.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
	delete(s.young, key)
	delete(s.old, key)
}

func (c *factCache) clear() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.epoch++
		s.young, s.old = map[subject]remembered{}, nil
		s.mu.Unlock()
	}
}
