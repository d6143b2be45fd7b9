package relay

import (
	"context"

	"parkbff/internal/fault"
	"parkbff/internal/page"
)

// MostPerPage and UsuallyPerPage bound `first` on every connection.
const (
	MostPerPage    = 100
	UsuallyPerPage = 20
)

// Page reads the arguments of a connection. A nil first asks for usual rows, or for UsuallyPerPage when
// usual is zero; a nil after starts at the beginning.
//
// Errors: fault.BadInput at `first` outside 1 to MostPerPage; InvalidCursor at `after` for a cursor of
// another connection or viewer.
func Page(ctx context.Context, connection string, first *int, after *Cursor, usual int) (page.Request, error) {
	request := page.Request{First: usual}
	if usual == 0 {
		request.First = UsuallyPerPage
	}
	if first != nil {
		request.First = *first
	}
	if request.First < 1 || request.First > MostPerPage {
		return page.Request{}, fault.BadInput.At("first")
	}
	if after == nil {
		return request, nil
	}
	s := scopeOf(ctx)
	if s.sealer == nil {
		return page.Request{}, errNoSealer
	}
	row, err := s.sealer.OpenCursor(connection, s.viewerTag, string(*after))
	if err != nil {
		return page.Request{}, InvalidCursor.At("after")
	}
	request.After = row
	return request, nil
}
