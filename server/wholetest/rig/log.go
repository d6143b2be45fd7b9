package rig

import (
	"bytes"
	"regexp"
	"sync"
)

// Log is everything the server of a house has written, over all its starts.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes what the server writes.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is the log so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *Log) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Len()
}

// address is how the server says where it listens: it was told to take any free port.
var address = regexp.MustCompile(`msg=serving url=(http://127\.0\.0\.1:\d+) `)

// servingAt finds the address in what was written from a place on; empty while it is not there.
func (l *Log) servingAt(from int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := address.FindSubmatch(l.text.Bytes()[from:])
	if found == nil {
		return ""
	}
	return string(found[1])
}
