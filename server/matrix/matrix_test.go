// Package matrix holds every guarded field of the contract against every kind of viewer on every way on
// which the field is reached. What each should see is worked out from the arguments of @mask and @requires
// and from what the test knows of the viewer, by an oracle that shares nothing with the directives.
//
// Fields, ways and guards are read from the contract, so a new one is in the matrix on the day on which it is
// written: the test fails until the story tells the truth about it and somebody reaches it.
package matrix_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

func TestEveryViewerSeesOfEveryGuardedFieldWhatTheContractSaysOnEveryWay(t *testing.T) {
	testkit.Covers(t, "R016", "R025", "R069", "R070")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		m := newMatrix(t, h)
		m.settle()
		m.happen(t)
		m.setAsks()
		for _, kept := range m.kept {
			m.walk(kept.who, kept.facts, kept.way, kept.root, kept.shown)
		}
		for _, who := range slices.Sorted(maps.Keys(m.clients)) {
			m.looksAtAll(t, who)
			m.changesNothing(t, who)
			m.subscribes(who)
			m.seesItsRows(who)
		}
		m.changesFacts(t)
		m.wasWhole(t)
	})
}

// setAsks says with which values the fields of the root are asked.
func (m *matrix) setAsks() {
	var ids []any
	for _, id := range slices.Sorted(maps.Keys(m.records)) {
		ids = append(ids, id)
	}
	var orders []any
	for _, order := range m.orders {
		orders = append(orders, order.id)
	}
	m.asks = map[string][]any{
		"Query.voucherOffers.lotCode": {closedLot}, "Query.merchant.storeCode": {merchantCode},
		"Query.plateRights.lotCode": {closedLot}, "Query.permitRenewal.permitId": {m.permit},
		"Query.paymentOrder.id": orders,
		"Query.node.id":         ids, "Query.nodes.ids": {ids}, "Query.lot.code": {closedLot, openLot},
		"Subscription.lotOccupancyChanged.lotCode": {closedLot},
	}
}

func (m *matrix) ask(who string, op operation) *servertest.Answer {
	m.T.Helper()
	m.operations++
	return m.clients[who].Asks(op.text, op.vars)
}

// looksAtAll asks every query on every route.
func (m *matrix) looksAtAll(t *testing.T, who string) {
	for _, op := range m.queries(t) {
		m.walk(who, m.facts[who], op.way, "Query", m.ask(who, op).Shown())
	}
}

// changesNothing sends mutations that leave all as it is, and whose payloads show records.
func (m *matrix) changesNothing(t *testing.T, who string) {
	f := m.facts[who]
	exit := m.Gate(closedLot).Report(sharedCar, servertest.Leaving, left)
	inputs := map[string][]any{"recordObservation": {exit}, "recordObservations": {[]any{exit}}}
	if len(f.verifies) > 0 {
		inputs["setFullMask"] = []any{map[string]any{"on": f.masks}}
	}
	maps.Copy(inputs, m.again[who])
	for _, id := range slices.Sorted(maps.Values(m.stays)) {
		hidden := f.hides && m.records[id].stay == closed && m.records[id].plate == hidingCar
		inputs["setSessionHidden"] = append(inputs["setSessionHidden"], map[string]any{"sessionId": id, "hidden": hidden})
	}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		for _, input := range inputs[name] {
			for _, op := range m.mutation(t, name, input) {
				m.walk(who, f, op.way, "Mutation", m.ask(who, op).Shown())
			}
		}
	}
}

// changesFacts sends mutations whose payloads are rendered for the viewer that they make: full masking goes and
// comes back, and a sign-in ends.
func (m *matrix) changesFacts(t *testing.T) {
	f := m.facts[masking]
	for _, f.masks = range []bool{false, true} {
		for _, op := range m.mutation(t, "setFullMask", map[string]any{"on": f.masks}) {
			m.walk(masking, f, op.way, "Mutation", m.ask(masking, op).Shown())
		}
	}
	for _, who := range slices.Sorted(maps.Keys(cast)) {
		logout := m.mutation(t, "logout", nil)[0]
		m.walk(anonymous, facts{}, logout.way+" of "+who, "Mutation", m.ask(who, logout).Shown())
	}
}

// subscribes listens again from the first notice there is, and to a lot.
func (m *matrix) subscribes(who string) {
	for _, route := range m.routes(m.schema.Subscription, "lotOccupancyChanged") {
		given := map[string]any{"lotCode": closedLot}
		m.hears(who, m.write("subscription", route, given, false), 1)
	}
	if !m.facts[who].account {
		return
	}
	edges := servertest.Part(m.clients[who].Asks(`{ viewer { notices(first: 100) { edges { cursor } } } }`).Shown(), "viewer.notices.edges")
	cursors, _ := edges.([]any)
	if len(cursors) < 2 {
		return
	}
	first := servertest.Part(cursors[len(cursors)-1], "cursor")
	m.hears(who, m.noticeReceived(map[string]any{"after": first}), len(cursors)-1)
}

func (m *matrix) hears(who string, op operation, events int) {
	m.T.Helper()
	m.operations++
	ears := m.clients[who].Watches(op.text, op.vars)
	defer ears.Leaves()
	for range events {
		m.walk(who, m.facts[who], op.way, "Subscription", ears.Next().Shown())
	}
}

// seesItsRows asks for each record by its id, and compares the lists with what is the viewer's.
func (m *matrix) seesItsRows(who string) {
	f := m.facts[who]
	got := m.clients[who].Asks(`{ viewer { sessions(first: 100) { edges { node { id } } } notices(first: 100) { edges { node { id } } }
		orders(first: 100) { edges { node { id } } } invoices(first: 100) { edges { node { id } } }
		chargeDisputes(first: 100) { edges { node { id } } } reservations(first: 100) { edges { node { id } } } } }`).Shown()
	listed := map[string]bool{}
	for _, list := range []string{"viewer.sessions", "viewer.notices", "viewer.orders", "viewer.invoices", "viewer.chargeDisputes", "viewer.reservations"} {
		nodes, _ := servertest.Nodes(got, list).([]any)
		for _, node := range nodes {
			id, _ := servertest.Part(node, "id").(string)
			listed[id] = true
		}
	}
	for id, r := range m.records {
		node := servertest.Part(m.clients[who].Asks(`query($id: ID!) { node(id: $id) { id } }`, servertest.Vars{"id": id}).Shown(), "node.id")
		sees := f.seesRow(who, r)
		if (node == id) != sees {
			m.T.Errorf("%s sees %s of %s in %q: %v, want %v", who, r.typ, r.plate, r.lot, node == id, sees)
		}
		if want := sees && f.account && r.typ != "Lot"; listed[id] != want {
			m.T.Errorf("%s has %s of %s listed: %v, want %v", who, r.typ, r.plate, listed[id], want)
		}
	}
}

// walk judges every object in an answer.
func (m *matrix) walk(who string, f facts, way, at string, value any) {
	m.T.Helper()
	switch v := value.(type) {
	case string:
		if v == servertest.Refused("INTERNAL") {
			m.T.Errorf("%s, %s: %s failed", who, way, at)
		}
	case []any:
		for _, inner := range v {
			m.walk(who, f, way, at, inner)
		}
	case map[string]any:
		typ, _ := v["__typename"].(string)
		if typ == "" {
			typ = at // of the root
		} else {
			m.reached[at] = true
		}
		if m.guarded[typ] != nil {
			m.judge(who, f, way, typ, v)
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			m.walk(who, f, way, typ+"."+strings.TrimPrefix(key, "x_"), v[key])
		}
	}
}

// judge compares the guarded fields of one object with what the oracle says.
func (m *matrix) judge(who string, f facts, way, typ string, shown map[string]any) {
	m.T.Helper()
	id, _ := shown["id"].(string)
	r := m.records[id]
	if r == nil || !f.seesRow(who, r) {
		m.T.Errorf("%s, %s: met a %s that is not for it: %v", who, way, typ, shown)
		return
	}
	for _, field := range m.guarded[typ] {
		value, selected := shown[field.Name]
		if !selected {
			value, selected = shown["x_"+field.Name]
		}
		if !selected {
			continue
		}
		truth, told := r.truth[field.Name]
		if !told {
			m.T.Fatalf("tell in the story what %s.%s is", typ, field.Name)
		}
		want := f.shows(r, field)
		m.count(typ+"."+field.Name, who, way, want == truth)
		if !is(value, want) {
			text, _ := json.Marshal(value)
			m.T.Errorf("%s, %s: %s.%s of %s (%s) shows %s, want %v", who, way, typ, field.Name, r.plate, r.stay, text, want)
		}
	}
}
