package replay

import (
	"context"
	"fmt"
	"time"
)

// kept is a stay as the server has it, seen by staff of its lot.
type kept struct {
	Plate     string
	EnteredAt time.Time
	ExitedAt  *time.Time
	FeeFen    int64
	State     string
}

const (
	closed = "CLOSED"

	readStays = `query($code: String!, $first: Int!, $after: String) {
  lot(code: $code) {
    sessions(first: $first, after: $after) {
      edges { node { plate enteredAt exitedAt feeFen state } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

	// mostOfPage is the largest page of the contract.
	mostOfPage = 100
)

// stayPage is a page of a lot's stays, newest record first.
type stayPage struct {
	stays []kept
	next  string // empty: the last page
}

func (c *client) readPage(ctx context.Context, s *scene, first int, after string) (stayPage, error) {
	var answer struct {
		Lot *struct {
			Sessions struct {
				Edges    []struct{ Node kept }
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
	}
	variables := map[string]any{"code": s.lot.Code, "first": first}
	if after != "" {
		variables["after"] = after
	}
	err := c.insist(ctx, func(ctx context.Context) error {
		return c.ask(ctx, s.staff, request{readStays, variables}, &answer)
	})
	if err != nil {
		return stayPage{}, fmt.Errorf("read stays of %s: %w", s.lot.Code, err)
	}
	if answer.Lot == nil {
		return stayPage{}, fmt.Errorf("the server does not know the lot %s", s.lot.Code)
	}
	page := stayPage{stays: make([]kept, len(answer.Lot.Sessions.Edges))}
	for i, edge := range answer.Lot.Sessions.Edges {
		page.stays[i] = edge.Node
	}
	if info := answer.Lot.Sessions.PageInfo; info.HasNextPage {
		page.next = info.EndCursor
	}
	return page, nil
}

// readBack answers the stays of this replay that the lot has. What else it has is left out: every plate
// of a replay is its own.
func (c *client) readBack(ctx context.Context, s *scene, read func(n int)) ([]kept, error) {
	ours := s.plates()
	var all []kept
	for after := ""; ; {
		page, err := c.readPage(ctx, s, mostOfPage, after)
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, stay := range page.stays {
			if ours[stay.Plate] {
				all = append(all, stay)
			}
		}
		read(len(all) - before)
		if page.next == "" {
			return all, nil
		}
		after = page.next
	}
}

// begun tells whether an earlier run has reported stays of this replay to the lot, and so was past
// setting up the accounts.
func (c *client) begun(ctx context.Context, s *scene) (bool, error) {
	newest, err := c.readPage(ctx, s, 1, "")
	if err != nil || len(newest.stays) == 0 {
		return false, err
	}
	return s.plates()[newest.stays[0].Plate], nil
}

func (s *scene) plates() map[string]bool {
	plates := make(map[string]bool, len(s.stays))
	for _, stay := range s.stays {
		plates[stay.plate] = true
	}
	return plates
}
