package permit

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"
	"unicode/utf8"

	"parkbff/ent"
	"parkbff/ent/permit"
	"parkbff/ent/plateright"
	"parkbff/ent/predicate"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Faults of lists.
var (
	InvalidRight    = fault.New("INVALID_PLATE_RIGHT", "A plate is exempt or blocked, for a reason of 1 to 100 characters, until a later moment or for good.")
	InvalidWindow   = fault.New("INVALID_VISIT", "A visit ends after it begins, a week later at most, and begins within thirty days.")
	TooManyVisitors = fault.New("TOO_MANY_VISITORS", "A permit invites five visitors at a time at most.")
)

// Limits of lists.
const (
	longestNote   = 100
	longestVisit  = 7 * 24 * time.Hour
	visitsWithin  = 30 * 24 * time.Hour
	visitsAtATime = 5
)

const sealedNote = "plate_right.note"

// Right is what a plate may do in a lot, for whoever gave it.
type Right struct {
	Row        int64
	Lot        *parking.Lot // nil for one that was taken away
	Kind       plateright.Kind
	Plate      string
	PlateColor cnid.Color
	StartsAt   time.Time
	EndsAt     *time.Time
	Reason     *string
}

// Format prints "right" under every verb.
func (Right) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, rightWord) }

// LogValue keeps its values out of structured logs.
func (Right) LogValue() slog.Value { return slog.StringValue(rightWord) }

const rightWord = "right"

// Listing is a plate that a lot lists.
type Listing struct {
	LotCode string
	Plate   Plate
	Kind    plateright.Kind // EXEMPT or BLOCKED
	Until   *time.Time      // nil: for good
	Reason  string
}

// ListPlate puts a plate on a list of a lot: it parks there for nothing, or should not come in. It is for managers of
// the lot. One that is on that list already is there by the new words only.
//
// Errors: UnknownLot; UNAUTHENTICATED, FORBIDDEN; the faults of a plate; InvalidRight.
func (s *Service) ListPlate(ctx context.Context, l Listing) (*Right, error) {
	lot, ok := s.lots.Lot(l.LotCode)
	if !ok {
		return nil, UnknownLot
	}
	v, err := viewer.ManagerOf(ctx, lot.Row)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	listed := l.Kind == plateright.KindEXEMPT || l.Kind == plateright.KindBLOCKED
	reasoned := l.Reason != "" && utf8.RuneCountInString(l.Reason) <= longestNote
	if !listed || !reasoned || l.Until != nil && !l.Until.After(now) {
		return nil, InvalidRight
	}
	return s.give(ctx, lot.Row, l.Plate, func(tx *ent.Tx, c *ent.PlateRightCreate) error {
		note, err := s.vault.SealString(ctx, vault.LotKey(lot.Row), sealedNote, l.Reason)
		if err != nil {
			return fmt.Errorf("seal the reason: %w", err)
		}
		index, _ := c.Mutation().PlateIndex()
		err = tx.PlateRight.Update().Where(plateright.LotID(lot.Row), plateright.PlateIndex(index), plateright.KindEQ(l.Kind), holding(now)).
			SetEndsAt(now).Exec(viewer.AsSystem(ctx, jobList))
		if err != nil {
			return fmt.Errorf("end what it was listed for: %w", err)
		}
		c.SetKind(l.Kind).SetStartsAt(now).SetNillableEndsAt(l.Until).SetNote(note).SetStaffID(v.StaffID)
		return nil
	})
}

// holding holds for the rights that are not over.
func holding(now time.Time) predicate.PlateRight {
	return plateright.Or(plateright.EndsAtIsNil(), plateright.EndsAtGT(now))
}

// give writes a right of a plate, once the caller has said which.
func (s *Service) give(ctx context.Context, lotID int64, p Plate, say func(tx *ent.Tx, c *ent.PlateRightCreate) error) (*Right, error) {
	plates, err := parsed([]Plate{p})
	if err != nil {
		if f := fault.As(err); f != nil {
			return nil, f.At("plate")
		}
		return nil, err
	}
	if err := s.vault.Ready(ctx, vault.LotKey(lotID)); err != nil {
		return nil, fmt.Errorf("ready the lot's data key: %w", err)
	}
	var row *ent.PlateRight
	err = s.write(ctx, jobList, func(ctx context.Context, tx *ent.Tx) error {
		create, err := s.addPlate(ctx, tx, lotID, plates[0])
		if err != nil {
			return err
		}
		if err := say(tx, create); err != nil {
			return err
		}
		if row, err = create.Save(ctx); err != nil {
			return fmt.Errorf("write the right: %w", err)
		}
		return s.lots.Regrant(ctx, tx, lotID, row.PlateIndex)
	})
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, row)
}

// Visit is a car that somebody invites.
type Visit struct {
	LotCode string
	Plate   Plate
	From    time.Time
	Until   time.Time
}

// InviteVisitor lets a car park for nothing for a while. It is for managers of the lot, and for accounts with a permit
// there that is paid. Errors: UnknownLot; UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; the faults of a plate;
// InvalidWindow, TooManyVisitors.
func (s *Service) InviteVisitor(ctx context.Context, n Visit) (*Right, error) {
	lot, ok := s.lots.Lot(n.LotCode)
	if !ok {
		return nil, UnknownLot
	}
	v, now := viewer.Of(ctx), s.clock.Now()
	if v.Kind != viewer.Staff {
		if _, err := driver(ctx); err != nil {
			return nil, err
		}
	} else if _, err := viewer.ManagerOf(ctx, lot.Row); err != nil {
		return nil, err
	}
	from := n.From
	if from.Before(now) {
		from = now
	}
	if !n.Until.After(from) || n.Until.Sub(from) > longestVisit || from.Sub(now) > visitsWithin {
		return nil, InvalidWindow
	}
	return s.give(ctx, lot.Row, n.Plate, func(tx *ent.Tx, c *ent.PlateRightCreate) error {
		c.SetKind(plateright.KindVISITOR).SetStartsAt(from).SetEndsAt(n.Until)
		if v.Kind == viewer.Staff {
			c.SetStaffID(v.StaffID)
			return nil
		}
		c.SetAccountID(v.AccountID)
		return s.mayInvite(viewer.AsSystem(ctx, jobList), tx, lot.Row, v.AccountID)
	})
}

// mayInvite holds a permit of the account, so that of two invitations at once the second counts the first.
func (s *Service) mayInvite(ctx context.Context, tx *ent.Tx, lotID, account int64) error {
	now := s.clock.Now()
	of, err := tx.Permit.Query().Where(permit.LotID(lotID), permit.AccountID(account), permit.EndsAtGT(now)).
		Order(permit.ByID()).First(ctx)
	switch {
	case ent.IsNotFound(err):
		return fault.Forbidden
	case err != nil:
		return fmt.Errorf("look for a permit: %w", err)
	}
	if err := tx.Permit.UpdateOne(of).SetEndsAt(of.EndsAt).Exec(ctx); err != nil {
		return fmt.Errorf("hold the permit: %w", err)
	}
	invited, err := tx.PlateRight.Query().Where(plateright.LotID(lotID), plateright.AccountID(account),
		plateright.KindEQ(plateright.KindVISITOR), plateright.EndsAtGT(now)).Count(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("count the visitors: %w", err)
	case invited >= visitsAtATime:
		return TooManyVisitors
	}
	return nil
}

// EndRight ends a right before its time: any of its lists for a manager of the lot, a visit for who invited. A car that
// stands in the lot pays from that moment. Errors: NOT_FOUND.
func (s *Service) EndRight(ctx context.Context, row int64) (*Right, error) {
	known, err := s.rightByRow(ctx, row)
	if err != nil {
		return nil, err
	}
	v := viewer.Of(ctx)
	if known.Kind == plateright.KindPERMIT || v.Kind == viewer.Staff && !v.ManagesLot(known.LotID) {
		return nil, fault.NotFound
	}
	err = s.write(ctx, jobList, func(ctx context.Context, tx *ent.Tx) error {
		now := s.clock.Now()
		if known, err = tx.PlateRight.Get(ctx, row); err != nil {
			return fmt.Errorf("read the right: %w", err)
		}
		if known.EndsAt != nil && !known.EndsAt.After(now) {
			return nil
		}
		if known, err = tx.PlateRight.UpdateOne(known).SetEndsAt(now).Save(ctx); err != nil {
			return fmt.Errorf("end the right: %w", err)
		}
		return s.lots.Regrant(ctx, tx, known.LotID, known.PlateIndex)
	})
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, known)
}

// rightByRow reads a right that the viewer may see: of the account, or of the lot for its staff.
func (s *Service) rightByRow(ctx context.Context, row int64) (*ent.PlateRight, error) {
	if kind := viewer.Of(ctx).Kind; kind != viewer.Driver && kind != viewer.Staff {
		return nil, fault.NotFound
	}
	found, err := s.store.Fresh(ctx).PlateRight.Query().Where(plateright.ID(row)).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the right: %w", err)
	}
	return found, nil
}

// RightByRow answers a right that the viewer may see. Error: NOT_FOUND.
func (s *Service) RightByRow(ctx context.Context, row int64) (*Right, error) {
	found, err := s.rightByRow(ctx, row)
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, found)
}

// Rights lists the plates of one list of a lot, or of all, that are not over, newest first, for its staff. Errors: UnknownLot;
// UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Rights(ctx context.Context, lotCode string, kind *plateright.Kind, p page.Request) (page.Of[*Right], error) {
	lot, ok := s.lots.Lot(lotCode)
	if !ok {
		return page.Of[*Right]{}, UnknownLot
	}
	switch v := viewer.Of(ctx); {
	case v.Kind == viewer.Anonymous:
		return page.Of[*Right]{}, fault.Unauthenticated
	case v.Kind != viewer.Staff || !v.WorksAt(lot.Row):
		return page.Of[*Right]{}, fault.Forbidden
	}
	which := []predicate.PlateRight{plateright.LotID(lot.Row)}
	if kind != nil {
		which = append(which, plateright.KindEQ(*kind))
	}
	return s.list(ctx, p, which...)
}

// Visitors lists whom the asking driver has invited and whose visit is not over, newest first; others have none.
// Errors: CONSENT_REQUIRED.
func (s *Service) Visitors(ctx context.Context, p page.Request) (page.Of[*Right], error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return page.Of[*Right]{}, nil
	}
	if _, err := driver(ctx); err != nil {
		return page.Of[*Right]{}, err
	}
	return s.list(ctx, p, plateright.KindEQ(plateright.KindVISITOR))
}

// list reads a page of the rights that the viewer may see and that are not over.
func (s *Service) list(ctx context.Context, p page.Request, where ...predicate.PlateRight) (page.Of[*Right], error) {
	query := s.store.Fresh(ctx).PlateRight.Query().Where(where...).Where(holding(s.clock.Now())).
		Order(ent.Desc(plateright.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(plateright.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Right]{}, fmt.Errorf("read rights: %w", err)
	}
	cut := page.Cut(rows, p.First)
	rights := make([]*Right, len(cut.Items))
	for i, row := range cut.Items {
		if rights[i], err = s.shown(ctx, row); err != nil {
			return page.Of[*Right]{}, err
		}
	}
	return page.Of[*Right]{Items: rights, More: cut.More}, nil
}

func (s *Service) shown(ctx context.Context, row *ent.PlateRight) (*Right, error) {
	r := &Right{Row: row.ID, Kind: row.Kind, PlateColor: cnid.Color(row.PlateColor), StartsAt: row.StartsAt, EndsAt: row.EndsAt}
	r.Lot, _ = s.lots.LotByRow(row.LotID)
	var err error
	if r.Plate, err = s.vault.OpenString(ctx, vault.LotKey(row.LotID), sealedPlate, row.Plate); err != nil {
		return nil, fmt.Errorf("open the plate: %w", err)
	}
	if row.Note != nil {
		note, err := s.vault.OpenString(ctx, vault.LotKey(row.LotID), sealedNote, row.Note)
		if err != nil {
			return nil, fmt.Errorf("open the reason: %w", err)
		}
		r.Reason = &note
	}
	return r, nil
}
