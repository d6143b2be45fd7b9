// Package heapfloor keeps the garbage collector from running all the time over a heap that is too small
// to be worth it.
//
// Go collects when the heap has grown by GOGC percent of what was alive, but at 4 MB at the earliest. A
// server with 2 MB alive then collects every twenty requests, which costs a fifth of its processor time. A
// lower bound of tens of megabytes ends that, and a larger GOGC would not: it would also let a heap of
// hundreds of megabytes, which open sockets make, grow by as much again.
package heapfloor

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	usualPercent = 100 // Go's own
	liveMetric   = "/gc/heap/live:bytes"
	leastLive    = 1 << 20 // of a heap that has not been collected yet
)

// Keep lets the heap grow to floor bytes before each collection, and by what GOGC says where that is
// more, until stop is called. An operator who sets GOGC knows better: then it does nothing.
func Keep(floor uint64) (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	k := &keeper{floor: floor}
	k.adjust()
	watch(k)
	return func() {
		k.stopped.Store(true)
		debug.SetGCPercent(usualPercent)
	}
}

// keeper sets the percentage anew after each collection.
type keeper struct {
	floor   uint64
	percent int
	stopped atomic.Bool
}

// watch has adjust called after the next collection, for which an object is left to be collected.
func watch(k *keeper) {
	canary := new([16]byte)
	runtime.AddCleanup(canary, func(k *keeper) {
		if !k.stopped.Load() {
			k.adjust()
			watch(k)
		}
	}, k)
}

// adjust leaves small differences alone, because a change stops the program for a moment.
func (k *keeper) adjust() {
	percent := percentFor(k.floor, alive())
	if difference := percent - k.percent; difference*10 < -k.percent || difference*10 > k.percent {
		k.percent = percent
		debug.SetGCPercent(percent)
	}
}

// percentFor is how much a heap may grow to reach the floor; never less than usual.
func percentFor(floor, live uint64) int {
	live = max(live, leastLive)
	if floor/live < 2 {
		return usualPercent
	}
	return int((floor - live) * 100 / live)
}

func alive() uint64 {
	sample := []metrics.Sample{{Name: liveMetric}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
