package twoworld_test

import (
	"testing"

	"parkbff/internal/testkit"
)

// Whoever types a plate and the lot in which it owes learns the amount, so that anybody can pay: that
// tells the worlds apart. But nobody can go from lot to lot and search for a car, not even those who have
// bound its plate without showing that it is theirs.
func TestNobodyCanSearchForACarByQuotes(t *testing.T) {
	testkit.Covers(t, "R069")
	eachEngine(t, func(t *testing.T, both worlds) {
		both.settle()
		debts := chapters[2] // every car owes 8 yuan in a lot that is hidden
		for _, chapter := range chapters[:3] {
			both.goTo(chapter.day, chapter.told)
			for _, s := range chapter.sights {
				both.report(s, map[string]string{})
			}
		}
		both.goTo(debts.day, debts.scenes[0])
		everybody := both.signIn()
		everybody[anonymous] = pair{both[0].Anonymous(), both[1].Anonymous()}
		delete(everybody, owner)

		everybody.each(func(who string, p pair) {
			for range 3 { // uses up what the hour allows
				sameFor(t, who, p, []operation{quote(boundPlate, elsewhere)}, newAcquaintance(nothing()))
			}
			for _, lot := range lots() {
				for _, plate := range []string{boundPlate, ownedPlate, maskingPlate, hidingPlate} {
					if plate == hidingPlate && who == hiding {
						continue // it has not hidden this record yet
					}
					sameFor(t, who, p, []operation{quote(plate, lot.Code)}, newAcquaintance(nothing()))
				}
			}
		})
	})
}

func quote(plate, lot string) operation {
	return operation{
		field: "quote",
		text: `query($plate: Plate!, $lot: String!) {
			quote(input: {plateAtLot: {plate: $plate, lotCode: $lot}}) { __typename ... on Payable { amount expiresAt } }
		}`,
		vars: map[string]any{"plate": plate, "lot": lot},
	}
}
