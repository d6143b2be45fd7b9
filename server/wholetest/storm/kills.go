//go:build linux || darwin

package storm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Sorts of strikes.
const (
	replica = iota
	busNode
	client
	deploy
	freeze
)

var sorts = [...]string{
	replica: "kill a replica", busNode: "kill a bus node", client: "kill a client",
	deploy: "stop a replica", freeze: "freeze a replica or a bus node",
}

// Kills is how often each sort is struck, at moments spread over the whole storm.
type Kills struct {
	Replicas, BusNodes, Clients int // by SIGKILL
	Deploys                     int // replicas that are asked to leave, and come back
	Freezes                     int // replicas or nodes of the bus that stand still for a while and go on
}

// longestAway is how long a victim may be left away before it is started again.
const longestAway = 1500 * time.Millisecond

// Strike strikes. A replica may come back while a node of the bus is away; of each kind, one is away at a time.
func (s *Storm) Strike(k Kills) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		for sort, times := range []int{replica: k.Replicas, busNode: k.BusNodes, client: k.Clients, deploy: k.Deploys, freeze: k.Freezes} {
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
			return fmt.Errorf("%s: %w", sorts[sort], err)
		}
		s.struck[sort].Add(1)
	}
	return nil
}

func (s *Storm) strike(ctx context.Context, sort int, random *rand.Rand) error {
	away := time.Duration(random.Int64N(int64(longestAway)))
	house := s.site.Replicas[random.IntN(len(s.site.Replicas))]
	node := random.IntN(s.site.Bus.Nodes())
	switch sort {
	case replica:
		return s.turn(ctx, &s.houses, house.Kill, away, house.Start)
	case deploy:
		return s.turn(ctx, &s.houses, house.Stop, away, house.Start)
	case busNode:
		return s.turn(ctx, &s.nodes, func() error { return s.site.Bus.Kill(node) }, away, func(ctx context.Context, _ ...string) error {
			return s.site.Bus.Start(ctx, node)
		})
	case freeze:
		if random.IntN(2) == 0 {
			return s.turn(ctx, &s.houses, house.Freeze, away, thaw(house.Thaw))
		}
		return s.turn(ctx, &s.nodes, func() error { return s.site.Bus.Freeze(node) }, away, thaw(func() error { return s.site.Bus.Thaw(node) }))
	default:
		return s.audience.restart(ctx, random.IntN(clientPrograms))
	}
}

func thaw(do func() error) func(context.Context, ...string) error {
	return func(context.Context, ...string) error { return do() }
}

// turn takes a victim away for a while, while no other of its kind is away.
func (s *Storm) turn(ctx context.Context, kind *sync.Mutex, take func() error, away time.Duration, back func(context.Context, ...string) error) error {
	kind.Lock()
	defer kind.Unlock()
	if err := take(); err != nil {
		return err
	}
	if err := sleep(ctx, away); err != nil {
		return err
	}
	return back(ctx)
}
