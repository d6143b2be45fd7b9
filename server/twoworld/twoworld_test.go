package twoworld_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

func TestWhoeverMayNotSeeHiddenValuesCannotTellTwoWorldsApart(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R016", "R025", "R069", "R070")
	eachEngine(t, func(t *testing.T, both worlds) {
		proof := newProof(t, both)
		proof.tellAndLook()
		proof.tryEverything()
		proof.wasWorthIt()
		proof.askAtWork()
	})
}

// fewer are those who look on the second engine: between them they wear every mask. What differs between engines is how
// rows are found, not who is shown what of them.
var fewer = []string{followed, coDriver, payer, masking, staff}

// proof is the test as it goes on.
type proof struct {
	t       *testing.T
	both    worlds
	people  people
	known   known                    // ids and cursors, everybody's
	masked  map[string]*acquaintance // what those were shown who may not see
	clear   [2]*acquaintance         // what those were shown who may, in each world
	stayIDs map[string]string        // the last stay of each car
	asked   int
}

func newProof(t *testing.T, both worlds) *proof {
	p := &proof{
		t: t, both: both, known: nothing(), masked: map[string]*acquaintance{}, stayIDs: map[string]string{},
	}
	p.clear = [2]*acquaintance{newAcquaintance(p.known), newAcquaintance(p.known)}
	p.people = both.settle()
	p.everybody()
	return p
}

// everybody adds those who never sign in to an account.
func (p *proof) everybody() {
	p.people[anonymous] = pair{p.both[0].Anonymous(), p.both[1].Anonymous()}
	p.people[staff] = pair{p.both[0].Staff(elsewhere), p.both[1].Staff(elsewhere)}
	p.people[machine] = pair{p.both[0].Gate(elsewhere).Client, p.both[1].Gate(elsewhere).Client}
	for who := range p.people {
		if p.masked[who] == nil && who != owner && (p.both[0].Store.Dialect() == dialect.SQLite || slices.Contains(fewer, who)) {
			p.masked[who] = newAcquaintance(p.known)
		}
	}
}

// tellAndLook lets the story happen, and everybody look at all there is between its chapters.
func (p *proof) tellAndLook() {
	for i, chapter := range chapters {
		p.both.goTo(chapter.day, chapter.told)
		for _, s := range chapter.sights {
			p.both.report(s, p.stayIDs)
		}
		for j, scene := range chapter.scenes {
			p.both.goTo(chapter.day, scene)
			p.people = p.both.signIn()
			p.everybody()
			if i == 0 && j == 0 {
				p.pay()
			}
			p.hide()
			p.introduce()
			if j == 0 && i%2 == 0 {
				p.lookAtAll(i / 2)
			}
			if i == 0 && j == 0 {
				p.lookOnOtherWays()
			}
		}
	}
}

// pay lets somebody pay for a car that is bound to others and for one that is bound to nobody.
func (p *proof) pay() {
	for i, w := range p.both {
		now := w.Clock.Now()
		w.Clock.Pass(time.Duration(i) * time.Minute) // the one in the second world takes longer to do so
		for _, plate := range []string{boundPlate, "stranger"} {
			w.Pays(p.people[payer][i], p.stayIDs[plate], 1000)
		}
		w.Clock.Set(now)
	}
}

// hide lets the one who hides each record do so.
func (p *proof) hide() {
	for _, c := range p.people[hiding] {
		c.Asks(`mutation($id: ID!) { setSessionHidden(input: {sessionId: $id, hidden: true}) { userErrors { code } } }`,
			servertest.Vars{"id": p.stayIDs[hidingPlate]}).OK()
	}
}

// introduce lets everybody look at their own lists, by which ids and cursors become known, and those
// who may see look at the same.
func (p *proof) introduce() {
	p.both.rest()
	ownLists := func(met *acquaintance) []operation {
		return slices.DeleteFunc(newAuthor(p.t, met).queries(), func(op operation) bool {
			return op.field != "viewer" || len(op.vars) > 0 && op.vars["months"] == nil
		})
	}
	p.eachMasked(func(who string, of pair, met *acquaintance) {
		ops := ownLists(met)
		p.asked += len(ops)
		sameFor(p.t, who, of, ops, met)
	})
	for i, met := range p.clear {
		for _, op := range ownLists(met) {
			met.listen(p.t, op, ask(p.people[owner][i], op))
		}
	}
}

// The first and the last look are everybody's, with all values. At the two between half of the viewers look each, with the
// usual ones: what one of them sees of a chapter is masked as for the next, whatever it asks with.
const (
	firstLook = 0
	lastLook  = 3
)

// lookAtAll asks every query as those who may not see and whose turn it is.
func (p *proof) lookAtAll(look int) {
	whole, turn := look == firstLook || look == lastLook, 0
	p.eachMasked(func(who string, of pair, met *acquaintance) {
		if turn++; !whole && turn%2 != look%2 {
			return
		}
		ops := newAuthor(p.t, met).queries()
		if !whole {
			ops = withUsual(ops)
		}
		p.asked += len(ops)
		sameFor(p.t, who, of, ops, met)
	})
}

// withUsual are the operations with the first of their values, and each record by its id.
func withUsual(ops []operation) []operation {
	return slices.CompactFunc(ops, func(before, next operation) bool { return before.text == next.text && next.field != "node" })
}

// lookOnOtherWays asks each query once on each of the other ways in.
func (p *proof) lookOnOtherWays() {
	p.eachMasked(func(who string, of pair, met *acquaintance) {
		ops := onceEach(newAuthor(p.t, met).queries())
		for _, way := range otherWays {
			p.asked += len(ops)
			sameOn(p.t, who, way, of, ops)
		}
	})
}

// tryEverything lets those below VERIFIED do whatever the contract has, and look at all again.
func (p *proof) tryEverything() {
	p.try(func(a *author) []operation { return a.mutations() })
	for i, field := range ending {
		p.comeBack([]string{"00:13", "00:15", "00:17"}[i])
		p.try(func(a *author) []operation { return a.endings(field) })
	}
	p.comeBack("00:20")
	p.lookAtAll(lastLook)
}

// try sends mutations as everybody but those who may lift their own masks.
func (p *proof) try(those func(*author) []operation) {
	p.eachMasked(func(who string, of pair, met *acquaintance) {
		if who == masking || who == hiding {
			return
		}
		ops := those(newAuthor(p.t, met))
		p.asked += len(ops)
		sameFor(p.t, who, of, ops, met)
	})
}

// comeBack signs everybody in again, on the last day of the story.
func (p *proof) comeBack(clock string) {
	p.both.goTo(93, clock)
	p.people = p.both.signIn()
	p.everybody()
}

// wasWorthIt shows that the proof could have failed: each masked field was reached by somebody who may
// not see it, and differs between the worlds for somebody who may.
func (p *proof) wasWorthIt() {
	p.t.Logf("%d operations in each world", p.asked)
	p.lookAsStaff()
	author := newAuthor(p.t, newAcquaintance(p.known))
	for _, def := range author.schema.Types {
		for _, field := range def.Fields {
			if mask := field.Directives.ForName("mask"); mask != nil {
				p.judge(def.Name+"."+field.Name, mask)
			}
		}
	}
}

// sameForTheirOwners are masked values that whoever may see them knows already.
var sameForTheirOwners = []string{"Notice.plate"}

func (p *proof) judge(coordinate string, mask *ast.Directive) {
	p.t.Helper()
	formula := mask.Arguments.ForName("as").Value.Raw
	reached := false
	for _, met := range p.masked {
		reached = reached || len(met.values[coordinate]) > 0
	}
	if !reached && formula != "HIDDEN" {
		p.t.Errorf("nobody was shown %s", coordinate)
	}
	if formula == "PRECISION" || formula == "NAME_VISIBILITY" || slices.Contains(sameForTheirOwners, coordinate) {
		return
	}
	if maps.Equal(p.clear[0].values[coordinate], p.clear[1].values[coordinate]) {
		p.t.Errorf("%s is the same in both worlds, so nothing was proved about it", coordinate)
	}
}

// lookAsStaff asks what stands on the lots' own books.
func (p *proof) lookAsStaff() {
	for i, w := range p.both {
		for _, op := range newAuthor(p.t, p.clear[i]).queries() {
			code, _ := op.vars["code"].(string)
			if _, isLot := w.Parking.Lot(code); isLot && op.field == "lot" {
				p.clear[i].listen(p.t, op, ask(w.Staff(code), op))
			}
		}
		onThatDay := operation{text: fmt.Sprintf(`{ lot(code: %q) { reservations(day: %q) { edges { node { __typename arrival } } } } }`,
			agreed, reserved.Format(time.DateOnly))}
		p.clear[i].listen(p.t, onThatDay, ask(w.Staff(agreed), onThatDay))
	}
}

func (p *proof) eachMasked(do func(who string, of pair, met *acquaintance)) {
	p.people.each(func(who string, of pair) {
		if met := p.masked[who]; met != nil {
			do(who, of, met)
		}
	})
}
