package progress

import (
	"strings"
	"testing"
	"time"
)

type steadyClock struct{ now time.Time }

func (c *steadyClock) Now() time.Time { return c.now }

func TestATerminalGetsABar(t *testing.T) {
	var screen strings.Builder
	clock := &steadyClock{}
	p := New(&screen, clock)
	p.terminal = true
	p.Begin("observations", 3000)
	clock.now = clock.now.Add(time.Second)
	p.Add(1000)
	p.Add(1)
	p.Note("waiting")
	clock.now = clock.now.Add(2 * time.Second)
	p.Add(1999)
	p.End()

	want := eraseLine + "[##########....................] observations 1,000 of 3,000 (33 %), 1,000/s, 2s left" +
		eraseLine + "waiting\n" +
		eraseLine + "[##############################] observations 3,000 of 3,000 (100 %), 1,000/s, took 3s" +
		eraseLine + "[##############################] observations 3,000 of 3,000 (100 %), 1,000/s, took 3s\n"
	if screen.String() != want {
		t.Errorf("%q", screen.String())
	}
}
