package identity

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"parkbff/ent/signin"
	"parkbff/internal/identity/token"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Subjects on the bus. They name row ids, and payloads are empty.
const (
	factsSubject  = "facts."
	endingSubject = "signin.ended."
	erasedSubject = "account.erased."
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
		s.drop(of)
		s.publish(factsSubject + subjectWords[of.use] + "." + strconv.FormatInt(of.id, 10))
	})
}

// drop forgets a subject's facts, and says so to whoever shows something by an account's, or watches the
// tokens of a machine or of staff.
func (s *Service) drop(of subject) {
	s.known.drop(of)
	if of.use == token.Access {
		s.stirred(of.id)
	}
	s.suspect(of)
}

// StaffChanged drops what is known of a member of staff once the transaction that ctx is inside has
// committed, and ends the tokens of generations that are no more, on open sockets too.
func (s *Service) StaffChanged(ctx context.Context, id int64) {
	s.changed(ctx, subject{token.Staff, id})
}

func (s *Service) signInEnded(id int64) {
	s.ending.end(id)
	s.publish(endingSubject + strconv.FormatInt(id, 10))
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
	return s.ending.watch(signInID)
}

// Stand is SignInEnded for a token of any use; those of gates and staff end with their generation. A gate
// whose token was rotated goes on with the one before until the moment that until answers (zero: there is
// no such moment). Accounts' tokens have no until.
func (s *Service) Stand(c token.Claims) (ended <-chan struct{}, until func() time.Time, cancel func()) {
	if c.Use == token.Access {
		ended, cancel = s.SignInEnded(c.SignIn)
		return ended, nil, cancel
	}
	of := subject{c.Use, c.Subject}
	w, cancel := s.ending.watchMachine(of, c.SignIn)
	s.suspect(of) // it may be the one before already
	return w.done, w.at, cancel
}

// suspect has the watched tokens of a machine or of staff checked soon. Accounts have their own word for
// the end of a sign-in, and change too often.
func (s *Service) suspect(of subject) {
	if of.use == token.Access || !s.ending.watchesMachine(of) {
		return
	}
	select {
	case s.suspects <- of:
	default:
		s.Forget() // so many at once are checked with all
	}
}

// Forget drops everything remembered, for when changes may have gone unheard: after a write to SQLite by
// another program, or a lost connection to the bus. It is quick.
func (s *Service) Forget() {
	s.known.clear()
	s.Doubt()
}

// Doubt has every token with an open socket checked soon, for when word of its end may not arrive. It is
// quick.
func (s *Service) Doubt() {
	select {
	case s.doubt <- struct{}{}:
	default: // somebody doubts already
	}
}

// Watch listens to the other replicas and looks after the sign-ins that SignInEnded watches, until stop is
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
	s.bus.OnReconnect(s.vault.ForgetAll)
	for subject, hear := range map[string]func(string, []byte){
		factsSubject + "*.*": s.hearOfFacts,
		endingSubject + "*":  s.hearOfEnding,
		erasedSubject + "*":  s.hearOfErasure,
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
		s.drop(subject{subjectUses[word], id})
	}
}

func (s *Service) hearOfEnding(name string, _ []byte) {
	if id, err := strconv.ParseInt(strings.TrimPrefix(name, endingSubject), 10, 64); err == nil {
		s.ending.end(id)
	}
}

// accountErased drops the key of an account that was erased, everywhere.
func (s *Service) accountErased(id int64) {
	s.vault.Forget(vault.AccountKey(id))
	s.publish(erasedSubject + strconv.FormatInt(id, 10))
}

func (s *Service) hearOfErasure(name string, _ []byte) {
	if id, err := strconv.ParseInt(strings.TrimPrefix(name, erasedSubject), 10, 64); err == nil {
		s.vault.Forget(vault.AccountKey(id))
	}
}

func (s *Service) checkWhenInDoubt(ctx context.Context) {
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-s.doubt:
			err = s.checkWatched(ctx)
		case of := <-s.suspects:
			err = s.checkSubject(ctx, of)
		}
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "cannot tell which sign-ins have ended", "error", err)
		}
	}
}

// checkWatched ends those watched sign-ins that live no more, and checks every watched machine.
func (s *Service) checkWatched(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, "check sign-ins")
	for _, of := range s.ending.watchedMachines() {
		if err := s.checkSubject(ctx, of); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(s.ending.ids(), 500) {
		living, err := s.store.Fresh(ctx).SignIn.Query().Where(signin.IDIn(ids...), signin.RevokedAtIsNil()).IDs(ctx)
		if err != nil {
			return fmt.Errorf("read sign-ins: %w", err)
		}
		slices.Sort(living)
		for _, id := range ids {
			if _, lives := slices.BinarySearch(living, id); !lives {
				s.ending.end(id)
			}
		}
	}
	return nil
}

// checkSubject ends the watched tokens of a machine or of staff whose generation stands no more, and notes
// until when the others do.
func (s *Service) checkSubject(ctx context.Context, of subject) error {
	known, err := s.factsOf(viewer.AsSystem(ctx, "check tokens"), of)
	if err != nil {
		return err
	}
	s.ending.compare(of, known, s.clock.Now())
	return nil
}
