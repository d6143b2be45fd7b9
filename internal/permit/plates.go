package permit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/permit"
	"parkbff/ent/plateright"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/vault"
)

// Faults of the plates of a permit.
var (
	TooManyPlates  = fault.New("TOO_MANY_PERMIT_PLATES", "A permit is for one plate at least, and no more than its plan says.").At("plates")
	TooManyChanges = fault.New("TOO_MANY_PLATE_CHANGES", "Plates of a permit are taken off it five times in thirty days at most.").At("plates")
)

// Limits of changing plates.
const (
	mostChanges   = 5
	changesWithin = 30 * 24 * time.Hour
)

// Plate is a plate as somebody writes it.
type Plate struct {
	Text  string
	Color cnid.Color // empty: what its kind implies
}

// SetPlates says for which plates one's own permit is. One that is taken off it parks as a visitor from that moment; a
// car of it that stands in the lot keeps its bay until it leaves. Of a permit with more plates than bays, a car that
// stands in the lot already when it is added stays a visitor: what a stay costs is not changed backwards.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; NOT_FOUND; the faults of a plate; TooManyPlates, TooManyChanges.
func (s *Service) SetPlates(ctx context.Context, row int64, plates []Plate) (*Permit, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	wanted, err := parsed(plates)
	if err != nil {
		return nil, err
	}
	known, err := s.One(ctx, row)
	if err != nil {
		return nil, err
	}
	if known.Lot == nil {
		return nil, fault.NotFound
	}
	if err := s.vault.Ready(ctx, vault.LotKey(known.Lot.Row)); err != nil {
		return nil, fmt.Errorf("ready the lot's data key: %w", err)
	}
	err = s.write(ctx, jobPlates, func(ctx context.Context, tx *ent.Tx) error {
		of, err := s.Own(ctx, tx, v.AccountID, row)
		if err != nil {
			return err
		}
		return s.setPlates(ctx, tx, of, wanted)
	})
	if err != nil {
		return nil, err
	}
	return s.One(ctx, row)
}

func parsed(plates []Plate) ([]cnid.Plate, error) {
	var wanted []cnid.Plate
	for _, p := range plates {
		plate, err := cnid.ParsePlate(p.Text, p.Color)
		if err != nil {
			if f := fault.As(err); f != nil {
				return nil, f.At("plates")
			}
			return nil, err
		}
		if !slices.ContainsFunc(wanted, func(other cnid.Plate) bool { return other.Key() == plate.Key() }) {
			wanted = append(wanted, plate)
		}
	}
	return wanted, nil
}

// setPlates holds the permit first: of two changes at once the second sees what the first has made.
func (s *Service) setPlates(ctx context.Context, tx *ent.Tx, of *ent.Permit, wanted []cnid.Plate) error {
	if len(wanted) == 0 || len(wanted) > of.Plates {
		return TooManyPlates
	}
	now := s.clock.Now()
	if err := tx.Permit.Update().Where(permit.ID(of.ID)).SetEndsAt(of.EndsAt).Exec(ctx); err != nil {
		return fmt.Errorf("hold the permit: %w", err)
	}
	rights, err := tx.PlateRight.Query().Where(plateright.PermitID(of.ID)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the permit's plates: %w", err)
	}
	keep := map[string]bool{}
	for _, p := range wanted {
		keep[string(s.indexOf(p))] = true
	}
	changes := 0
	for _, r := range rights {
		switch {
		case r.EndsAt != nil && now.Sub(*r.EndsAt) < changesWithin:
			changes++
		case r.EndsAt == nil && keep[string(r.PlateIndex)]:
			delete(keep, string(r.PlateIndex))
		case r.EndsAt == nil:
			changes++
			if err := tx.PlateRight.UpdateOne(r).SetEndsAt(now).Exec(ctx); err != nil {
				return fmt.Errorf("take a plate off the permit: %w", err)
			}
		}
	}
	if changes > mostChanges {
		return TooManyChanges
	}
	for _, p := range wanted {
		if !keep[string(s.indexOf(p))] {
			continue
		}
		right, err := s.addPlate(ctx, tx, of.LotID, p)
		if err != nil {
			return err
		}
		err = right.SetKind(plateright.KindPERMIT).SetPermitID(of.ID).SetNillableAccountID(of.AccountID).SetStartsAt(now).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write the permit's plate: %w", err)
		}
	}
	return s.regrant(ctx, tx, of)
}
