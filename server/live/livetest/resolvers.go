package livetest

import (
	"context"
	"errors"

	"parkbff/graph/event"
)

type resolvers struct{ h *House }

func (r resolvers) Query() QueryResolver               { return r }
func (r resolvers) Mutation() MutationResolver         { return r }
func (r resolvers) Subscription() SubscriptionResolver { return r }
func (r resolvers) Notice() NoticeResolver             { return r }

func (r resolvers) Whoami(ctx context.Context) (string, error) { return subjectOf(ctx), nil }

func (r resolvers) Broken(context.Context) (*string, error) {
	return nil, errors.New("a secret of the store")
}

func (r resolvers) Panicking(context.Context) (*string, error) { panic("a secret of the store") }

func (r resolvers) Slow(ctx context.Context) (string, error) {
	select {
	case <-r.h.Release:
		return "at last", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (r resolvers) Remember(ctx context.Context, text string) (string, error) {
	r.h.Notify(subjectOf(ctx), text)
	return text, nil
}

func (r resolvers) SeenAs(ctx context.Context, _ *Notice) (string, error) {
	return r.h.nickname(subjectOf(ctx)), nil
}

func (r resolvers) NoticeReceived(ctx context.Context, _ *string) (<-chan *NoticeReceived, error) {
	return event.One[*NoticeReceived](ctx)
}

func (r resolvers) Published(ctx context.Context) (<-chan *Publication, error) {
	return event.One[*Publication](ctx)
}
