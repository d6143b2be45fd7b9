package replay

import (
	"context"
	"slices"
	"time"
)

// pace says when an observation is due: at once, or at its own moment, counted from the start of the
// replay and so many times faster.
type pace struct {
	clock Clock
	speed float64   // asFastAsPossible, or a multiple of real time
	start time.Time // of the replay
	from  time.Time // the moment of the observations that is due at start
}

// due answers how many of the observations, which are in order of time, are due, and waits until one is.
// There must be one.
func (p pace) due(ctx context.Context, all []observation) (int, error) {
	if p.speed == asFastAsPossible {
		return len(all), ctx.Err()
	}
	if wait := p.moment(all[0].at).Sub(p.clock.Now()); wait > 0 {
		if err := p.clock.Wait(ctx, wait); err != nil {
			return 0, err
		}
	}
	now := p.clock.Now()
	n := slices.IndexFunc(all, func(o observation) bool { return p.moment(o.at).After(now) })
	if n < 0 {
		n = len(all)
	}
	return max(n, 1), ctx.Err()
}

func (p pace) moment(at time.Time) time.Time {
	return p.start.Add(time.Duration(float64(at.Sub(p.from)) / p.speed))
}
