package servertest

import (
	"io"
	"math/rand/v2"
	"sync"
)

// Repeatable answers a random source that draws the same at every run, for houses that must be alike. It
// is safe for concurrent use, though only what is drawn in a fixed order is the same.
func Repeatable() io.Reader { return &repeatable{source: rand.NewChaCha8([32]byte{})} }

type repeatable struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (r *repeatable) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}
