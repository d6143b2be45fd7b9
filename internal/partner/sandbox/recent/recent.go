// Package recent remembers what stand-ins must not forget at once, and no more than that.
package recent

// Kept is how many keys are remembered.
const Kept = 10_000

// Values remembers the last keys put into it and forgets the oldest. The zero value is ready for use; it
// takes no lock of its own.
type Values[K comparable, V any] struct {
	values map[K]V
	order  []K
}

// Get answers the value of a key, if it is remembered.
func (r *Values[K, V]) Get(key K) (V, bool) {
	value, ok := r.values[key]
	return value, ok
}

// Len is how many keys are remembered.
func (r *Values[K, V]) Len() int { return len(r.values) }

// Put remembers a key.
func (r *Values[K, V]) Put(key K, value V) {
	if r.values == nil {
		r.values = map[K]V{}
	}
	if _, known := r.values[key]; !known {
		r.order = append(r.order, key)
	}
	r.values[key] = value
	if len(r.order) > Kept {
		delete(r.values, r.order[0])
		r.order = r.order[1:]
	}
}

// Sent is how many messages are remembered.
const Sent = 2 * Kept

// List remembers the last things added to it. The zero value is ready for use; it takes no lock of its own.
type List[V any] struct {
	values []V
	next   int // where the oldest is, once the list is full
}

// Add remembers one thing more, and forgets the oldest of more than Sent.
func (l *List[V]) Add(value V) {
	if len(l.values) < Sent {
		l.values = append(l.values, value)
		return
	}
	l.values[l.next] = value
	l.next = (l.next + 1) % Sent
}

// All answers what is remembered, the oldest first. The slice is the caller's.
func (l *List[V]) All() []V {
	return append(append(make([]V, 0, len(l.values)), l.values[l.next:]...), l.values[:l.next]...)
}
