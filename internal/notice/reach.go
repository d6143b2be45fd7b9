package notice

import (
	"context"
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/messagequota"
	"parkbff/ent/notice"
	"parkbff/ent/pushendpoint"
)

// OfSecurity holds for notices of who has, had or claims a plate: they leave the program in any case.
func OfSecurity(kind notice.Kind) bool { return !OfStay(kind) }

// OfStay holds for notices about stays: they tell when a car came, was paid for and left.
func OfStay(kind notice.Kind) bool { return slices.Contains(OfStays(), kind) }

// OfStays are the kinds about stays.
func OfStays() []notice.Kind {
	return append([]notice.Kind{notice.KindENTERED, notice.KindEXITED, notice.KindNO_SHOW}, ofPayments...)
}

var ofPayments = []notice.Kind{notice.KindPAID, notice.KindREFUNDED, notice.KindDEDUCTION_FAILED, notice.KindCHARGE_DECIDED, notice.KindRESERVED}

// OfPayment holds for notices about money, which are told to who paid, whatever they have bound.
func OfPayment(kind notice.Kind) bool { return slices.Contains(ofPayments, kind) }

// Reach notes whether notices can leave the program to an account, in one statement, in the transaction in which
// that has changed: while a phone of its is known and it wants pushes, a mini-program may send it a message, or it
// wants texts. It holds the account's row; ctx must ask as the program itself.
func Reach(ctx context.Context, tx *ent.Tx, accountID int64) error {
	err := tx.Account.Update().Where(account.ID(accountID)).Modify(func(u *sql.UpdateBuilder) {
		u.Set(account.FieldReachable, sql.ExprFunc(func(b *sql.Builder) {
			phones := sql.Dialect(b.Dialect()).Select(pushendpoint.FieldID).From(sql.Table(pushendpoint.Table)).
				Where(sql.EQ(pushendpoint.FieldAccountID, accountID))
			accepted := sql.Dialect(b.Dialect()).Select(messagequota.FieldID).From(sql.Table(messagequota.Table)).
				Where(sql.And(sql.EQ(messagequota.FieldAccountID, accountID), sql.GT(messagequota.FieldRemaining, 0)))
			b.Ident(account.FieldSmsWanted).WriteString(" OR (").Ident(account.FieldPushWanted).WriteString(" AND ").
				Join(sql.Exists(phones)).WriteString(") OR ").Join(sql.Exists(accepted))
		}))
	}).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note whether the account can be reached: %w", err)
	}
	return nil
}
