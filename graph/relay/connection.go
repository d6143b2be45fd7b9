package relay

import (
	"context"

	"parkbff/internal/page"
)

// Connection is one page of a list in Relay's shape.
type Connection[T any] struct {
	Edges    []*Edge[T]
	PageInfo *PageInfo
}

// Edge is one item and its place. It seals its cursor only when asked, and without a context, so that
// the executor needs neither work nor a goroutine for a cursor nobody reads.
type Edge[T any] struct {
	Node  T
	place place
}

// Cursor of the item, for `after`.
func (e *Edge[T]) Cursor() Cursor { return e.place.cursor() }

// PageInfo says where a page ends and whether more follow. Lists page forward only, so
// HasPreviousPage is false, as the connection specification allows when `last` is not given.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	first, last     *place
}

// StartCursor is the cursor of the first item, or nil on an empty page.
func (p *PageInfo) StartCursor() *Cursor { return cursorAt(p.first) }

// EndCursor is the cursor of the last item, or nil on an empty page.
func (p *PageInfo) EndCursor() *Cursor { return cursorAt(p.last) }

// Connect gives a page its Relay shape. Row answers the row id that the list pages by.
//
// Cursors are bound to the connection's name and to the viewer tag of ctx. It panics when ctx carries no
// sealer, which is a mistake in the wiring of the program.
func Connect[T any](ctx context.Context, connection string, p page.Of[T], row func(T) int64) *Connection[T] {
	list := listOf(ctx, connection)
	c := &Connection[T]{
		Edges:    make([]*Edge[T], len(p.Items)),
		PageInfo: &PageInfo{HasNextPage: p.More},
	}
	edges := make([]Edge[T], len(p.Items))
	for i, item := range p.Items {
		edges[i] = Edge[T]{Node: item, place: place{list: list, row: row(item)}}
		c.Edges[i] = &edges[i]
	}
	if len(edges) > 0 {
		c.PageInfo.first, c.PageInfo.last = &edges[0].place, &edges[len(edges)-1].place
	}
	return c
}

// list is what the cursors of one page have in common.
type list struct {
	scope
	connection string
}

func listOf(ctx context.Context, connection string) *list {
	s := scopeOf(ctx)
	if s.sealer == nil {
		panic(errNoSealer)
	}
	return &list{scope: s, connection: connection}
}

type place struct {
	list *list
	row  int64
}

func (p place) cursor() Cursor {
	return Cursor(p.list.sealer.SealCursor(p.list.connection, p.row, p.list.viewerTag))
}

func cursorAt(p *place) *Cursor {
	if p == nil {
		return nil
	}
	c := p.cursor()
	return &c
}
