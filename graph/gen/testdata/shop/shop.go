// Package shop is a small schema's world, which a stock executor and a serial one both answer from.
package shop

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"parkbff/graph/relay"
	"parkbff/internal/page"
)

// Connections of the schema are aliases of relay's generic ones.
type (
	ItemConnection = relay.Connection[*Item]
	ItemEdge       = relay.Edge[*Item]
)

// ItemInput is an item to add.
type ItemInput struct {
	Name  string
	Parts []*ItemInput
}

// Item of the shop; Most is shared by all items of one answer.
type Item struct {
	ID   int64
	Name string
	Most *atomic.Int64
}

// Stranger is no type of the schema.
type Stranger struct{}

var errNoPrice = errors.New("no price")

// Price fails for every third item.
func (i *Item) Price() (*int, error) {
	if i.ID%3 == 0 {
		return nil, errNoPrice
	}
	price := int(i.ID) * 100
	return &price, nil
}

// ExactPrice fails as Price does.
func (i *Item) ExactPrice() (*int, error) { return i.Price() }

// Goroutines counts them while the list is being marshalled, and tells the most so far.
func (i *Item) Goroutines() int {
	for now := int64(runtime.NumGoroutine()); ; {
		most := i.Most.Load()
		if now <= most {
			return int(most)
		}
		if i.Most.CompareAndSwap(most, now) {
			return int(now)
		}
	}
}

// Stock has a context, so the executor runs it beside other such fields.
func (i *Item) Stock(_ context.Context, after *int) int { return int(i.ID) + *after }

// Parts has a context too.
func (i *Item) Parts(context.Context) []*Item { return []*Item{i, i} }

// Shop resolves the roots of the schema.
type Shop struct{ most atomic.Int64 }

// Node answers the item of an id.
func (s *Shop) Node(_ context.Context, id relay.ID) (relay.Node, error) {
	row, err := id.Of("Item")
	if err != nil {
		return nil, err
	}
	return s.item(row), nil
}

// Items answers count items.
func (s *Shop) Items(_ context.Context, count int) ([]*Item, error) {
	items := make([]*Item, count)
	for i := range items {
		items[i] = s.item(int64(i + 1))
	}
	return items, nil
}

// PossibleItems answers count items, of which every fifth is missing.
func (s *Shop) PossibleItems(ctx context.Context, count int) ([]*Item, error) {
	items, err := s.Items(ctx, count)
	for i := 4; i < len(items); i += 5 {
		items[i] = nil
	}
	return items, err
}

// Shelves answers count shelves of count items.
func (s *Shop) Shelves(ctx context.Context, count int) ([][]*Item, error) {
	shelves := make([][]*Item, count)
	for i := range shelves {
		shelves[i], _ = s.Items(ctx, count)
	}
	return shelves, nil
}

// Strangers answers a list that no executor can write in full.
func (s *Shop) Strangers(context.Context) ([]relay.Node, error) {
	return []relay.Node{s.item(1), Stranger{}, s.item(2)}, nil
}

// ItemPage answers a page of ten items.
func (s *Shop) ItemPage(ctx context.Context, first *int, after *relay.Cursor) (*ItemConnection, error) {
	request, err := relay.Page(ctx, "itemPage", first, after, 3)
	if err != nil {
		return nil, err
	}
	var rows []*Item
	for row := request.After + 1; row <= 10 && len(rows) < request.Limit(); row++ {
		rows = append(rows, s.item(row))
	}
	return relay.Connect(ctx, "itemPage", page.Cut(rows, request.First), func(i *Item) int64 { return i.ID }), nil
}

// Filtered answers one item for the input and one for each of its parts.
func (s *Shop) Filtered(_ context.Context, input *ItemInput) ([]*Item, error) {
	if input == nil {
		return nil, nil
	}
	items := []*Item{s.named(*input)}
	for _, part := range input.Parts {
		items = append(items, s.named(*part))
	}
	return items, nil
}

// Nothing answers nothing.
func (s *Shop) Nothing(context.Context) (*bool, error) { return nil, nil }

// AddItem answers the item that would be added.
func (s *Shop) AddItem(_ context.Context, input ItemInput) (*Item, error) { return s.named(input), nil }

func (s *Shop) item(row int64) *Item {
	return &Item{ID: row, Name: fmt.Sprintf("item %d", row), Most: &s.most}
}

func (s *Shop) named(input ItemInput) *Item {
	item := s.item(int64(len(input.Parts) + 1))
	item.Name = input.Name
	return item
}
