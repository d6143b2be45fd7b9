// Package lotfile reads the facts of lots from files. It knows three kinds: the house's own (see Lot),
// the recorded lots with inferred tariffs, and the open data of Taipei. It knows nothing of the store.
package lotfile

import (
	"parkbff/internal/parking/geo"
	"parkbff/internal/place"
	"parkbff/internal/tariff"
)

// Lot is one row of the house's own file, and what the rows of the other kinds become:
//
//	{"lots": [{
//	  "code": "SZ-001", "name": "万象城停车场", "region": "CN", "city": "深圳", "district": "罗湖",
//	  "address": "宝安南路1881号", "location": {"latitude": 22.54, "longitude": 114.11, "datum": "GCJ02"},
//	  "capacity": 800, "barrier": true, "gates": [{"code": "G1", "direction": "BOTH"}],
//	  "openingHours": "24小时", "maxHeightCentimetres": 210, "evBays": 20, "accessibleBays": 8,
//	  "phone": "0755-82668266", "capabilities": ["VOUCHERS"],
//	  "entrances": [{"name": "东门", "latitude": 22.541, "longitude": 114.111, "address": "宝安南路"}],
//	  "pictures": [{"url": "https://example.com/east.jpg", "altText": "东门入口"}],
//	  "tariffText": "首小时10元", "tariff": {…}
//	}]}
//
// Required are code, name, city and capacity (bays; 0: not known or none for cars). Absent, region is
// CN, barrier is true, gates is one gate G1 in both directions. A field that is not listed here rejects
// its row. Every string is trimmed, in NFC, free of control characters and of bounded length.
type Lot struct {
	Code     string    `json:"code"`   // letters, digits, - and _; unique within the file
	Name     string    `json:"name"`   // as drivers know it
	Region   Region    `json:"region"` // kept apart because "China" means the mainland (R149)
	City     string    `json:"city"`
	District string    `json:"district,omitempty"`
	Address  string    `json:"address,omitempty"`
	Location *Location `json:"location,omitempty"` // nil: not published

	Capacity     int      `json:"capacity"`
	Barrier      bool     `json:"barrier"` // false: barrier-free, RELEASE_AND_BILL (P05)
	Gates        []Gate   `json:"gates"`
	Capabilities []string `json:"capabilities,omitempty"` // what the lot offers beyond parking (R029)

	// Facts (P01); the coordinates of entrances are of Location's datum, or WGS84 without Location.
	place.Facts

	TariffText string `json:"tariffText,omitempty"` // the prices in words, in the lot's own currency
	// Tariff is in fen of CNY, so only a lot of the mainland has one; its file form is tariff.Schedule's.
	Tariff *tariff.Schedule `json:"tariff,omitempty"`
}

// Region of a lot.
type Region string

// Regions.
const (
	Mainland Region = "CN"
	HongKong Region = "HK"
	Macao    Region = "MO"
	Taiwan   Region = "TW"
)

// Location of a lot in decimal degrees of the stated datum.
type Location struct {
	geo.Point
	Datum Datum `json:"datum"`
}

// Datum to which degrees refer. TWD97 grid metres are turned into WGS84 on reading.
type Datum string

// Datums.
const (
	WGS84 Datum = "WGS84"
	GCJ02 Datum = "GCJ02"
)

// Gate of a lot.
type Gate struct {
	Code      string    `json:"code"`
	Direction Direction `json:"direction"`
}

// Direction in which cars pass a gate.
type Direction string

// Directions.
const (
	Entry Direction = "ENTRY"
	Exit  Direction = "EXIT"
	Both  Direction = "BOTH"
)

// defaultGate is the gate of a lot whose file names none.
var defaultGate = Gate{Code: "G1", Direction: Both}

// Rejection says why a row of a file did not become a lot.
type Rejection struct {
	Row    int    // place in the file's list, from 1
	Code   string // the row's own id; empty if it has none
	Field  string // path within the row, such as gates[1].code; empty if the row as a whole is at fault
	Reason string // English, completes the sentence "<field> …"
}
