package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/gate"
	"parkbff/ent/signin"
	"parkbff/ent/staff"
	"parkbff/internal/identity/token"
)

// holding answers those of some grounds that still hold, and perhaps others.
func holding(ctx context.Context, db *ent.Client, asked []ground) (map[ground]bool, error) {
	rows := map[token.Use][]int64{}
	for _, of := range asked {
		rows[of.use] = append(rows[of.use], of.row)
	}
	holds := make(map[ground]bool, len(asked))
	for use, read := range map[token.Use]func(context.Context, *ent.Client, []int64) ([]ground, error){
		token.Access: livingSignIns, token.Gate: gateGenerations, token.Staff: staffGenerations,
	} {
		if len(rows[use]) == 0 {
			continue
		}
		found, err := read(ctx, db, rows[use])
		if err != nil {
			return nil, err
		}
		for _, of := range found {
			holds[of] = true
		}
	}
	return holds, nil
}

func livingSignIns(ctx context.Context, db *ent.Client, ids []int64) (found []ground, err error) {
	living, err := db.SignIn.Query().Where(signin.IDIn(ids...), signin.RevokedAtIsNil()).IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read sign-ins: %w", err)
	}
	for _, id := range living {
		found = append(found, ground{use: token.Access, row: id})
	}
	return found, nil
}

func gateGenerations(ctx context.Context, db *ent.Client, ids []int64) (found []ground, err error) {
	gates, err := db.Gate.Query().Where(gate.IDIn(ids...)).Select(gate.FieldID, gate.FieldTokenGeneration).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read gates: %w", err)
	}
	for _, row := range gates {
		found = append(found, ground{token.Gate, row.ID, row.TokenGeneration})
	}
	return found, nil
}

func staffGenerations(ctx context.Context, db *ent.Client, ids []int64) (found []ground, err error) {
	members, err := db.Staff.Query().Where(staff.IDIn(ids...)).Select(staff.FieldID, staff.FieldTokenGeneration).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read staff: %w", err)
	}
	for _, row := range members {
		found = append(found, ground{token.Staff, row.ID, row.TokenGeneration})
	}
	return found, nil
}
