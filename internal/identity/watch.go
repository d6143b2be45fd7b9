package identity

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"parkbff/internal/identity/token"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Subjects on the bus. They name row ids, and payloads are empty.
const (
	factsSubject  = "facts."
	endingSubject = "signin.ended."
	tokensSubject = "tokens.ended." // then whose, as in facts, and the generation
)

var (
	subjectWords = map[token.Use]string{token.Access: "account", token.Gate: "gate", token.Staff: "staff"}
	subjectUses  = map[string]token.Use{"account": token.Access, "gate": token.Gate, "staff": token.Staff}
)

// accountChanged drops an account's facts everywhere once the transaction has committed.
func (s *Service) accountChanged(ctx context.Context, id int64) {
	s.changed(ctx, subject{token.Access, id})
}

func (s *Service) changed(ctx context.Context, of subject) {
	store.AfterCommit(ctx, func() {
		s.known.drop(of)
		s.publish(factsSubject + subjectWords[of.use] + "." + strconv.FormatInt(of.id, 10))
	})
}

func (s *Service) signInEnded(id int64) {
	s.ending.end(ground{use: token.Access, row: id})
	s.publish(endingSubject + strconv.FormatInt(id, 10))
}

// tokensEnded drops what is known of a gate or a member of staff and ends the tokens of one generation, on
// open sockets too, once the transaction that raised it has committed.
func (s *Service) tokensEnded(ctx context.Context, of subject, generation int64) {
	s.changed(ctx, of)
	store.AfterCommit(ctx, func() {
		s.ending.end(ground{of.use, of.id, generation})
		s.publish(fmt.Sprintf("%s%s.%d.%d", tokensSubject, subjectWords[of.use], of.id, generation))
	})
}

// StaffChanged drops what is known of a member of staff once the transaction that ctx is inside has
// committed.
func (s *Service) StaffChanged(ctx context.Context, id int64) {
	s.changed(ctx, subject{token.Staff, id})
}

// StaffTokensEnded is StaffChanged, and ends the tokens of a generation, on open sockets too.
func (s *Service) StaffTokensEnded(ctx context.Context, id, generation int64) {
	s.tokensEnded(ctx, subject{token.Staff, id}, generation)
}

// publish tells other replicas. One that does not hear of it goes on for factLife at most.
func (s *Service) publish(subject string) {
	if s.bus == nil {
		return
	}
	if err := s.bus.Publish(subject, nil); err != nil {
		s.log.Warn("other replicas do not hear of a change of facts", "error", err)
	}
}

// SignInEnded answers a channel that is closed when the sign-in is revoked, here or on another replica,
// and a function to call when nobody waits any more. Ask for the viewer after this call: a sign-in that had
// ended before closes nothing.
func (s *Service) SignInEnded(signInID int64) (ended <-chan struct{}, cancel func()) {
	return s.ending.watch(ground{use: token.Access, row: signInID})
}

// TokenEnded is SignInEnded for whatever a token stands on: the generation, for gates and staff.
func (s *Service) TokenEnded(c token.Claims) (ended <-chan struct{}, cancel func()) {
	return s.ending.watch(groundOf(c))
}

// Forget drops everything remembered, for when changes may have gone unheard: after a write to SQLite by
// another program, or a lost connection to the bus. It is quick.
func (s *Service) Forget() {
	s.known.clear()
	select {
	case s.doubt <- struct{}{}:
	default: // somebody doubts already
	}
}

// Watch listens to the other replicas and looks after what SignInEnded and TokenEnded watch, until stop is
// called. Stop waits for the work in hand. Without a bus it listens to nobody.
func (s *Service) Watch(ctx context.Context) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	ears, err := s.listen()
	if err != nil {
		cancel()
		return nil, err
	}
	var working sync.WaitGroup
	working.Go(func() { s.checkWhenInDoubt(ctx) })
	return sync.OnceFunc(func() {
		for _, deafen := range ears {
			deafen()
		}
		cancel()
		working.Wait()
	}), nil
}

func (s *Service) listen() (ears []func(), err error) {
	if s.bus == nil {
		return nil, nil
	}
	s.bus.OnReconnect(s.Forget)
	for subject, hear := range map[string]func(string, []byte){
		factsSubject + "*.*": s.hearOfFacts,
		endingSubject + "*":  s.hearOfEnding,
		tokensSubject + ">":  s.hearOfTokens,
	} {
		deafen, err := s.bus.Subscribe(subject, hear)
		if err != nil {
			for _, deafen := range ears {
				deafen()
			}
			return nil, fmt.Errorf("listen for facts: %w", err)
		}
		ears = append(ears, deafen)
	}
	s.known.clear() // what was remembered before anyone listened may be old
	return ears, nil
}

func (s *Service) hearOfFacts(name string, _ []byte) {
	word, number, _ := strings.Cut(strings.TrimPrefix(name, factsSubject), ".")
	if id, err := strconv.ParseInt(number, 10, 64); err == nil {
		s.known.drop(subject{subjectUses[word], id})
	}
}

func (s *Service) hearOfEnding(name string, _ []byte) {
	if id, err := strconv.ParseInt(strings.TrimPrefix(name, endingSubject), 10, 64); err == nil {
		s.ending.end(ground{use: token.Access, row: id})
	}
}

func (s *Service) hearOfTokens(name string, _ []byte) {
	word, numbers, _ := strings.Cut(strings.TrimPrefix(name, tokensSubject), ".")
	ended := ground{use: subjectUses[word]}
	if n, err := fmt.Sscanf(numbers, "%d.%d", &ended.row, &ended.generation); n == 2 && err == nil {
		s.ending.end(ended)
	}
}

func (s *Service) checkWhenInDoubt(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.doubt:
		}
		if err := s.checkWatched(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "cannot tell which sign-ins have ended", "error", err)
		}
	}
}

// checkWatched ends what is watched and holds no more.
func (s *Service) checkWatched(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, "check sign-ins")
	for watched := range slices.Chunk(s.ending.all(), 500) {
		holds, err := holding(ctx, s.store.Fresh(ctx), watched)
		if err != nil {
			return err
		}
		for _, of := range watched {
			if !holds[of] {
				s.ending.end(of)
			}
		}
	}
	return nil
}
