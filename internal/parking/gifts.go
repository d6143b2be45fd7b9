package parking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent/parkingsession"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// OwedBy answers the stay for which a plate owes something in a lot, to somebody who wants to give a discount for it and
// sees nothing of it; 0 for absent, free, paid and protected cars alike. Each question counts as a stranger's quote
// (design: quotes). Errors: the faults of a plate; RATE_LIMITED.
func (s *Service) OwedBy(ctx context.Context, text string, color cnid.Color, lotID int64) (session int64, err error) {
	plate, err := cnid.ParsePlate(text, color)
	if err != nil {
		return 0, atPlate(err)
	}
	index := s.vault.Index(PlateIndex, plate.Key())
	quoted, err := s.strangersQuote(ctx, index, lotID, standing(lotID, index))
	payable, owes := quoted.(Payable)
	switch {
	case err != nil:
		return 0, tooOften(err)
	case !owes:
		return 0, nil
	}
	offer, err := s.OpenOffer(payable.Token)
	return offer.SessionID, err
}

// Takes tells whether a stay that the viewer may see can be given a discount of a lot: it is there, and is open or owes
// something. To who does not see in which lot it is, each question counts as a stranger's quote: else codes of many lots
// would tell. Errors: NOT_FOUND, RATE_LIMITED.
func (s *Service) Takes(ctx context.Context, row, lotID int64) (bool, error) {
	stay, err := s.Stay(ctx, row)
	if err != nil {
		return false, err
	}
	if v := viewer.Of(ctx); v.Kind != viewer.Driver || entitlement.Require(v, entitlement.ClearRecords, 0) != nil || !seesLot(v, stay) {
		if err := s.countLot(ctx, row, lotID); err != nil {
			return false, err
		}
	}
	running := stay.State == parkingsession.StateOPEN || stay.State == parkingsession.StateCLOSED && stay.OwedFen() > 0
	return running && stay.LotID == lotID, nil
}

// countLot counts that somebody tries whether a stay is in a lot.
func (s *Service) countLot(ctx context.Context, row, lotID int64) error {
	system := viewer.AsSystem(ctx, jobQuote)
	found, err := s.store.Fresh(ctx).ParkingSession.Get(system, row)
	if err != nil {
		return fmt.Errorf("read the stay: %w", err)
	}
	err = s.countAttempt(system, found.PlateIndex, lotID)
	s.noteProbe(ctx, err)
	return tooOften(err)
}

// tooOften is what is answered where no lane's code helps.
func tooOften(err error) error {
	if errors.Is(err, QuoteNeedsLane) {
		return fault.RateLimited.With("retryAfter", int(time.Hour/time.Second))
	}
	return err
}
