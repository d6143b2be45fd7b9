package server_test

import (
	"context"
	"testing"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/server/servertest"
)

const (
	deadLetters = `query($first: Int, $after: String) { deadLetters(first: $first, after: $after) {
		edges { cursor node { id kind failure attempts createdAt diedAt } } pageInfo { hasNextPage endCursor } } }`
	retryDeadLetter   = `mutation($id: ID!) { retryDeadLetter(input: {deadLetterId: $id}) { userErrors { code } } }`
	discardDeadLetter = `mutation($id: ID!) { discardDeadLetter(input: {deadLetterId: $id}) { userErrors { code } } }`
)

// plantDeadLetters writes tasks that have failed, about rows that are not there.
func plantDeadLetters(t *testing.T, h *servertest.House, n int64) {
	t.Helper()
	err := h.Store.WithTx(h.AsSystem(), func(ctx context.Context, tx *ent.Tx) error {
		for about := range n {
			now := h.Clock.Now()
			err := tx.Task.Create().SetKind(task.KindDELIVERY).SetAboutID(1<<40 + about).SetState(task.StateDEAD).
				SetAttempts(12).SetFailure("PARTNER_BUSY").SetDueAt(now).SetCreatedAt(now).SetDiedAt(now).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAdministratorsListDeadLettersAndDecideOnThem(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		plantDeadLetters(t, h, 2)
		admin := h.Admin()
		all := admin.Asks(deadLetters).OK().MustContain(`"kind":"DELIVERY"`, `"failure":"PARTNER_BUSY"`, `"attempts":12`)
		first := admin.Asks(deadLetters, servertest.Vars{"first": 1}).OK().MustContain(`"hasNextPage":true`)
		admin.Asks(deadLetters, servertest.Vars{"after": first.String("deadLetters.pageInfo.endCursor")}).OK().
			MustContain(all.String("deadLetters.edges.1.node.id")).MustNotContain(all.String("deadLetters.edges.0.node.id"))

		one := servertest.Vars{"id": all.String("deadLetters.edges.0.node.id")}
		const node = `query($id: ID!) { node(id: $id) { ... on DeadLetter { failure } } }`
		admin.Asks(node, one).OK().MustContain("PARTNER_BUSY")
		for name, other := range map[string]*servertest.Client{
			"nobody": h.Anonymous(), "a driver": h.Verified("APP", "粤B12345"), "an officer": h.Officer(),
		} {
			t.Run(name, func(*testing.T) {
				other.Asks(deadLetters).MustNotContain("PARTNER_BUSY").MustContain(`"data":{"deadLetters":null}`)
				other.Asks(node, one).MustNotContain("PARTNER_BUSY")
				other.Asks(retryDeadLetter, one).MustContain(`"data":{"retryDeadLetter":null}`)
				other.Asks(discardDeadLetter, one).MustContain(`"data":{"discardDeadLetter":null}`)
			})
		}
		admin.Asks(retryDeadLetter, one).OK()
		admin.Asks(retryDeadLetter, one).MustBeRefused("NOT_FOUND")
		other := servertest.Vars{"id": all.String("deadLetters.edges.1.node.id")}
		admin.Asks(discardDeadLetter, other).OK()
		admin.Asks(node, other).OK().MustNotContain("PARTNER_BUSY")
	})
}
