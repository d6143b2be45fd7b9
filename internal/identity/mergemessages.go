package identity

import (
	"context"
	"fmt"

	"parkbff/ent/delivery"
	"parkbff/ent/messagequota"
	"parkbff/ent/task"
	notices "parkbff/internal/notice"
)

// moveMessages moves the record of what was sent, with what is on its way, which ends because its notice is gone;
// and what was accepted where a link has moved. The other's phones went with its sign-ins. How messages come
// stays as the survivor wants it.
func (g *merging) moveMessages(ctx context.Context) error {
	if err := g.tx.Delivery.Update().Where(delivery.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move deliveries: %w", err)
	}
	if err := g.tx.Task.Update().Where(task.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move tasks: %w", err)
	}
	rows, err := g.tx.MessageQuota.Query().Where(messagequota.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read accepted messages: %w", err)
	}
	for _, row := range rows {
		_, err := g.tx.MessageQuota.Delete().Where(messagequota.AccountID(g.to),
			messagequota.ChannelEQ(row.Channel), messagequota.KindEQ(row.Kind)).Exec(ctx)
		if err == nil {
			err = g.tx.MessageQuota.UpdateOneID(row.ID).Modify(g.moved).Exec(ctx)
		}
		if err != nil {
			return fmt.Errorf("move accepted messages: %w", err)
		}
	}
	return notices.Reach(ctx, g.tx, g.to)
}
