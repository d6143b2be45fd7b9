// Package progress shows how far a long command is.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-isatty"

	"parkbff/internal/clock"
)

const (
	barWidth     = 30
	redrawEvery  = 100 * time.Millisecond
	newLineEvery = 5 * time.Second
	eraseLine    = "\r\x1b[2K"
)

// Progress shows how far a phase of the work is: a bar that is redrawn on a terminal, and a line now and
// then on anything else. It is safe for concurrent use.
type Progress struct {
	out      io.Writer
	clock    clock.Clock
	terminal bool

	mu          sync.Mutex
	doing       string
	done, total int
	begun       time.Time
	shown       time.Time
}

// New answers a Progress that writes to out.
func New(out io.Writer, clock clock.Clock) *Progress {
	file, isFile := out.(*os.File)
	return &Progress{out: out, clock: clock, terminal: isFile && isatty.IsTerminal(file.Fd())}
}

// Begin starts a phase of so many steps.
func (p *Progress) Begin(doing string, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	p.doing, p.done, p.total, p.begun, p.shown = doing, 0, total, now, now
}

// Add counts steps of the phase.
func (p *Progress) Add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	now := p.clock.Now()
	every := newLineEvery
	if p.terminal {
		every = redrawEvery
	}
	if now.Sub(p.shown) >= every {
		p.shown = now
		p.show(now)
	}
}

// End shows the phase as it ended.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.show(p.clock.Now())
	if p.terminal {
		fmt.Fprintln(p.out)
	}
}

// Note writes a line of its own.
func (p *Progress) Note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		fmt.Fprint(p.out, eraseLine)
	}
	fmt.Fprintf(p.out, format+"\n", args...)
}

func (p *Progress) show(now time.Time) {
	line := p.line(now.Sub(p.begun))
	if p.terminal {
		fmt.Fprint(p.out, eraseLine, p.bar(), " ", line)
		return
	}
	fmt.Fprintln(p.out, line)
}

func (p *Progress) share() float64 {
	if p.total == 0 {
		return 1
	}
	return min(1, float64(p.done)/float64(p.total))
}

func (p *Progress) bar() string {
	full := int(p.share() * barWidth)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "]"
}

// line says how far the phase is, how fast it goes and how long it will take.
func (p *Progress) line(elapsed time.Duration) string {
	text := fmt.Sprintf("%s %s of %s (%.0f %%)",
		p.doing, humanize.Comma(int64(p.done)), humanize.Comma(int64(p.total)), 100*p.share())
	seconds := elapsed.Seconds()
	if seconds <= 0 || p.done == 0 {
		return text
	}
	rate := float64(p.done) / seconds
	text += fmt.Sprintf(", %s/s", humanize.Comma(int64(rate)))
	if left := p.total - p.done; left > 0 {
		remaining := time.Duration(float64(left) / rate * float64(time.Second))
		return text + fmt.Sprintf(", %s left", remaining.Round(time.Second))
	}
	return text + fmt.Sprintf(", took %s", elapsed.Round(time.Second))
}
