package lotfile

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"parkbff/internal/parking/geo"
	"parkbff/internal/place"
)

// taipeiRow is a row of 臺北市停車場資訊V2 (TCMSV_alldesc) of Taipei City's Parking Management and
// Development Office. Numbers come as numbers or as strings, an empty object stands for no entrances.
type taipeiRow struct {
	ID            string `json:"id"`
	Area          string `json:"area"`
	Name          string `json:"name"`
	Address       string `json:"address"`
	Phone         string `json:"tel"`
	Payment       string `json:"payex"`
	Hours         string `json:"serviceTime"`
	Easting       loose  `json:"tw97x"`
	Northing      loose  `json:"tw97y"`
	Cars          loose  `json:"totalcar"`
	Accessible    loose  `json:"Handicap_First"`
	Charging      loose  `json:"ChargingStation"`
	EntranceCoord struct {
		EntrancecoordInfo []struct {
			Xcod, Ycod loose
			Address    string
		}
	}
}

// maxEntranceMetres is how far an entrance may lie from the middle of its lot.
const maxEntranceMetres = 500

// fromTaipei reads a row of Taipei's open data. Its prices are in TWD, so the lot keeps them as text;
// TaipeiRateTable reads the structured part. The file says nothing of barriers, heights or pictures.
func fromTaipei(text json.RawMessage) (Lot, *problem) {
	var row taipeiRow
	if err := json.Unmarshal(text, &row); err != nil {
		return Lot{Code: row.ID}, misread(err)
	}
	lot := Lot{
		Code: row.ID, Name: row.Name, Region: Taiwan, City: "臺北市", District: row.Area, Address: row.Address,
		Barrier: true, TariffText: row.Payment,
		Facts: place.Facts{OpeningHours: row.Hours, Phone: row.Phone},
	}
	for _, count := range []struct {
		field string
		from  loose
		to    *int
	}{
		{"totalcar", row.Cars, &lot.Capacity},
		{"Handicap_First", row.Accessible, &lot.AccessibleBays},
		{"ChargingStation", row.Charging, &lot.EVBays},
	} {
		n, ok := count.from.count()
		if !ok {
			return lot, &problem{count.field, "is no count"}
		}
		*count.to = n
	}
	var wrong *problem
	if lot.Location, wrong = row.location(); wrong != nil {
		return lot, wrong
	}
	lot.Entrances, wrong = row.entrances(lot.Location.Point)
	return lot, wrong
}

func (row *taipeiRow) location() (*Location, *problem) {
	if row.Easting.unset() || row.Northing.unset() {
		return nil, &problem{"tw97x", "or tw97y is missing: the lot has no coordinates"}
	}
	easting, eastingOK := row.Easting.float()
	northing, northingOK := row.Northing.float()
	if !eastingOK || !northingOK {
		return nil, &problem{"tw97x", "or tw97y is no number"}
	}
	point := geo.FromTWD97(easting, northing)
	if !nearGridOrigin(easting, northing) || !inTaiwan(point) {
		return nil, &problem{"tw97x", "and tw97y lie outside Taiwan"}
	}
	return &Location{Point: point, Datum: WGS84}, nil
}

// entrances are published in degrees. The publisher's notes call Xcod the longitude, its data hold the
// latitude there; in Taiwan no latitude can be a longitude, so either order is read. Left out are
// entrances that nobody surveyed (two zeros) and those of another place: a seventh of the published ones
// lies kilometres from its lot, and a driver sent there finds nothing.
func (row *taipeiRow) entrances(lot geo.Point) ([]place.Entrance, *problem) {
	var entrances []place.Entrance
	for _, info := range row.EntranceCoord.EntrancecoordInfo {
		if info.Xcod.unset() && info.Ycod.unset() {
			continue
		}
		x, xOK := info.Xcod.float()
		y, yOK := info.Ycod.float()
		if !xOK || !yOK {
			return nil, &problem{"EntranceCoord", "has a coordinate that is no number"}
		}
		point := geo.Point{Latitude: min(x, y), Longitude: max(x, y)}
		if !inTaiwan(point) {
			return nil, &problem{"EntranceCoord", "has an entrance outside Taiwan"}
		}
		if geo.DistanceMetres(lot, point) > maxEntranceMetres {
			continue
		}
		entrances = append(entrances, place.Entrance{
			Latitude: point.Latitude, Longitude: point.Longitude, Address: info.Address,
		})
	}
	return entrances, nil
}

// nearGridOrigin keeps the projection's series to the part of the grid where it converges.
func nearGridOrigin(easting, northing float64) bool {
	return easting > -100_000 && easting < 600_000 && northing > 2_300_000 && northing < 2_950_000
}

// inTaiwan holds within a box around the main island and Penghu.
func inTaiwan(p geo.Point) bool {
	return geo.Box{South: 21.5, North: 25.8, West: 119, East: 122.6}.Contains(p)
}

// loose is a number that may come as a JSON number, a string or null.
type loose string

func (l *loose) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	if text[0] != '"' {
		var number json.Number
		if err := json.Unmarshal(text, &number); err != nil {
			return err
		}
		*l = loose(number)
		return nil
	}
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return err
	}
	*l = loose(strings.TrimSpace(word))
	return nil
}

// float answers false for what is no finite number.
func (l loose) float() (float64, bool) {
	f, err := strconv.ParseFloat(string(l), 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// unset holds for nothing and for zero.
func (l loose) unset() bool {
	f, ok := l.float()
	return l == "" || ok && f == 0
}

// count answers a count of things. Nothing and -9, the publisher's mark for no data, are none.
func (l loose) count() (int, bool) {
	if l == "" || l == "-9" {
		return 0, true
	}
	n, err := strconv.Atoi(string(l))
	return n, err == nil && n >= 0
}
