package loyalty

import (
	"context"

	"parkbff/ent"
	"parkbff/ent/membership"
	"parkbff/ent/pointentry"
	"parkbff/ent/pointlot"
	"parkbff/ent/pointuse"
	"parkbff/internal/balance"
	"parkbff/internal/viewer"
)

// Prove goes through all memberships as of one moment: that what each has, and owes, is what its entries sum to and what
// is left of its points, and that of each lot of points there is left what nothing was taken of. It answers what is not so,
// in points.
func (s *Service) Prove(ctx context.Context) (offences []balance.Offence, err error) {
	ctx = viewer.AsSystem(ctx, "prove points")
	err = s.store.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
		offences, err = balance.Find(ctx, tx, s.store.Dialect(), checks()...)
		return err
	})
	return offences, err
}

func checks() []balance.Check {
	const sumOfPoints = "SUM(points)"
	return []balance.Check{
		{
			What: "membership", Why: "its entries sum to", Table: membership.Table, Word: membership.FieldBalance,
			Sum: balance.Of(pointentry.Table, sumOfPoints, pointentry.FieldMembershipID),
		},
		{
			What: "membership", Why: "what its entries say is owed sums to", Table: membership.Table, Word: membership.FieldOwedPoints,
			Sum: balance.Of(pointentry.Table, "SUM(owed)", pointentry.FieldMembershipID),
		},
		{
			What: "membership", Why: "what is left of its points sums to", Table: membership.Table, Word: membership.FieldBalance,
			Sum: balance.Of(pointlot.Table, "SUM(remaining)", pointlot.FieldMembershipID),
		},
		{
			What: "lot of points", Why: "what was taken of it sums to", Table: pointlot.Table, Word: "points - remaining",
			Sum: balance.Of(pointuse.Table, sumOfPoints, pointuse.FieldLotID),
		},
	}
}
