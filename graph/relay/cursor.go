package relay

import (
	"hash/crc32"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/fault"
)

// InvalidCursor is the answer to a cursor that belongs to another list or another viewer, or to none.
var InvalidCursor = fault.New("INVALID_CURSOR", "The cursor is not one of this list.")

// SealCursor answers the cursor of a row in a connection, for one viewer only.
func (s *Sealer) SealCursor(connection string, row int64, viewerTag uint32) string {
	return seal(s.cursors, cursorHead(connection, viewerTag), row)
}

// OpenCursor answers the row a cursor stands on. Errors: InvalidCursor.
func (s *Sealer) OpenCursor(connection string, viewerTag uint32, text string) (int64, error) {
	head, row, ok := open(s.cursors, text)
	if !ok || head != cursorHead(connection, viewerTag) {
		return 0, InvalidCursor
	}
	return row, nil
}

// cursorHead needs no cryptographic hash: it is only ever seen encrypted, and connection names are
// constants of the program.
func cursorHead(connection string, viewerTag uint32) uint64 {
	return uint64(crc32.ChecksumIEEE([]byte(connection)))<<32 | uint64(viewerTag)
}

// Cursor is the sealed text of a cursor, as the GraphQL scalar carries it.
type Cursor string

// MarshalGQL writes the text as a JSON string.
func (c Cursor) MarshalGQL(w io.Writer) { graphql.MarshalString(string(c)).MarshalGQL(w) }

// UnmarshalGQL takes the text as it is; Page opens it, where connection and viewer are known.
func (c *Cursor) UnmarshalGQL(v any) error {
	text, ok := v.(string)
	if !ok {
		return InvalidCursor
	}
	*c = Cursor(text)
	return nil
}
