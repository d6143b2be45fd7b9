package heapfloor

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

const megabyte = 1 << 20

func TestASmallHeapMayGrowToTheFloorAndALargeOneAsUsual(t *testing.T) {
	for live, want := range map[uint64]int{
		0:              6300,
		megabyte:       6300,
		2 * megabyte:   3100,
		16 * megabyte:  300,
		32 * megabyte:  100,
		33 * megabyte:  100,
		64 * megabyte:  100,
		500 * megabyte: 100,
	} {
		if got := percentFor(64*megabyte, live); got != want {
			t.Errorf("with %d alive it may grow by %d %%, want %d", live, got, want)
		}
	}
}

func TestTheFloorIsKeptWhileTheHeapChanges(t *testing.T) {
	t.Setenv("GOGC", "")
	stop := Keep(64 * megabyte)
	defer stop()

	if got := settled(t, func(percent int) bool { return percent > 150 }); got <= 150 {
		t.Errorf("a small heap may grow by %d %%", got)
	}
	held := make([]byte, 100*megabyte)
	if got := settled(t, func(percent int) bool { return percent == usualPercent }); got != usualPercent {
		t.Errorf("a large heap may grow by %d %%", got)
	}
	runtime.KeepAlive(held)
}

func TestWhoSetsGOGCKnowsBetter(t *testing.T) {
	t.Setenv("GOGC", "50")
	before := percentNow()

	Keep(64 * megabyte)()

	if got := percentNow(); got != before {
		t.Errorf("changed from %d to %d", before, got)
	}
}

// settled collects until the percentage is as it should be, or for too long.
func settled(t *testing.T, isRight func(int) bool) int {
	t.Helper()
	for range 200 {
		runtime.GC()
		if isRight(percentNow()) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return percentNow()
}

func percentNow() int {
	now := debug.SetGCPercent(usualPercent)
	debug.SetGCPercent(now)
	return now
}
