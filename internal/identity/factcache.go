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
	// factRenewal is the age from which facts that are asked for now and then are read together with others.
	factRenewal = 45 * time.Second
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
	at    time.Time // began to be read
	again bool      // asked for since
}

// holds tells whether facts are younger than an age at now and were not read before a moment.
func (r remembered) holds(now, since time.Time, age time.Duration) bool {
	return now.Sub(r.at) < age && !r.at.Before(since)
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
	r, young := s.young[key]
	ok = young
	if !young {
		r, ok = s.old[key]
	}
	if !ok || !r.holds(now, since, factLife) {
		return nil, s.epoch, false
	}
	if !young || !r.again {
		r.again = true
		s.keep(key, r)
	}
	return r.facts, s.epoch, true
}

// company answers accounts of the same shard that have been asked for since they were read and will be too old to be
// believed soon: together they cost hardly more than one.
func (c *factCache) company(of subject, now, since time.Time) (accounts []int64) {
	s := c.of(of)
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, r := range s.young {
		if key != of && key.use == of.use && r.again && !r.holds(now, since, factRenewal) {
			accounts = append(accounts, key.id)
		}
	}
	return accounts
}

// epoch answers what to put facts with that are read from now on.
func (c *factCache) epoch(key subject) uint64 {
	s := c.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch
}

// put keeps facts that began to be read at a moment and under an epoch.
func (c *factCache) put(key subject, known facts, at time.Time, epoch uint64) {
	s := c.of(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == epoch {
		s.keep(key, remembered{facts: known, at: at})
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
