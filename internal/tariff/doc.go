// Package tariff prices stays. It is pure: rate tables, a stay and a calendar go in, a charge that
// explains itself comes out.
//
// Words follow APDS (ISO/TS 5206-1, "Rate"): a RateTable has collections of rate lines, and a line
// gives a fee per unit of time. Money is int64 fen (a hundredth of the lot's currency). Times are
// any time.Time; days and clock times are those of UTC+8.
//
// A stay lasts floor((exit - enter) / 1 min) minutes, counted from the minute in which it began:
// seconds never cost anything.
//
// # How a stay is priced
//
//  1. Free minutes are judged over the whole stay (Free).
//  2. The stay is walked from its start. The period of the day (a RateLineCollection, chosen by the
//     kind of day and the clock) says which lines apply. The time in one unbroken period is its line
//     clock; it starts at zero each time a period begins.
//  3. Units follow each other. A unit still running at the end of the stay is rounded by its line. A
//     unit still running at the end of its period is cut there and rounded, or carried on (Straddle).
//  4. A period and a cycle may each have a cap. What exceeds it is taken back by a line of its own, so
//     that the lines of a charge always add up to its fee.
//
// The walk never looks ahead, so a longer stay never costs less.
//
// # JSON
//
//	{"span": "ENTRY", "versions": [{
//	  "from": "2026-01-01T00:00:00+08:00",
//	  "tables": [{
//	    "classes": ["SMALL"],
//	    "free": {"minutes": 15, "kind": "THRESHOLD"},
//	    "cycle": {"window": "FROM_ENTRY", "capFen": 3000},
//	    "straddle": "CUT",
//	    "collections": [
//	      {"days": ["WORKDAY"], "from": "07:30", "to": "20:00", "lines": [
//	        {"upToMinutes": 30, "unitMinutes": 30, "fen": 300},
//	        {"unitMinutes": 30, "fen": 600, "rounding": "UP"}]},
//	      {"days": ["WORKDAY"], "from": "20:00", "to": "07:30", "lines": [{"fen": 0}]},
//	      {"days": ["REST_DAY"], "lines": [{"fen": 0}]}],
//	    "rebate": {"energies": ["ELECTRIC", "OTHER_NEV"], "minutesPerDay": 60},
//	    "exitGraceMinutes": 15
//	  }]
//	}]}
package tariff
