package parking

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"parkbff/internal/store"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/gatecommand"
	"parkbff/ent/notice"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/ent/schema/policy"
	"parkbff/ent/sessionaccess"
	"parkbff/internal/cnid"
	told "parkbff/internal/notice"
	"parkbff/internal/viewer"
)

// Payment is money received for a stay, or vouchers given for it, or both.
type Payment struct {
	SessionID   int64
	AccountID   int64 // 0: nobody signed in paid
	Fen         int64
	DiscountFen int64 // what its vouchers may take off
	PaidAt      time.Time
}

// Settled is what of a payment was taken.
type Settled struct {
	Fen, DiscountFen int64
	Covers           bool // the stay is over and owes nothing any more: LetOut comes next, once the ledger has the money
}

// Settle books a payment on its stay inside the payer's transaction and answers how much of it was taken: what is
// owed and no more, of vouchers first, so that of two payments for one stay the second is not taken, nor one for a
// GHOST. When the stay is covered its car may leave within the tariff's grace without owing more; an account that paid
// sees the stay from then on. The caller is the system and answers for the payment being booked once.
func (s *Service) Settle(ctx context.Context, tx *ent.Tx, p Payment) (taken Settled, err error) {
	row, err := tx.ParkingSession.Get(ctx, p.SessionID)
	if err != nil {
		return Settled{}, fmt.Errorf("read the paid stay: %w", err)
	}
	owed, plate, err := s.owedAt(ctx, row, p.PaidAt)
	if err != nil || owed <= 0 {
		return Settled{}, err
	}
	taken.DiscountFen = min(owed, p.DiscountFen)
	taken.Fen = min(owed-taken.DiscountFen, p.Fen)
	if taken == (Settled{}) {
		return Settled{}, nil
	}
	p.Fen, p.DiscountFen = taken.Fen, taken.DiscountFen
	until, err := s.exitBy(row, plate, p)
	if err != nil {
		return Settled{}, err
	}
	n, err := tx.ParkingSession.Update().
		Where(parkingsession.ID(row.ID), parkingsession.PaidFen(row.PaidFen), parkingsession.DiscountedFen(row.DiscountedFen)).
		AddPaidFen(taken.Fen).AddDiscountedFen(taken.DiscountFen).SetNillablePaidUntil(until).Save(ctx)
	if err := store.ChangedOne(n, err, "book payment"); err != nil {
		return Settled{}, err
	}
	if err := s.creditPayer(ctx, tx, row, plate, p); err != nil {
		return Settled{}, err
	}
	taken.Covers = row.State == parkingsession.StateCLOSED && taken.Fen+taken.DiscountFen == owed
	return taken, nil
}

// creditPayer lets an account that paid money see the stay, and tells it. By a voucher alone nobody comes to see the
// stay of a stranger's car: that would cost nothing.
func (s *Service) creditPayer(ctx context.Context, tx *ent.Tx, row *ent.ParkingSession, plate cnid.Plate, p Payment) error {
	if p.AccountID == 0 || p.Fen == 0 {
		return nil
	}
	if err := letPayerSee(ctx, tx, row, p.AccountID); err != nil {
		return err
	}
	return s.tellPayer(ctx, tx, row, plate, notice.KindPAID, p)
}

// Unsettle takes back what was taken for a stay and is to be refunded. A stay that is over costs so much less; of one
// that goes on it is owed again.
func (s *Service) Unsettle(ctx context.Context, tx *ent.Tx, sessionID, fen int64) error {
	row, err := tx.ParkingSession.Get(ctx, sessionID)
	if err != nil {
		return fmt.Errorf("read the refunded stay: %w", err)
	}
	back := tx.ParkingSession.Update().
		Where(parkingsession.ID(row.ID), parkingsession.PaidFen(row.PaidFen), parkingsession.StateEQ(row.State)).AddPaidFen(-fen)
	if row.State == parkingsession.StateOPEN {
		back.ClearPaidUntil()
	} else {
		back.AddFeeFen(-fen)
	}
	n, err := back.Save(ctx)
	return store.ChangedOne(n, err, "take a payment back")
}

// WriteOff lets nobody owe what is still owed for a stay that is over, and answers how much that was. The caller is the
// system.
func (s *Service) WriteOff(ctx context.Context, tx *ent.Tx, sessionID int64) (fen int64, err error) {
	row, err := tx.ParkingSession.Get(ctx, sessionID)
	if err != nil {
		return 0, fmt.Errorf("read the stay to write off: %w", err)
	}
	fen = row.FeeFen - covered(row)
	if row.State != parkingsession.StateCLOSED || fen <= 0 {
		return 0, nil
	}
	n, err := tx.ParkingSession.Update().
		Where(parkingsession.ID(row.ID), parkingsession.FeeFen(row.FeeFen), parkingsession.PaidFen(row.PaidFen),
			parkingsession.StateEQ(row.State)).AddFeeFen(-fen).Save(ctx)
	return fen, store.ChangedOne(n, err, "write a stay off")
}

// TellDecided tells an account that its dispute of a stay's charge was decided, and what goes back to it.
func (s *Service) TellDecided(ctx context.Context, tx *ent.Tx, p Payment) error {
	return s.tellOf(ctx, tx, notice.KindCHARGE_DECIDED, p)
}

// TellRefunded tells the account that paid for a stay that so much has gone back to it.
func (s *Service) TellRefunded(ctx context.Context, tx *ent.Tx, p Payment) error {
	return s.tellOf(ctx, tx, notice.KindREFUNDED, p)
}

// tellOf is tellPayer for a stay that is not at hand.
func (s *Service) tellOf(ctx context.Context, tx *ent.Tx, kind notice.Kind, p Payment) error {
	row, err := tx.ParkingSession.Get(ctx, p.SessionID)
	if err != nil {
		return fmt.Errorf("read the paid stay: %w", err)
	}
	plate, err := s.plateOf(ctx, row)
	if err != nil {
		return err
	}
	return s.tellPayer(ctx, tx, row, plate, kind, p)
}

// tellPayer writes a notice for the account that paid, if it follows on a channel (R024).
func (s *Service) tellPayer(ctx context.Context, tx *ent.Tx, row *ent.ParkingSession, plate cnid.Plate, kind notice.Kind, p Payment) error {
	follows, err := tx.ChannelLink.Query().
		Where(channellink.AccountID(p.AccountID), channellink.EndedAtIsNil()).Exist(ctx)
	if err != nil {
		return fmt.Errorf("look whether the payer follows: %w", err)
	}
	if !follows {
		return nil
	}
	news := told.Telling{
		AccountID: p.AccountID, Kind: kind, SessionID: row.ID, LotID: row.LotID, Plate: plate.Text(),
		OccurredAt: p.PaidAt, FeeFen: &p.Fen,
	}
	if row.VehicleID != nil {
		news.VehicleID = *row.VehicleID
	}
	if err := s.teller.Tell(ctx, tx, news); err != nil {
		return fmt.Errorf("tell the payer: %w", err)
	}
	return nil
}

// owedAt is what a stay still costs at t.
func (s *Service) owedAt(ctx context.Context, row *ent.ParkingSession, t time.Time) (int64, cnid.Plate, error) {
	plate, err := s.plateOf(ctx, row)
	if err != nil {
		return 0, cnid.Plate{}, err
	}
	fee := row.FeeFen
	if lot, ok := s.LotByRow(row.LotID); ok && row.State == parkingsession.StateOPEN {
		fee = s.feeAt(lot, plate, row, t)
	}
	return fee - covered(row), plate, nil
}

// exitBy is until when a car may leave after paying, or nil when it was too little for that.
func (s *Service) exitBy(row *ent.ParkingSession, plate cnid.Plate, p Payment) (*time.Time, error) {
	lot, ok := s.LotByRow(row.LotID)
	if !ok || lot.tariff == nil {
		return &p.PaidAt, nil
	}
	if covered(row)+p.Fen+p.DiscountFen < s.quotedFee(lot, plate, row, p.PaidAt) {
		return nil, nil
	}
	until, err := lot.tariff.ExitBy(tariffStay(plate, row.EnteredAt, p.PaidAt), p.PaidAt)
	if err != nil {
		return nil, fmt.Errorf("grace after payment: %w", err)
	}
	return &until, nil
}

// quotedFee is the least that a stay can have been said to cost by a quote that still held at t.
func (s *Service) quotedFee(lot *Lot, plate cnid.Plate, row *ent.ParkingSession, t time.Time) int64 {
	if row.State != parkingsession.StateOPEN {
		return row.FeeFen
	}
	quoted := t.Add(-quoteHolds)
	if quoted.Before(row.EnteredAt) {
		return 0
	}
	return s.feeAt(lot, plate, row, quoted)
}

func letPayerSee(ctx context.Context, tx *ent.Tx, row *ent.ParkingSession, accountID int64) error {
	n, err := tx.SessionAccess.Update().
		Where(sessionaccess.AccountID(accountID), sessionaccess.SessionID(row.ID)).SetPaid(true).Save(ctx)
	if err != nil {
		return fmt.Errorf("let the payer see the stay: %w", err)
	}
	if n > 0 {
		return nil
	}
	err = tx.SessionAccess.Create().SetAccountID(accountID).SetSessionID(row.ID).
		SetNillableVehicleID(row.VehicleID).SetBound(false).SetPaid(true).Exec(ctx)
	if err != nil {
		return fmt.Errorf("let the payer see the stay: %w", err)
	}
	return nil
}

// LetOut orders the gate to open at which the car of a covered stay waits, if it still does: in the transaction that has
// booked the money, and after it has. A gate that hears nothing reports the car again, and is then told to let it go.
func (s *Service) LetOut(ctx context.Context, tx *ent.Tx, sessionID int64) error {
	exit, gate, err := s.waitsAt(ctx, tx, sessionID)
	if err != nil || gate == nil {
		return err
	}
	_, err = s.writeCommand(ctx, tx, gate, 0, Command{
		IdempotencyKey: paidKey + strconv.FormatInt(exit.ID, 10), Kind: gatecommand.KindOPEN, Reason: paidReason,
	})
	return err
}

// waitsAt answers the gate at which the car of a stay waits to pay, and by which exit, or nil: nobody else has been
// seen there since, and it was seen a moment ago.
func (s *Service) waitsAt(ctx context.Context, tx *ent.Tx, sessionID int64) (*ent.Observation, *Gate, error) {
	held, err := tx.Observation.Query().
		Where(observation.SessionID(sessionID), observation.DirectionEQ(observation.DirectionEXIT)).
		Order(ent.Desc(observation.FieldObservedAt), ent.Desc(observation.FieldID)).First(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("look for the waiting car: %w", err)
	case !waitsToPay(held) || held.ObservedAt.Before(s.clock.Now().Add(-laneSeesFor)):
		return nil, nil, nil
	}
	followed, err := tx.Observation.Query().
		Where(observation.GateID(held.GateID), observation.ObservedAtGT(held.ObservedAt)).Exist(ctx)
	if err != nil || followed {
		return nil, nil, err
	}
	return held, s.catalogue.Load().gates[held.GateID], nil
}

// paidKey begins the keys of orders that follow a payment; no client's key has a blank.
const paidKey = "paid "

// paidReason is why a gate is ordered to open; lots' staff read it.
const paidReason = "已缴费"

// Owed is what a stay still costs, and where.
type Owed struct {
	LotID  int64
	Fen    int64 // nothing, or less, when it is covered
	Before bool  // something was paid or taken off before: what is owed is for staying longer
}

// Owed answers what a stay costs at t beyond what was paid, inside the transaction of whoever is about to ask for
// it. The caller is the system.
func (s *Service) Owed(ctx context.Context, tx *ent.Tx, sessionID int64, at time.Time) (Owed, error) {
	row, err := tx.ParkingSession.Get(ctx, sessionID)
	if err != nil {
		return Owed{}, fmt.Errorf("read the stay: %w", err)
	}
	owed, _, err := s.owedAt(ctx, row, at)
	return Owed{LotID: row.LotID, Fen: owed, Before: covered(row) > 0}, err
}

// Worth answers how much less a stay that was quoted would cost had its car left so many minutes earlier, inside the
// transaction of whoever is about to ask for it. The caller is the system.
func (s *Service) Worth(ctx context.Context, tx *ent.Tx, quoted Offer, minutes int) (int64, error) {
	row, err := tx.ParkingSession.Get(ctx, quoted.SessionID)
	if err != nil {
		return 0, fmt.Errorf("read the stay: %w", err)
	}
	lot, ok := s.LotByRow(row.LotID)
	if !ok {
		return 0, nil
	}
	plate, err := s.plateOf(ctx, row)
	if err != nil {
		return 0, err
	}
	until := quoted.ExpiresAt.Add(-quoteHolds)
	if row.ExitedAt != nil {
		until = *row.ExitedAt
	}
	earlier := until.Add(-time.Duration(minutes) * time.Minute)
	if !earlier.After(row.EnteredAt) {
		return quoted.Fen, nil
	}
	return max(0, quoted.Fen-s.cost(lot, plate, row.EnteredAt, earlier, row.Free)), nil
}

// StaysByRow opens stays for records that name them, whoever may see those records; of a driver's own it knows which
// are hidden. It reads them in one statement.
func (s *Service) StaysByRow(ctx context.Context, rows []int64) (map[int64]*Stay, error) {
	account := viewer.Of(ctx).AccountID
	ctx = viewer.AsSystem(ctx, jobPayment)
	found, err := s.store.Client(ctx).ParkingSession.Query().
		Where(parkingsession.IDIn(rows...)).Modify(withHiddenBy(account)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read stays: %w", err)
	}
	stays := make(map[int64]*Stay, len(found))
	for _, row := range found {
		if stays[row.ID], err = s.stayOf(ctx, row); err != nil {
			return nil, err
		}
	}
	return stays, nil
}

// withHiddenBy reads an account's wish for each record, if it has one.
func withHiddenBy(accountID int64) func(*sql.Selector) {
	return func(s *sql.Selector) {
		access := policy.Access()
		s.LeftJoin(access).OnP(sql.And(
			sql.ColumnsEQ(s.C(parkingsession.FieldID), access.C(sessionaccess.FieldSessionID)),
			sql.EQ(access.C(sessionaccess.FieldAccountID), accountID),
		))
		s.AppendSelectExprAs(sql.ExprFunc(func(b *sql.Builder) {
			b.WriteString("COALESCE(").Ident(access.C(sessionaccess.FieldHidden)).WriteString(", false)")
		}), columnHidden)
	}
}
