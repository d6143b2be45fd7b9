// Package loyalty owns membership: the points that an account earns by what it pays for parking, what becomes of them,
// and the level that they make.
//
// Points come in lots, each of which lapses as one, and go out of them oldest first. What there is, is written down beside
// every movement, and the row of the membership is changed with each: of two who spend at once the second is tried again,
// and finds what the first has left.
package loyalty

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/internal/clock"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Policies says in which versions of the privacy policy a consent to a purpose counts at a moment.
type Policies interface {
	Counting(purpose consent.Purpose, at time.Time) []string
}

// Config is what a Service is made of. All of it is required.
type Config struct {
	Store    *store.Store
	Clock    clock.Clock
	Policies Policies
}

// Service is safe for concurrent use.
type Service struct {
	store    *store.Store
	clock    clock.Clock
	policies Policies
}

// New answers a service.
func New(c Config) *Service { return &Service{c.Store, c.Clock, c.Policies} }

// NotEnough is answered to whoever wants to spend more points than there are, or owes some.
var NotEnough = fault.New("NOT_ENOUGH_POINTS", "There are not so many points.")

// The jobs that this package does as the system.
const (
	jobLapse = "let points lapse"
	jobRead  = "read points"
)

// Member answers the viewer, if they have an account that takes part. Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED.
func (s *Service) Member(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver && v.Kind != viewer.Anonymous {
		return nil, fault.Forbidden
	}
	return v, entitlement.Require(v, entitlement.Membership, 0)
}

// agrees tells whether an account takes part now: membership is an additional function (附加业务功能, 捷停车用户隐私政策
// (二)1(2)), which nobody has without having asked for it.
func (s *Service) agrees(ctx context.Context, tx *ent.Tx, accountID int64) (bool, error) {
	for _, purpose := range []consent.Purpose{consent.PurposePARKING_CORE, consent.PurposeMEMBERSHIP} {
		holds, err := tx.Consent.Query().Where(consent.AccountID(accountID), consent.PurposeEQ(purpose), consent.WithdrawnAtIsNil(),
			consent.EndedAtIsNil(), consent.PolicyVersionIn(s.policies.Counting(purpose, s.clock.Now())...)).Exist(ctx)
		if err != nil {
			return false, fmt.Errorf("read consents: %w", err)
		}
		if !holds {
			return false, nil
		}
	}
	return true, nil
}
