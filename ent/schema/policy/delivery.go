package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/delivery"
	"parkbff/ent/messagequota"
	"parkbff/ent/privacy"
	"parkbff/ent/pushendpoint"
	"parkbff/ent/task"
	"parkbff/internal/viewer"
)

// Task is read by administrators, and only what is dead: they decide what becomes of it.
func Task() ent.Policy {
	return own(privacy.TaskQueryRuleFunc(func(ctx context.Context, q *gen.TaskQuery) error {
		if v := viewer.Of(ctx); v.Kind != viewer.Staff || !v.Holds(viewer.Admin) {
			return privacy.Skip
		}
		q.Where(task.StateEQ(task.StateDEAD))
		return privacy.Allow
	}))
}

// Delivery is read by its account, and by officers, who must know whom news of an incident has reached.
func Delivery() ent.Policy {
	return own(officers(), privacy.DeliveryQueryRuleFunc(func(ctx context.Context, q *gen.DeliveryQuery) error {
		return driver(ctx, func(id int64) { q.Where(delivery.AccountID(id)) })
	}))
}

// PushEndpoint is read by its account.
func PushEndpoint() ent.Policy {
	return own(privacy.PushEndpointQueryRuleFunc(func(ctx context.Context, q *gen.PushEndpointQuery) error {
		return driver(ctx, func(id int64) { q.Where(pushendpoint.AccountID(id)) })
	}))
}

// MessageQuota is read by its account.
func MessageQuota() ent.Policy {
	return own(privacy.MessageQuotaQueryRuleFunc(func(ctx context.Context, q *gen.MessageQuotaQuery) error {
		return driver(ctx, func(id int64) { q.Where(messagequota.AccountID(id)) })
	}))
}
