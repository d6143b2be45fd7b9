package replay

import (
	"cmp"
	"slices"
	"time"

	"parkbff/internal/clock"
)

// stay is a record as it is replayed: shifted, and with a plate.
type stay struct {
	record
	plate string
}

const (
	// castEvery is the share of stays that vehicles of accounts may take: every tenth.
	castEvery = 10
	// apart is the least time between two stays of one vehicle.
	apart = 15 * time.Minute
)

// firstMonday begins the weeks in which vehicles visit lots.
var firstMonday = time.Date(1970, 1, 5, 0, 0, 0, 0, clock.Shanghai)

// role is the vehicle of an account and where it is.
type role struct {
	account   int // place in the list of accounts
	plate     string
	busyUntil time.Time
}

// cast gives some of a lot's stays to the vehicles of accounts. Week by week each vehicle visits another
// lot of the lots file, so no lot need know the stays of another to keep a vehicle from being in two
// places; lot is the place in that file, of lots. The records are unshifted.
//
// The answer has the plate of each stay that was given away, by row.
func cast(records []record, accounts []account, lot, lots int) map[int]string {
	var roles []*role
	for _, a := range accounts {
		if a.plate != "" {
			roles = append(roles, &role{account: a.index, plate: a.plate})
		}
	}
	plates := map[int]string{}
	for _, r := range byArrival(records) {
		if r.row%castEvery != 0 {
			continue
		}
		for i := range roles {
			role := roles[(r.row/castEvery+i)%len(roles)] // in turns
			if role.visits(r, lot, lots) {
				plates[r.row] = role.plate
				role.busyUntil = r.exit.Add(apart)
				break
			}
		}
	}
	return plates
}

// visits holds when the stay lies in a week that the vehicle spends at the lot, and the vehicle is free.
func (v *role) visits(r record, lot, lots int) bool {
	at := int(r.enter.Sub(firstMonday) / week)
	ends := firstMonday.Add(time.Duration(at+1) * week)
	return (at+v.account)%lots == lot && !r.enter.Before(v.busyUntil) && !r.exit.Add(apart).After(ends)
}

func byArrival(records []record) []record {
	return slices.SortedFunc(slices.Values(records), func(a, b record) int {
		return cmp.Or(a.enter.Compare(b.enter), cmp.Compare(a.row, b.row))
	})
}

// stage gives every record its plate and its place in the set's time.
func stage(set set, lotCode string, records []record, cast map[int]string) []stay {
	stays := make([]stay, len(records))
	for i, r := range records {
		plate, ok := cast[r.row]
		if !ok {
			plate = plateOf(set, lotCode, r.row)
		}
		r.enter, r.exit = set.shift(r.enter), set.shift(r.exit)
		stays[i] = stay{record: r, plate: plate}
	}
	return stays
}
