//go:build linux || darwin

package storm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// victims of a storm.
const (
	replica = iota
	busNode
	client
)

var victims = [...]string{replica: "replica", busNode: "bus node", client: "client"}

// Kills is how often each sort is killed, by SIGKILL, at moments spread over the whole storm.
type Kills struct {
	Replicas, BusNodes, Clients int
}

// longestAway is how long a victim may be left away before it is started again.
const longestAway = 1500 * time.Millisecond

// Strike kills. Sorts are struck apart from each other, so a replica may come back while a node of the bus is
// away; of one sort, one is away at a time.
func (s *Storm) Strike(k Kills) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		for sort, times := range []int{replica: k.Replicas, busNode: k.BusNodes, client: k.Clients} {
			group.Go(func() error { return s.strikeSort(ctx, sort, times) })
		}
		return group.Wait()
	}
}

func (s *Storm) strikeSort(ctx context.Context, sort, times int) error {
	random := rand.New(rand.NewPCG(s.options.Seed, 1+uint64(sort)))
	var moments []float64 // shares of the storm
	for range times {
		moments = append(moments, 0.02+0.93*random.Float64())
	}
	slices.Sort(moments)
	for _, moment := range moments {
		if err := s.Reach(ctx, moment); err != nil {
			return err
		}
		if err := s.strike(ctx, sort, random); err != nil {
			return fmt.Errorf("kill a %s: %w", victims[sort], err)
		}
		s.kills[sort].Add(1)
	}
	return nil
}

func (s *Storm) strike(ctx context.Context, sort int, random *rand.Rand) error {
	away := time.Duration(random.Int64N(int64(longestAway)))
	switch sort {
	case replica:
		house := s.site.Replicas[random.IntN(len(s.site.Replicas))]
		if err := house.Kill(); err != nil {
			return err
		}
		if err := sleep(ctx, away); err != nil {
			return err
		}
		return house.Start(ctx)
	case busNode:
		node := random.IntN(s.site.Bus.Nodes())
		if err := s.site.Bus.Kill(node); err != nil {
			return err
		}
		if err := sleep(ctx, away); err != nil {
			return err
		}
		return s.site.Bus.Start(ctx, node)
	default:
		return s.audience.restart(ctx, random.IntN(clientPrograms))
	}
}
