package tariff

import (
	"slices"
	"time"

	"parkbff/internal/fault"
)

// Faults of this package. Invalid names the path of the field at fault and gives a `reason`.
var (
	Invalid     = fault.New("INVALID_TARIFF", "The tariff is not valid.")
	NoTariff    = fault.New("NO_TARIFF", "No rate table is in force for this vehicle at that time.")
	InvalidStay = fault.New("INVALID_STAY", "The stay cannot be priced.")
)

// SpanRule says how a stay is priced that lasts from one version of a tariff into the next.
type SpanRule string

const (
	// ByEntry prices the whole stay by the version in force at entry. It is the default.
	ByEntry SpanRule = "ENTRY"
	// Split prices each part by its own version, as though the vehicle had arrived at the change. The
	// free minutes are those of the version at entry and are given once.
	Split SpanRule = "SPLIT"
)

// Schedule is the tariff of a lot through time. Versions are in order of time and do not overlap;
// between them there may be times without a tariff.
type Schedule struct {
	Span     SpanRule  `json:"span,omitempty"`
	Versions []Version `json:"versions"`
}

// Version is in force during [From, To). A zero From or To is open. Both are whole minutes.
//
// Of its tables, the first that takes the vehicle prices it.
type Version struct {
	From   time.Time   `json:"from,omitzero"`
	To     time.Time   `json:"to,omitzero"`
	Tables []RateTable `json:"tables"`
}

// Always answers a schedule of one version without beginning or end.
func Always(tables ...RateTable) Schedule {
	return Schedule{Versions: []Version{{Tables: tables}}}
}

// At answers the version in force at t.
func (s Schedule) At(t time.Time) (*Version, bool) {
	for i := range slices.Backward(s.Versions) {
		v := &s.Versions[i]
		if !v.From.After(t) && (v.To.IsZero() || t.Before(v.To)) {
			return v, true
		}
	}
	return nil, false
}

// TableFor answers the table that prices such a vehicle.
func (v *Version) TableFor(class Class, energy Energy) (*RateTable, bool) {
	for i := range v.Tables {
		if v.Tables[i].takes(class, energy) {
			return &v.Tables[i], true
		}
	}
	return nil, false
}

// ExitBy answers until when a stay paid at paidAt may leave without owing more.
// Errors: NoTariff.
func (s Schedule) ExitBy(stay Stay, paidAt time.Time) (time.Time, error) {
	stay = stay.withDefaults()
	at := stay.Enter
	if s.Span == Split {
		at = paidAt
	}
	table, _, err := s.tableAt(at, stay)
	if err != nil {
		return time.Time{}, err
	}
	return paidAt.Add(time.Duration(table.ExitGraceMinutes) * time.Minute), nil
}

func (s Schedule) tableAt(t time.Time, stay Stay) (*RateTable, *Version, error) {
	version, ok := s.At(t)
	if !ok {
		return nil, nil, NoTariff
	}
	table, ok := version.TableFor(stay.Class, stay.Energy)
	if !ok {
		return nil, nil, NoTariff
	}
	return table, version, nil
}
