// Package resolvers is the glue between the contract and the domain: a resolver reads its arguments,
// calls one service and answers. Whatever decides anything belongs elsewhere.
package resolvers

import (
	"context"

	"parkbff/graph/relay"
	"parkbff/internal/identity"
	"parkbff/internal/notice"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

// Resolver holds the services that the resolvers call.
type Resolver struct {
	identity  *identity.Service
	parking   *parking.Service
	notices   *notice.Service
	viewerTag func(*viewer.Viewer) uint32
}

// New answers the root of all resolvers. viewerTag binds cursors to a viewer, as the edge does.
func New(i *identity.Service, p *parking.Service, n *notice.Service, viewerTag func(*viewer.Viewer) uint32) *Resolver {
	return &Resolver{identity: i, parking: p, notices: n, viewerTag: viewerTag}
}

// Names of lists, to which cursors are bound.
const (
	listHistory  = "viewer.sessions"
	listOpen     = "viewer.openSessions"
	listConsents = "account.consents"
	listLots     = "lots"
	listLotStays = "lot.sessions"
)

// as binds cursors to the viewer whose list is shown: after a sign-in that is not the one who asked.
func (r *Resolver) as(ctx context.Context, v *viewer.Viewer) context.Context {
	return relay.WithViewerTag(ctx, r.viewerTag(v))
}

// connect answers one page of a list.
func connect[T any](ctx context.Context, list string, first *int, after *string, row func(T) int64, read func(page.Request) (page.Of[T], error)) (*relay.Connection[T], error) {
	request, err := relay.Page(ctx, list, first, (*relay.Cursor)(after), 0)
	if err != nil {
		return nil, err
	}
	found, err := read(request)
	if err != nil {
		return nil, err
	}
	return relay.Connect(ctx, list, found, row), nil
}

func rowOfConsent(c *identity.Consent) int64 { return c.Row }

func rowOfStay(s *parking.Stay) int64 { return s.Row }
