package identity

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
	"parkbff/internal/round"
	"parkbff/internal/viewer"
)

const (
	// factsAtOnce bounds the accounts that are read at once, the company of the last of them left aside.
	factsAtOnce = 256
	// factsWithin bounds the time that takes.
	factsWithin = 10 * time.Second
)

// factRounds read accounts' facts for all who ask meanwhile, and for others whose facts are about to be too old.
// As many accounts as have sockets open are told something now and then; each alone, once a minute, would cost
// as many statements as telling it.
type factRounds struct {
	rounds *round.Group

	mu    sync.Mutex
	asked map[int64]*question
}

// question is asked for one account by all who wait for its facts, and answered by a round.
type question struct {
	facts facts
	err   error
}

// ask answers the question that the next round will take up.
func (f *factRounds) ask(accountID int64) *question {
	f.mu.Lock()
	defer f.mu.Unlock()
	q, ok := f.asked[accountID]
	if !ok {
		q = &question{err: fault.Unavailable} // until it is answered
		f.asked[accountID] = q
	}
	return q
}

// take answers what was asked until now. Whoever asks later waits for the next round, or one round would go on for as
// long as somebody asks.
func (f *factRounds) take() map[int64]*question {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := f.asked
	f.asked = make(map[int64]*question)
	return taken
}

// factsInCompany reads the facts of an account as of a moment after the call, and keeps them.
func (s *Service) factsInCompany(ctx context.Context, accountID int64) (facts, error) {
	q := s.factRounds.ask(accountID)
	if err := s.factRounds.rounds.Join(ctx); err != nil {
		return nil, err
	}
	return q.facts, q.err
}

// readFacts is one round. Whoever asked hears of an error by their question.
func (s *Service) readFacts() error {
	asked := s.factRounds.take()
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(asked)), factsAtOnce) {
		known, err := s.readTogether(s.withCompany(ids))
		for _, id := range ids {
			asked[id].facts, asked[id].err = known[id], err
		}
	}
	return nil
}

// withCompany adds those who may as well be read with some.
func (s *Service) withCompany(asked []int64) []int64 {
	now, ids := s.clock.Now(), slices.Clone(asked)
	for _, id := range asked {
		if len(ids) >= factsAtOnce {
			break
		}
		ids = append(ids, s.known.company(subject{token.Access, id}, now, s.catalogue.InForceSince(now))...)
	}
	// Two of one shard have the same company, and may be each other's.
	slices.Sort(ids)
	return slices.Compact(ids)
}

// readTogether reads the facts of accounts and keeps them, unless a change came in.
func (s *Service) readTogether(ids []int64) (map[int64]facts, error) {
	ctx, cancel := context.WithTimeout(viewer.AsSystem(context.Background(), jobFacts), factsWithin)
	defer cancel()
	now, epochs := s.clock.Now(), make([]uint64, len(ids))
	for i, id := range ids {
		epochs[i] = s.known.epoch(subject{token.Access, id})
	}
	known, err := s.accountFacts(ctx, s.store.Fresh(ctx), filled(ids)...)
	switch {
	case err != nil && ctx.Err() != nil: // nobody's but our own patience has ended
		return nil, fault.Unavailable.Because(err)
	case err != nil:
		return nil, fmt.Errorf("read facts: %w", err)
	}
	for i, id := range ids {
		s.known.put(subject{token.Access, id}, known[id], now, epochs[i])
	}
	return known, nil
}

// filled repeats the last id until there are a power of two, so that there are few different statements to be
// prepared.
func filled(ids []int64) []int64 {
	length := 1
	for length < len(ids) {
		length *= 2
	}
	all := append(make([]int64, 0, length), ids...)
	for len(all) < length {
		all = append(all, ids[len(ids)-1])
	}
	return all
}
