package wechat

import (
	"sync"
	"time"

	"parkbff/internal/clock"
)

// kept is the memory in which the SDK keeps one client's access token. The SDK's own reads its map without
// the lock, and by the machine's clock. The zero value but for the clock is ready for use.
type kept struct {
	clock clock.Clock

	mu     sync.Mutex
	values map[string]keptValue
}

type keptValue struct {
	value any
	until time.Time
}

// Get answers what is kept, or nil.
func (k *kept) Get(key string) any {
	k.mu.Lock()
	defer k.mu.Unlock()
	if v, ok := k.values[key]; ok && k.clock.Now().Before(v.until) {
		return v.value
	}
	return nil
}

// Set keeps a value for a while.
func (k *kept) Set(key string, value any, lasting time.Duration) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.values == nil {
		k.values = map[string]keptValue{}
	}
	k.values[key] = keptValue{value, k.clock.Now().Add(lasting)}
	return nil
}

// IsExist tells whether something is kept.
func (k *kept) IsExist(key string) bool { return k.Get(key) != nil }

// Delete forgets one value.
func (k *kept) Delete(key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.values, key)
	return nil
}

// forget forgets all.
func (k *kept) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.values)
}
