package edgetest

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"entgo.io/ent/privacy"
	"github.com/99designs/gqlgen/graphql"
	"github.com/lib/pq"

	"parkbff/graph/relay"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

// Secret stands in every error that must not be seen, outside of parts that are known to be private.
const Secret = "粤B12345"

// NewSchema answers the schema with its resolvers.
func NewSchema() graphql.ExecutableSchema {
	return NewExecutableSchema(Config{Resolvers: resolvers{}})
}

type resolvers struct{}

func (r resolvers) Query() QueryResolver               { return r }
func (r resolvers) Mutation() MutationResolver         { return r }
func (r resolvers) Subscription() SubscriptionResolver { return r }
func (r resolvers) Item() ItemResolver                 { return items{} }

func (resolvers) Whoami(ctx context.Context) (string, error) {
	return fmt.Sprintf("%d", viewer.Of(ctx).AccountID), nil
}

func (resolvers) Echo(_ context.Context, text string) (string, error) { return text, nil }
func (resolvers) Number(_ context.Context, of int) (int, error)       { return of, nil }
func (resolvers) Color(_ context.Context, of Color) (Color, error)    { return of, nil }
func (resolvers) Plate(_ context.Context, of string) (*string, error) { return &of, nil }
func (resolvers) Must(context.Context) (string, error)                { return "", errors.New("must fails") }

func (resolvers) Ticks(context.Context) (<-chan int, error) { return nil, errors.New("not over HTTP") }

func (resolvers) All(context.Context) ([]*Item, error) { return []*Item{{1}, {2}}, nil }

func (resolvers) Remember(_ context.Context, in RememberInput) (string, error) { return in.Text, nil }

func (resolvers) Refused(context.Context) (*string, error) {
	return nil, fault.New("FACT_REQUIRED", "A fact is missing.").
		With("fact", "VERIFIED").With("nextStep", "VERIFY_VEHICLE").Because(errors.New(Secret))
}

func (resolvers) Failing(_ context.Context, as Failure) (*string, error) {
	switch as {
	case FailureUncoded:
		return nil, fmt.Errorf("opening the record: %w", errors.New("the key is missing"))
	case FailurePanic:
		panic(Secret)
	case FailureRuntimePanic:
		var none *Item
		return new(fmt.Sprint(none.Number)), nil
	case FailureDenied:
		return nil, fmt.Errorf("ent: %s: %w", Secret, privacy.Deny)
	case FailureAway:
		return nil, fmt.Errorf("%s: %w", Secret, driver.ErrBadConn)
	case FailureCancelled:
		return nil, context.Canceled
	}
	return nil, fmt.Errorf("insert: %w", &pq.Error{
		Code: "22P02", Message: "invalid input syntax: " + Secret, Detail: Secret, Table: "accounts",
	})
}

func (resolvers) Items(_ context.Context, first *int, _ *string) (*ItemConnection, error) {
	return listOf(first), nil
}

func (resolvers) Cursor(ctx context.Context, after *string) (string, error) {
	if after != nil {
		at := relay.Cursor(*after)
		asked, err := relay.Page(ctx, "items", nil, &at, 0)
		return fmt.Sprint(asked.After), err
	}
	connection := relay.Connect(ctx, "items", page.Of[int64]{Items: []int64{7}}, func(row int64) int64 { return row })
	return string(connection.Edges[0].Cursor()), nil
}

func (resolvers) Store(_ context.Context, in StoreInput) (int, error) {
	var all strings.Builder
	if _, err := io.Copy(&all, in.First.File); err != nil {
		return 0, err
	}
	if in.Second != nil {
		if _, err := io.Copy(&all, in.Second.File); err != nil {
			return 0, err
		}
	}
	return all.Len(), nil
}

type items struct{}

func (items) Items(_ context.Context, _ *Item, first *int, _ *string) (*ItemConnection, error) {
	return listOf(first), nil
}

func (items) All(context.Context, *Item) ([]*Item, error) { return []*Item{{1}, {2}}, nil }

func listOf(first *int) *ItemConnection {
	connection := &ItemConnection{}
	for i := range *first {
		connection.Edges = append(connection.Edges, &ItemEdge{Node: &Item{Number: i}})
	}
	return connection
}
