package server

import "time"

// later rings a bell after a while. It belongs to one goroutine at a time.
type later struct {
	bell  func()
	timer *time.Timer
}

// ring rings once after a while, and no more when it was to ring before.
func (l *later) ring(after time.Duration) {
	if l.timer == nil {
		l.timer = time.AfterFunc(after, l.bell)
		return
	}
	l.timer.Reset(after)
}

func (l *later) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}
