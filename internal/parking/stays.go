package parking

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/parkingsession"
	"parkbff/ent/predicate"
	"parkbff/ent/schema/policy"
	"parkbff/ent/sessionaccess"
	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// windowMonths is how far back a person may browse (R015): 近3个月账单.
const windowMonths = 3

// History lists the asking driver's stays of the last months, newest record first; others have none. It
// pages by row and never by time, because the order of hidden times tells about them. Errors: OutOfWindow;
// CONSENT_REQUIRED.
func (s *Service) History(ctx context.Context, months *int, p page.Request) (page.Of[*Stay], error) {
	back := windowMonths
	if months != nil {
		back = *months
	}
	if back < 1 || back > windowMonths {
		return page.Of[*Stay]{}, OutOfWindow.At("months")
	}
	return s.ownStays(ctx, p, parkingsession.EnteredAtGTE(windowStart(s.clock.Now(), back)))
}

// windowStart is midnight in Shanghai: a part of the day lies wholly on one side of it, so that what
// falls out of the window tells no more than its mask does.
func windowStart(now time.Time, months int) time.Time {
	local := now.In(clock.Shanghai)
	year, month, day := local.Date()
	start := time.Date(year, month-time.Month(months), day, 0, 0, 0, 0, clock.Shanghai)
	if start.Day() != day { // the month has no such day
		start = time.Date(year, month-time.Month(months)+1, 1, 0, 0, 0, 0, clock.Shanghai)
	}
	return start.UTC()
}

// OpenStays lists the asking driver's stays that are going on (R019).
func (s *Service) OpenStays(ctx context.Context, p page.Request) (page.Of[*Stay], error) {
	return s.ownStays(ctx, p, parkingsession.StateEQ(parkingsession.StateOPEN))
}

// ownStays lists what hangs under a viewer: whoever is no driver has none.
func (s *Service) ownStays(ctx context.Context, p page.Request, where predicate.ParkingSession) (page.Of[*Stay], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Stay]{}, nil
	}
	if err := entitlement.Require(v, entitlement.StayRecords, 0); err != nil {
		return page.Of[*Stay]{}, err
	}
	return s.stays(ctx, p, where)
}

// LotStays lists the stays of a lot for its staff, in one state or waiting for review when asked.
func (s *Service) LotStays(ctx context.Context, lot *Lot, state *parkingsession.State, review *parkingsession.Review, p page.Request) (page.Of[*Stay], error) {
	if _, err := staffAt(ctx, lot.Row); err != nil {
		return page.Of[*Stay]{}, err
	}
	where := []predicate.ParkingSession{parkingsession.LotID(lot.Row)}
	if state != nil {
		where = append(where, parkingsession.StateEQ(*state))
	}
	if review != nil {
		where = append(where, parkingsession.ReviewEQ(*review))
	}
	return s.stays(ctx, p, where...)
}

// Stay answers one stay that the viewer may see. Errors: fault.NotFound; CONSENT_REQUIRED.
func (s *Service) Stay(ctx context.Context, row int64) (*Stay, error) {
	if v := viewer.Of(ctx); v.Kind == viewer.Driver {
		if err := entitlement.Require(v, entitlement.StayRecords, 0); err != nil {
			return nil, err
		}
	}
	found, err := s.stays(ctx, page.Request{First: 1}, parkingsession.ID(row))
	switch {
	case err != nil:
		return nil, err
	case len(found.Items) == 0:
		return nil, fault.NotFound
	}
	return found.Items[0], nil
}

// stays reads a page of the stays that the viewer may see, in one statement.
func (s *Service) stays(ctx context.Context, p page.Request, where ...predicate.ParkingSession) (page.Of[*Stay], error) {
	v := viewer.Of(ctx)
	if v.Kind == viewer.Anonymous {
		return page.Of[*Stay]{}, fault.NotFound
	}
	query := s.store.Client(ctx).ParkingSession.Query().Where(where...).
		Order(ent.Desc(parkingsession.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(parkingsession.IDLT(p.After))
	}
	if v.Kind == viewer.Driver {
		query.Select(shownToDrivers...).Modify(withHidden)
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Stay]{}, fmt.Errorf("read stays: %w", err)
	}
	cut := page.Cut(rows, p.First)
	stays := make([]*Stay, len(cut.Items))
	for i, row := range cut.Items {
		if stays[i], err = s.stayOf(ctx, row); err != nil {
			return page.Of[*Stay]{}, err
		}
	}
	return page.Of[*Stay]{Items: stays, More: cut.More}, nil
}

// shownToDrivers are the columns from which a driver's stay is made. How an exit was matched is for the
// staff of the lot.
var shownToDrivers = []string{
	parkingsession.FieldID, parkingsession.FieldLotID, parkingsession.FieldVehicleID,
	parkingsession.FieldPlate, parkingsession.FieldPlateColor, parkingsession.FieldState,
	parkingsession.FieldEnteredAt, parkingsession.FieldExitedAt, parkingsession.FieldGoneBefore,
	parkingsession.FieldFeeFen, parkingsession.FieldPaidFen, parkingsession.FieldDiscountedFen,
	parkingsession.FieldPaidUntil, parkingsession.FieldFree,
}

// withHidden reads the account's wish for each record from the row that gives it access; the policy of
// ParkingSession has joined it.
func withHidden(s *sql.Selector) {
	s.AppendSelectAs(policy.Access().C(sessionaccess.FieldHidden), columnHidden)
}

const columnHidden = "access_hidden"

// stayOf opens a stay's values.
func (s *Service) stayOf(ctx context.Context, row *ent.ParkingSession) (*Stay, error) {
	plate, err := s.vault.OpenString(ctx, vault.LotKey(row.LotID), sealedStayPlate, row.Plate)
	if err != nil {
		return nil, fmt.Errorf("open plate: %w", err)
	}
	stay := &Stay{
		Row: row.ID, LotID: row.LotID, Plate: plate, State: row.State, Match: row.Match, Review: row.Review,
		EnteredAt: row.EnteredAt, ExitedAt: row.ExitedAt, GoneBefore: row.GoneBefore,
		FeeFen: row.FeeFen, PaidFen: row.PaidFen, DiscountedFen: row.DiscountedFen, Hidden: hidden(row), asOf: s.clock.Now(),
	}
	if row.VehicleID != nil {
		stay.VehicleID = *row.VehicleID
	}
	lot, known := s.LotByRow(row.LotID)
	if !known {
		return stay, nil
	}
	stay.LotName, stay.HalfLotName = lot.Name, lot.HalfName
	if row.State == parkingsession.StateOPEN {
		parsed, err := cnid.ParsePlate(plate, cnid.Color(row.PlateColor))
		if err != nil {
			return nil, fmt.Errorf("read plate: %w", err)
		}
		stay.FeeFen = s.feeAt(lot, parsed, row, stay.asOf)
	}
	return stay, nil
}

func hidden(row *ent.ParkingSession) bool {
	value, err := row.Value(columnHidden)
	if err != nil {
		return false // not selected: the viewer is not a driver
	}
	switch v := value.(type) {
	case bool:
		return v
	case int64:
		return v != 0
	}
	return false
}
