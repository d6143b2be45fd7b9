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
		8 * megabyte:   700,
		16 * megabyte:  300,
		31 * megabyte:  106,
		32 * megabyte:  40,
		64 * megabyte:  40,
		500 * megabyte: 40,
	} {
		if got := percentFor(64*megabyte, usage{live: live}, 0); got != want {
			t.Errorf("with %d alive it may grow by %d %%, want %d", live, got, want)
		}
	}
}

func TestALargeHeapThatIsSteadyMayHoldMoreGarbage(t *testing.T) {
	for _, c := range []struct {
		live, stacks uint64
		want         int
	}{
		{8 * megabyte, 0, 700}, // the floor
		{32 * megabyte, 0, 125},
		{32 * megabyte, 8 * megabyte, 100},
		{64 * megabyte, 16 * megabyte, 50},
		{500 * megabyte, 0, 40},
	} {
		if got := percentFor(64*megabyte, usage{live: c.live, stacks: c.stacks}, 40*megabyte); got != c.want {
			t.Errorf("with %d alive and %d of stacks it may grow by %d %%, want %d", c.live, c.stacks, got, c.want)
		}
	}
}

func TestAHeapThatHasNotGrownForSomeCollectionsIsAllowedGarbage(t *testing.T) {
	var k keeper
	for i := range 80 {
		want := uint64(0)
		switch {
		case i >= 64:
			want = 96 * megabyte
		case i >= 16:
			want = 40 * megabyte
		}
		if got := k.allowed(40 * megabyte); got != want {
			t.Errorf("after %d collections %d bytes of garbage are allowed, want %d", i, got, want)
		}
	}
	for i, c := range []struct{ live, want uint64 }{{40, 96}, {45, 96}, {46, 0}, {42, 96}, {20, 96}} {
		if got := k.allowed(c.live * megabyte); got != c.want*megabyte {
			t.Errorf("%d. %d MB: %d MB of garbage, want %d", i, c.live, got/megabyte, c.want)
		}
	}
	for i := range 80 {
		want := uint64(96)
		switch {
		case i < 16:
			want = 0
		case i < 64:
			want = 40
		}
		if got := k.allowed(80 * megabyte); got != want*megabyte {
			t.Errorf("%d collections after it grew: %d MB of garbage, want %d", i, got/megabyte, want)
		}
	}
	for range 30 {
		k.allowed(20 * megabyte)
	}
	if got := k.allowed(80 * megabyte); got != 0 {
		t.Errorf("what has shrunk and grows again is allowed %d MB of garbage", got/megabyte)
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
	now := debug.SetGCPercent(goPercent)
	debug.SetGCPercent(now)
	return now
}

func TestMemoryIsGivenBackWhenMuchIsHeldInQuiet(t *testing.T) {
	for _, c := range []struct {
		name     string
		now      usage
		returned bool
	}{
		{"quiet, with much garbage", usage{live: 60 * megabyte, held: 90 * megabyte, collections: 5}, true},
		{"quiet, with little", usage{live: 60 * megabyte, held: 70 * megabyte, collections: 5}, false},
		{"a large heap with a little more", usage{live: 800 * megabyte, held: 880 * megabyte, collections: 5}, false},
		{"busy", usage{live: 60 * megabyte, held: 90 * megabyte, collections: 9}, false},
	} {
		if got := c.now.worthReturning(usage{collections: 4}); got != c.returned {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestWhatIsNotUsedAnyMoreGoesBackToTheSystem(t *testing.T) {
	stop := giveBack(10 * time.Millisecond)
	defer stop()
	held := make([]byte, 200*megabyte)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	runtime.KeepAlive(held)
	runtime.GC()
	for late := time.Now().Add(10 * time.Second); read().held > 100*megabyte; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%d bytes are still held", read().held)
		}
	}
}
