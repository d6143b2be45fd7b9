package sms

// recent remembers the last keys put into it and forgets the oldest. The zero value is ready for use; it
// takes no lock of its own.
type recent[K comparable, V any] struct {
	values map[K]V
	order  []K
}

func (r *recent[K, V]) get(key K) (V, bool) {
	value, ok := r.values[key]
	return value, ok
}

func (r *recent[K, V]) put(key K, value V) {
	if r.values == nil {
		r.values = map[K]V{}
	}
	if _, known := r.values[key]; !known {
		r.order = append(r.order, key)
	}
	r.values[key] = value
	if len(r.order) > kept {
		delete(r.values, r.order[0])
		r.order = r.order[1:]
	}
}
