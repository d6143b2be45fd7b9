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
