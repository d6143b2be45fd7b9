// Package heapfloor weighs memory against the garbage collector's work: a small heap is not worth collecting all
// the time, a large one, which open sockets make, is not worth holding as much again in garbage, and what is not
// used any more is given back once there is time for it.
//
// Go collects when the heap has grown by GOGC percent of what was alive, but at 4 MB at the earliest. A
// server with 2 MB alive then collects every twenty requests, which costs a fifth of its processor time. A
// lower bound of tens of megabytes ends that, and a larger GOGC would not: it would also let a heap of
// hundreds of megabytes grow by as much again. docs/decisions/0026 has the figures by which the shares were chosen.
package heapfloor

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

const (
	goPercent    = 100     // Go's own
	usualPercent = 40      // by which a heap above the floor grows before it is collected
	leastLive    = 1 << 20 // of a heap that has not been collected yet

	steadyWithin = 8 // an eighth

	lookEvery   = 20 * time.Second
	worthGiving = 16 << 20 // the least that is given back
)

// allowance is what a heap above the floor may hold of garbage in any case once what lives long has not grown over so
// many collections.
type allowance struct {
	over    int
	garbage uint64
}

// A short one for what opens connections, tells each of them something and rests; a long one for what goes on.
var (
	short = allowance{16, 40 << 20}
	long  = allowance{longest, 96 << 20}
)

const longest = 64

// Keep lets a small heap grow to floor bytes before each collection, and one of more than half the floor by 40
// percent, or by an allowance where that is more and what lives long has stopped growing, and gives memory back that is
// not used any more, until stop is called. An operator who sets GOGC knows better: then it does nothing.
func Keep(floor uint64) (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	k := &keeper{floor: floor}
	k.adjust()
	watch(k)
	stopGiving := giveBack(lookEvery)
	return func() {
		stopGiving()
		k.stopped.Store(true)
		debug.SetGCPercent(goPercent)
	}
}

// keeper sets the percentage anew after each collection.
type keeper struct {
	floor   uint64
	percent int
	lately  [longest]uint64 // what was alive at the last collections, the oldest first; 0: there was none
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
	now := read()
	percent := percentFor(k.floor, now, k.allowed(now.live))
	if difference := percent - k.percent; difference*10 < -k.percent || difference*10 > k.percent {
		k.percent = percent
		debug.SetGCPercent(percent)
	}
}

// allowed notes what is alive, and answers how much garbage is allowed beside it in any case: none while it is more
// than it was some collections ago.
func (k *keeper) allowed(live uint64) (garbage uint64) {
	for _, a := range []allowance{short, long} {
		if before := k.lately[longest-a.over]; live > before+before/steadyWithin {
			break // what has shrunk and grows again is not steady, however large it was
		}
		garbage = a.garbage
	}
	copy(k.lately[:], k.lately[1:])
	k.lately[longest-1] = live
	return garbage
}

// percentFor is how much a heap may grow: a small one to the floor. One that is larger than half of it has
// become so by what lives long, and is collected early while that grows: what lives long would be strewn over all the
// garbage of a long cycle, and hold its pages for ever. Once it is steady, a busy program would only collect the more
// often for it. Stacks count for Go's percentage too (https://go.dev/doc/gc-guide).
func percentFor(floor uint64, now usage, garbage uint64) int {
	live := max(now.live, leastLive)
	if live < floor/2 {
		return int((floor - live) * 100 / live)
	}
	return max(usualPercent, int(garbage*100/(live+now.stacks)))
}

// usage is what the runtime says of the heap: bytes, and how often it was collected.
type usage struct{ live, stacks, held, collections uint64 }

// read asks for what was alive at the last collection, on stacks too, and for what is held of the system: objects,
// dead ones among them, and free memory that has not been given back.
func read() usage {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/gc/scan/stack:bytes"},
	}
	metrics.Read(samples)
	var value [6]uint64
	for i, sample := range samples {
		value[i] = sample.Value.Uint64()
	}
	return usage{live: value[0], stacks: value[5], collections: value[1], held: value[2] + value[3] + value[4]}
}

// worthReturning holds for a heap that holds much more than it uses and has hardly been collected since an
// earlier look: a program that is busy will need what it holds again at once.
func (u usage) worthReturning(earlier usage) bool {
	return u.collections-earlier.collections <= 1 && u.held > u.live+max(worthGiving, u.live/8)
}

// giveBack looks now and then whether memory can be given back to the system, until stop is called.
func giveBack(every time.Duration) (stop func()) {
	done := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for earlier := read(); ; earlier = read() {
			select {
			case <-tick.C:
			case <-done:
				return
			}
			if read().worthReturning(earlier) {
				debug.FreeOSMemory()
			}
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		looking.Wait()
	})
}
