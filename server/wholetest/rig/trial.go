package rig

import (
	"context"
	"fmt"

	"parkbff/internal/replay"
)

// Trial is the three replays that must end alike: once, once more on the same data, and on new data through
// kills.
type Trial struct {
	Once, Twice, Killed replay.Report
}

// Try replays on servers that begin starts on empty data, and that know the lots of the replay.
func (r Replay) Try(ctx context.Context, begin func() (*House, error)) (t Trial, err error) {
	calm, err := begin()
	if err != nil {
		return t, err
	}
	quiet := r
	quiet.Kills = 0
	if t.Once, err = calm.Replay(ctx, quiet); err != nil {
		return t, fmt.Errorf("replay once: %w", err)
	}
	if t.Twice, err = calm.Replay(ctx, quiet); err != nil {
		return t, fmt.Errorf("replay twice: %w", err)
	}
	doomed, err := begin()
	if err != nil {
		return t, err
	}
	if t.Killed, err = doomed.Replay(ctx, r); err != nil {
		return t, fmt.Errorf("replay through %d kills: %w", r.Kills, err)
	}
	return t, nil
}

// Faults says where the trial went wrong; empty is well.
func (t Trial) Faults() (faults []string) {
	for name, r := range map[string]replay.Report{"once": t.Once, "twice": t.Twice, "through kills": t.Killed} {
		if r.Errors > 0 || r.SessionsClosed != t.Once.Stays || r.Stays == 0 {
			faults = append(faults, fmt.Sprintf("replayed %s: %d errors, %d of %d stays closed", name, r.Errors, r.SessionsClosed, r.Stays))
		}
		if r.Digest != t.Once.Digest || r.FeesAgree != t.Once.FeesAgree {
			faults = append(faults, fmt.Sprintf("replayed %s: other stays or fees than once", name))
		}
	}
	if t.Once.Duplicates > 0 || t.Twice.Duplicates != t.Twice.Observations {
		faults = append(faults, fmt.Sprintf("%d observations were known at first, %d of %d then",
			t.Once.Duplicates, t.Twice.Duplicates, t.Twice.Observations))
	}
	return faults
}
