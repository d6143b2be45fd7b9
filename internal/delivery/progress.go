package delivery

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// progress is how far the handing over of one delivery has come, noted before and between tries so that whoever tries again repeats nothing: by phone the key under which the
// message goes there, or that it was taken; and on channels that know no keys, that it may have left.
type progress struct {
	left bool
	keys map[int64]string // by row of the phone
}

const (
	hasLeft = "LEFT"
	isTaken = "TAKEN"
)

func parseProgress(text string) progress {
	p := progress{left: text == hasLeft, keys: map[int64]string{}}
	for entry := range strings.FieldsSeq(text) {
		name, key, ok := strings.Cut(entry, "=")
		if row, err := strconv.ParseInt(name, 10, 64); ok && err == nil {
			p.keys[row] = key
		}
	}
	return p
}

func (p progress) text() string {
	if p.left {
		return hasLeft
	}
	var entries []string
	for _, row := range slices.Sorted(maps.Keys(p.keys)) {
		entries = append(entries, strconv.FormatInt(row, 10)+"="+p.keys[row])
	}
	return strings.Join(entries, " ")
}

// withoutKeys leaves where the message was taken: keys that no partner knows any more are of no use.
func (p progress) withoutKeys() progress {
	maps.DeleteFunc(p.keys, func(_ int64, key string) bool { return key != isTaken })
	return p
}

func (p progress) taken() bool {
	for _, key := range p.keys {
		if key == isTaken {
			return true
		}
	}
	return false
}
