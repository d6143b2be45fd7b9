// Package ledger is the double-entry book of all money: every movement is an entry whose lines sum to nothing, is
// written in the transaction that causes it, and is never changed. Amounts are fen; debits are more than zero.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/internal/clock"
	"parkbff/internal/money"
	"parkbff/internal/store"
)

// Book writes entries. It is safe for concurrent use.
type Book struct{ clock clock.Clock }

// New answers a book.
func New(k clock.Clock) *Book { return &Book{k} }

// Movement is money that moves for one cause.
type Movement struct {
	Cause      ledgerentry.Cause
	CauseID    int64 // the row of that cause's table
	LotID      int64
	OrderID    int64 // 0: none
	SessionID  *int64
	ShiftID    *int64    // in whose drawer cash was put, or out of whose it was taken
	OccurredAt time.Time // by the channel's clock
	Lines      []Line
}

// Line is what a movement does to one account.
type Line struct {
	Account ledgerline.Account
	Channel money.Channel // of CHANNEL
	Fen     int64
	StoreID int64 // of MERCHANTS
	SpaceID int64 // of OWNERS
}

// Received is money that a channel took: what of it was earned, by a lot or for vouchers that are to be honoured, and
// what nobody owed.
func Received(channel money.Channel, by ledgerline.Account, earned, surplus int64) []Line {
	return []Line{
		lying(channel, earned+surplus),
		{Account: by, Fen: -earned},
		{Account: ledgerline.AccountSURPLUS, Fen: -surplus},
	}
}

// SurplusOwedBack is a surplus that is to go back.
func SurplusOwedBack(fen int64) []Line {
	return []Line{{Account: ledgerline.AccountSURPLUS, Fen: fen}, {Account: ledgerline.AccountREFUNDS, Fen: -fen}}
}

// EarningsOwedBack is what was earned and is to go back.
func EarningsOwedBack(by ledgerline.Account, fen int64) []Line {
	return []Line{{Account: by, Fen: fen}, {Account: ledgerline.AccountREFUNDS, Fen: -fen}}
}

// TakenOff is what vouchers have taken off a stay. Those that were sold had brought so much, which is earned now; the
// lot gives the rest away, or keeps what they brought beyond it.
func TakenOff(fen, sold int64) []Line {
	return []Line{
		{Account: ledgerline.AccountVOUCHERS, Fen: sold}, {Account: ledgerline.AccountDISCOUNTS, Fen: fen - sold}, {Account: ledgerline.AccountLOT, Fen: -fen},
	}
}

// BorneBy is what a discount of a merchant has taken off a stay: the lot has earned it, and the merchant owes it.
func BorneBy(storeID, fen int64) []Line {
	return []Line{{Account: ledgerline.AccountMERCHANTS, StoreID: storeID, Fen: fen}, {Account: ledgerline.AccountLOT, Fen: -fen}}
}

// SharedWith is what the owner of a space has earned out of a reservation, and is owed.
func SharedWith(spaceID, fen int64) []Line {
	return []Line{{Account: ledgerline.AccountRESERVATIONS, Fen: fen}, {Account: ledgerline.AccountOWNERS, SpaceID: spaceID, Fen: -fen}}
}

// PaidOut is what the owner of a space was owed, and the clearing bank has paid to the owner's card.
func PaidOut(spaceID, fen int64) []Line {
	return []Line{{Account: ledgerline.AccountOWNERS, SpaceID: spaceID, Fen: fen}, {Account: ledgerline.AccountCLEARING, Fen: -fen}}
}

// GivenBack is money that a channel has given back.
func GivenBack(channel money.Channel, fen int64) []Line {
	return []Line{{Account: ledgerline.AccountREFUNDS, Fen: fen}, lying(channel, -fen)}
}

// lying is money that comes to lie with a channel: cash lies in a drawer.
func lying(channel money.Channel, fen int64) Line {
	if channel == money.Cash {
		return Line{Account: ledgerline.AccountDRAWER, Fen: fen}
	}
	return Line{Account: ledgerline.AccountCHANNEL, Channel: channel, Fen: fen}
}

// errUnbalanced is a mistake of the program.
var errUnbalanced = errors.New("ledger: the lines do not sum to nothing, or there are none")

// Write writes a movement in the transaction tx, as the system. A cause that has moved money already asks for
// another try: whoever was first has committed.
func (b *Book) Write(ctx context.Context, tx *ent.Tx, m Movement) error {
	lines, err := balanced(m.Lines)
	if err != nil {
		return err
	}
	create := tx.LedgerEntry.Create().SetCause(m.Cause).SetCauseID(m.CauseID).SetLotID(m.LotID).SetNillableShiftID(m.ShiftID).
		SetNillableSessionID(m.SessionID).SetOccurredAt(m.OccurredAt).SetCreatedAt(b.clock.Now())
	if m.OrderID != 0 {
		create.SetOrderID(m.OrderID)
	}
	entry, err := create.Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return store.Retry(fmt.Errorf("the money has just been moved: %w", err))
	case err != nil:
		return fmt.Errorf("write a ledger entry: %w", err)
	}
	err = tx.LedgerLine.MapCreateBulk(lines, func(c *ent.LedgerLineCreate, i int) {
		c.SetEntryID(entry.ID).SetLotID(m.LotID).SetAccount(lines[i].Account).SetFen(lines[i].Fen)
		if lines[i].Account == ledgerline.AccountCHANNEL {
			c.SetChannel(lines[i].Channel)
		}
		if lines[i].Account == ledgerline.AccountMERCHANTS {
			c.SetStoreID(lines[i].StoreID)
		}
		if lines[i].Account == ledgerline.AccountOWNERS {
			c.SetSpaceID(lines[i].SpaceID)
		}
	}).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write the lines of a ledger entry: %w", err)
	}
	return nil
}

// balanced leaves out the lines that move nothing.
func balanced(lines []Line) ([]Line, error) {
	var moving []Line
	var sum int64
	for _, l := range lines {
		sum += l.Fen
		if l.Fen != 0 {
			moving = append(moving, l)
		}
	}
	if sum != 0 || len(moving) < 2 {
		return nil, errUnbalanced
	}
	return moving, nil
}
