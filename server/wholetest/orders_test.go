package wholetest

import (
	"encoding/json"
	"testing"

	"parkbff/internal/testkit"
	"parkbff/server/wholetest/rig"
)

func TestAnOrderToAGateOutlivesAKillUntilItIsAcknowledged(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "P03")
	eachStore(t, func(t *testing.T, h *house) {
		gate := h.gate(rig.Lot)
		staff := h.bearer(must(h.House.Token(t.Context(), rig.StaffToken, rig.Lot))(t))
		first := staff.orders("first")
		restart(t, h)

		at := gate.listensForOrders(h)
		if got := orderIn(t, at); got != first {
			t.Errorf("after the kill came %q, want %q", got, first)
		}
		second := staff.orders("second")
		if got := orderIn(t, at); got != second {
			t.Errorf("live came %q, want %q", got, second)
		}
		holds(t, "the acknowledgement", gate.acknowledges(first).Body, `"outcome":"DONE"`)
		at.close()
		restart(t, h)

		if got := orderIn(t, gate.listensForOrders(h)); got != second {
			t.Errorf("of one that is done and one that is not came %q, want %q", got, second)
		}
		if again := staff.orders("second"); again != second {
			t.Errorf("the same key made another order: %q, want %q", again, second)
		}
	})
}

// orders lets staff order the gate G1 to open, and answers the order's id.
func (a asker) orders(key string) (id string) {
	a.t.Helper()
	var data struct {
		SendGateCommand struct{ Command struct{ ID string } }
	}
	answer := a.asks(`mutation($key: String!) { sendGateCommand(input: {idempotencyKey: $key, lotCode: "`+rig.Lot+`",
  gateCode: "G1", kind: OPEN, reason: "the driver has paid in cash"}) { command { id } userErrors { code } } }`,
		map[string]string{"key": key})
	check(a.t, answer.Into(&data))
	return data.SendGateCommand.Command.ID
}

func (a asker) acknowledges(order string) rig.Answer {
	a.t.Helper()
	return a.asks(`mutation($id: ID!) { acknowledgeGateCommand(input: {commandId: $id, outcome: DONE}) {
  command { outcome } userErrors { code } } }`, map[string]string{"id": order})
}

func (a asker) listensForOrders(h *house) *socket {
	a.t.Helper()
	return connect(a.t, h, "/graphql", "graphql-transport-ws", a.Token).
		subscribe(map[string]any{"query": `subscription { gateCommanded { id kind } }`})
}

// orderIn is the id of the next order.
func orderIn(t *testing.T, s *socket) string {
	t.Helper()
	var message struct {
		Payload struct {
			Data struct{ GateCommanded struct{ ID string } }
		}
	}
	check(t, json.Unmarshal([]byte(must(s.next(soon))(t)), &message))
	return message.Payload.Data.GateCommanded.ID
}
