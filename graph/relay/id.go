package relay

import (
	"context"
	"fmt"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/fault"
)

// idField is the only field a bare row id may stand on: there the object's own type is the id's type.
const idField = "id"

// ID names one thing: the model of GraphQL's ID in arguments and inputs. The zero ID names nothing.
type ID struct {
	Type string
	Row  int64
}

// Of answers the row when the id is of the given type. Errors: fault.NotFound, for an id of another
// type as for one that did not open.
func (id ID) Of(typ string) (int64, error) {
	if id.Type != typ || id.Row == 0 {
		return 0, fault.NotFound
	}
	return id.Row, nil
}

// MarshalGQLContext seals the id.
func (id ID) MarshalGQLContext(ctx context.Context, w io.Writer) error {
	return writeID(ctx, w, id.Type, id.Row)
}

// Text is the sealed id, for places that no field of the contract writes. Empty without a sealer.
func (id ID) Text(ctx context.Context) string {
	sealer := scopeOf(ctx).sealer
	if sealer == nil || !sealer.Seals(id.Type) {
		return ""
	}
	return sealer.SealID(id.Type, id.Row)
}

// UnmarshalGQLContext opens a sealed id. What does not open becomes the zero ID and no error, so that
// a forged id meets the same answer as one whose row is gone, and does not spoil a list of ids.
func (id *ID) UnmarshalGQLContext(ctx context.Context, v any) error {
	sealer := scopeOf(ctx).sealer
	if sealer == nil {
		return errNoSealer
	}
	*id = ID{}
	if text, ok := v.(string); ok {
		if opened, err := sealer.OpenID(text); err == nil {
			*id = opened
		}
	}
	return nil
}

// RowID is a row id on its way out, the model of GraphQL's ID where a Go field is an int64. The type
// is that of the object whose field `id` is being written.
type RowID int64

// MarshalRowID is the form in which gqlgen binds RowID to int64 fields.
func MarshalRowID(row int64) graphql.ContextMarshaler { return RowID(row) }

// UnmarshalRowID refuses: an id in an argument must say its type, so its model is ID.
func UnmarshalRowID(context.Context, any) (int64, error) { return 0, BadID }

// MarshalGQLContext seals the row id under the type of the object at hand. It fails on any field but
// `id`, where the object's type would be the wrong one; such a field answers an ID.
func (row RowID) MarshalGQLContext(ctx context.Context, w io.Writer) error {
	field := graphql.GetFieldContext(ctx)
	if field == nil || field.Field.Field == nil || field.Field.Name != idField {
		return fmt.Errorf("relay: a bare row id stands outside a field named %q", idField)
	}
	return writeID(ctx, w, field.Object, int64(row))
}

func writeID(ctx context.Context, w io.Writer, typ string, row int64) error {
	sealer := scopeOf(ctx).sealer
	if sealer == nil {
		return errNoSealer
	}
	if !sealer.Seals(typ) {
		return fmt.Errorf("relay: ids of type %q are not sealed", typ)
	}
	// The alphabet of base64url needs no escaping in JSON.
	_, err := io.WriteString(w, `"`+sealer.SealID(typ, row)+`"`)
	return err
}
