package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/channellink"
	"parkbff/ent/codriverinvitation"
	"parkbff/ent/consent"
	"parkbff/ent/fleet"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/platedispute"
	"parkbff/ent/privacy"
	"parkbff/ent/sharedspace"
	"parkbff/ent/signin"
	"parkbff/ent/vehicle"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/viewer"
)

// Account is read by its own person.
func Account() ent.Policy {
	return own(privacy.AccountQueryRuleFunc(func(ctx context.Context, q *gen.AccountQuery) error {
		return driver(ctx, func(id int64) { q.Where(account.ID(id)) })
	}))
}

// ChannelLink is read by its account.
func ChannelLink() ent.Policy {
	return own(privacy.ChannelLinkQueryRuleFunc(func(ctx context.Context, q *gen.ChannelLinkQuery) error {
		return driver(ctx, func(id int64) { q.Where(channellink.AccountID(id)) })
	}))
}

// SignIn is read by its account.
func SignIn() ent.Policy {
	return own(privacy.SignInQueryRuleFunc(func(ctx context.Context, q *gen.SignInQuery) error {
		return driver(ctx, func(id int64) { q.Where(signin.AccountID(id)) })
	}))
}

// Consent is read by its account.
func Consent() ent.Policy {
	return own(privacy.ConsentQueryRuleFunc(func(ctx context.Context, q *gen.ConsentQuery) error {
		return driver(ctx, func(id int64) { q.Where(consent.AccountID(id)) })
	}))
}

// VehicleBinding is read by its account.
func VehicleBinding() ent.Policy {
	return own(privacy.VehicleBindingQueryRuleFunc(func(ctx context.Context, q *gen.VehicleBindingQuery) error {
		return driver(ctx, func(id int64) { q.Where(vehiclebinding.AccountID(id)) })
	}))
}

// Vehicle is read by the accounts that have it bound.
func Vehicle() ent.Policy {
	return own(privacy.VehicleQueryRuleFunc(func(ctx context.Context, q *gen.VehicleQuery) error {
		return driver(ctx, func(int64) {
			q.Where(vehicle.IDIn(viewer.Of(ctx).VehicleIDs()...))
		})
	}))
}

// LinkedAccount is read by its account.
func LinkedAccount() ent.Policy {
	return own(privacy.LinkedAccountQueryRuleFunc(func(ctx context.Context, q *gen.LinkedAccountQuery) error {
		return driver(ctx, func(id int64) { q.Where(linkedaccount.AccountID(id)) })
	}))
}

// CoDriverInvitation is read by the account that invites.
func CoDriverInvitation() ent.Policy {
	return own(privacy.CoDriverInvitationQueryRuleFunc(func(ctx context.Context, q *gen.CoDriverInvitationQuery) error {
		return driver(ctx, func(id int64) { q.Where(codriverinvitation.AccountID(id)) })
	}))
}

// Fleet is read by its account.
func Fleet() ent.Policy {
	return own(privacy.FleetQueryRuleFunc(func(ctx context.Context, q *gen.FleetQuery) error {
		return driver(ctx, func(id int64) { q.Where(fleet.AccountID(id)) })
	}))
}

// PlateDispute is read by the account that claims, and by officers, who decide.
func PlateDispute() ent.Policy {
	return own(officers(), privacy.PlateDisputeQueryRuleFunc(func(ctx context.Context, q *gen.PlateDisputeQuery) error {
		return driver(ctx, func(id int64) { q.Where(platedispute.AccountID(id)) })
	}))
}

// SharedSpace is read by the account that offers it, and by officers, who decide.
func SharedSpace() ent.Policy {
	return own(officers(), privacy.SharedSpaceQueryRuleFunc(func(ctx context.Context, q *gen.SharedSpaceQuery) error {
		return driver(ctx, func(id int64) { q.Where(sharedspace.AccountID(id)) })
	}))
}

// RiskEvent is read by officers.
func RiskEvent() ent.Policy { return own(officers()) }

// Erasure is read by officers.
func Erasure() ent.Policy { return own(officers()) }
