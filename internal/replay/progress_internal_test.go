package replay

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
	p := newProgress(&screen, clock)
	p.terminal = true
	p.begin("observations", 3000)
	clock.now = clock.now.Add(time.Second)
	p.add(1000)
	p.add(1)
	p.note("waiting")
	clock.now = clock.now.Add(2 * time.Second)
	p.add(1999)
	p.end()

	want := eraseLine + "[##########....................] observations 1,000 of 3,000 (33 %), 1,000/s, 2s left" +
		eraseLine + "waiting\n" +
		eraseLine + "[##############################] observations 3,000 of 3,000 (100 %), 1,000/s, took 3s" +
		eraseLine + "[##############################] observations 3,000 of 3,000 (100 %), 1,000/s, took 3s\n"
	if screen.String() != want {
		t.Errorf("%q", screen.String())
	}
}
