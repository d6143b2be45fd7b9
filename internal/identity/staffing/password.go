package staffing

import (
	"context"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"parkbff/internal/fault"
)

// Lengths of a password in characters. There are no rules of composition (NIST SP 800-63B, section 5.1.1.2).
const (
	shortestPassword = 12
	longestPassword  = 128
)

const (
	// mostHashings is how many passwords are hashed at a time at most, at 64 MiB each; on a small machine
	// half the cores do so, and the other half goes on serving.
	mostHashings = 4
	// hashingWait is how long somebody waits for the others.
	hashingWait = 10 * time.Second
)

// hashing is argon2id with the memory and the passes of RFC 9106, section 4, second recommendation (64 MiB,
// t=3), in one lane: lanes spread one hash over cores, and here the cores are needed for others. The
// parameters stand in each hash, so that they may change.
func hashing() *argon2id.Params {
	return &argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// passwords hashes and compares, a few at a time: a flood of sign-ins takes neither the memory nor all cores.
type passwords struct {
	turns *semaphore.Weighted
	cost  *argon2id.Params
	decoy string
}

func newPasswords(cost *argon2id.Params) *passwords {
	if cost == nil {
		cost = hashing()
	}
	turns := min(max(1, runtime.GOMAXPROCS(0)/2), mostHashings)
	return &passwords{turns: semaphore.NewWeighted(int64(turns)), cost: cost, decoy: decoy(cost)}
}

// decoy is a hash that costs as much as any and that no password has: its key is all zeros.
func decoy(p *argon2id.Params) string {
	zeros := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Iterations, p.Parallelism,
		zeros.EncodeToString(make([]byte, p.SaltLength)), zeros.EncodeToString(make([]byte, p.KeyLength)))
}

// hash answers the PHC form of a password. Error: UNAVAILABLE when too many others wait.
func (p *passwords) hash(ctx context.Context, password string) (hash string, err error) {
	err = p.inTurn(ctx, func() error {
		hash, err = argon2id.CreateHash(norm.NFKC.String(password), p.cost)
		return err
	})
	return hash, err
}

// match tells whether a password is the one of a hash. Without a hash it is not, at the same cost. Error as
// of hash.
func (p *passwords) match(ctx context.Context, password, hash string) (good bool, err error) {
	known := hash != ""
	if !known {
		hash = p.decoy
	}
	err = p.inTurn(ctx, func() error {
		good, err = argon2id.ComparePasswordAndHash(norm.NFKC.String(password), hash)
		return err
	})
	return good && known, err
}

func (p *passwords) inTurn(ctx context.Context, do func() error) error {
	waiting, cancel := context.WithTimeout(ctx, hashingWait)
	defer cancel()
	if err := p.turns.Acquire(waiting, 1); err != nil {
		return fault.Unavailable.Because(fmt.Errorf("wait for a turn to hash: %w", err))
	}
	defer p.turns.Release(1)
	if err := do(); err != nil {
		return fmt.Errorf("hash a password: %w", err)
	}
	return nil
}

// checkLength counts characters as the hash will see them.
func checkLength(password string) error {
	if n := utf8.RuneCountInString(norm.NFKC.String(password)); n < shortestPassword || n > longestPassword {
		return InvalidPassword
	}
	return nil
}

func isLabel(password, label string) bool {
	return strings.EqualFold(norm.NFKC.String(password), label)
}
