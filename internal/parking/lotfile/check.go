package lotfile

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"unicode/utf8"

	"parkbff/internal/parking/geo"
)

// Bounds. Lengths are in characters.
const (
	maxCode          = 64
	maxName          = 100
	maxAddress       = 200
	maxText          = 2000
	maxBays          = 100_000
	maxCentimetres   = 2000
	maxGates         = 100
	maxEntrances     = 50
	maxPictures      = 20
	maxCapabilities  = 50
	maxURL           = 500
	shapeOfCode      = "is not of letters, digits, - and _ (at most 64)"
	shapeOfDirection = "is not ENTRY, EXIT or BOTH"
)

var (
	codeShape       = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	capabilityShape = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)
)

// check answers the first thing wrong with a tidy lot, or nil.
func (l *Lot) check() *problem {
	for _, part := range []func() *problem{
		l.checkCode, l.checkTexts, l.checkNumbers, l.checkPlaces, l.checkGates, l.checkPictures, l.checkCapabilities, l.checkTariff,
	} {
		if wrong := part(); wrong != nil {
			return wrong
		}
	}
	return nil
}

func (l *Lot) checkCode() *problem {
	if l.Code == "" {
		return &problem{"code", "is missing"}
	}
	if !codeShape.MatchString(l.Code) {
		return &problem{"code", shapeOfCode}
	}
	return nil
}

func (l *Lot) checkTexts() *problem {
	for _, text := range []struct {
		field, value string
		required     bool
		most         int
	}{
		{"name", l.Name, true, maxName},
		{"city", l.City, true, maxName},
		{"district", l.District, false, maxName},
		{"address", l.Address, false, maxAddress},
		{"openingHours", l.OpeningHours, false, maxAddress},
		{"phone", l.Phone, false, maxName},
		{"tariffText", l.TariffText, false, maxText},
	} {
		if text.required && text.value == "" {
			return &problem{text.field, "is missing"}
		}
		if wrong := checkLength(text.field, text.value, text.most); wrong != nil {
			return wrong
		}
	}
	if !slices.Contains([]Region{Mainland, HongKong, Macao, Taiwan}, l.Region) {
		return &problem{"region", "is not CN, HK, MO or TW"}
	}
	return nil
}

func checkLength(field, text string, most int) *problem {
	if utf8.RuneCountInString(text) > most {
		return &problem{field, fmt.Sprintf("is longer than %d characters", most)}
	}
	return nil
}

func (l *Lot) checkNumbers() *problem {
	for _, number := range []struct {
		field       string
		value, most int
	}{
		{"capacity", l.Capacity, maxBays},
		{"evBays", l.EVBays, maxBays},
		{"accessibleBays", l.AccessibleBays, maxBays},
		{"maxHeightCentimetres", l.MaxHeightCentimetres, maxCentimetres},
	} {
		if number.value < 0 || number.value > number.most {
			return &problem{number.field, fmt.Sprintf("is not between 0 and %d", number.most)}
		}
	}
	return nil
}

func (l *Lot) checkPlaces() *problem {
	if l.Location != nil {
		if !onLand(l.Location.Point) {
			return &problem{"location", "is no place on land"}
		}
		if l.Location.Datum != WGS84 && l.Location.Datum != GCJ02 {
			return &problem{"location.datum", "is not WGS84 or GCJ02"}
		}
	}
	if len(l.Entrances) > maxEntrances {
		return &problem{"entrances", fmt.Sprintf("are more than %d", maxEntrances)}
	}
	for i, entrance := range l.Entrances {
		field := fmt.Sprintf("entrances[%d]", i)
		if !onLand(geo.Point{Latitude: entrance.Latitude, Longitude: entrance.Longitude}) {
			return &problem{field, "is no place on land"}
		}
		if wrong := checkLength(field+".name", entrance.Name, maxName); wrong != nil {
			return wrong
		}
		if wrong := checkLength(field+".address", entrance.Address, maxAddress); wrong != nil {
			return wrong
		}
	}
	return nil
}

// onLand refuses what is no point of the globe, and the point in the Gulf of Guinea that unset
// coordinates name.
func onLand(p geo.Point) bool {
	return p.Valid() && (p.Latitude != 0 || p.Longitude != 0)
}

func (l *Lot) checkGates() *problem {
	if len(l.Gates) > maxGates {
		return &problem{"gates", fmt.Sprintf("are more than %d", maxGates)}
	}
	seen := map[string]bool{}
	for i, gate := range l.Gates {
		field := fmt.Sprintf("gates[%d]", i)
		switch {
		case !codeShape.MatchString(gate.Code):
			return &problem{field + ".code", shapeOfCode}
		case seen[gate.Code]:
			return &problem{field + ".code", "names an earlier gate too"}
		case !slices.Contains([]Direction{Entry, Exit, Both}, gate.Direction):
			return &problem{field + ".direction", shapeOfDirection}
		}
		seen[gate.Code] = true
	}
	return nil
}

func (l *Lot) checkPictures() *problem {
	if len(l.Pictures) > maxPictures {
		return &problem{"pictures", fmt.Sprintf("are more than %d", maxPictures)}
	}
	for i, picture := range l.Pictures {
		field := fmt.Sprintf("pictures[%d]", i)
		address, err := url.Parse(picture.URL)
		switch {
		case err != nil, address.Scheme != "https", address.Host == "", len(picture.URL) > maxURL:
			return &problem{field + ".url", "is no https address of at most 500 characters"}
		case picture.AltText == "":
			return &problem{field + ".altText", "is missing"}
		}
		if wrong := checkLength(field+".altText", picture.AltText, maxAddress); wrong != nil {
			return wrong
		}
	}
	return nil
}

func (l *Lot) checkCapabilities() *problem {
	if len(l.Capabilities) > maxCapabilities {
		return &problem{"capabilities", fmt.Sprintf("are more than %d", maxCapabilities)}
	}
	for i, capability := range l.Capabilities {
		if !capabilityShape.MatchString(capability) || slices.Contains(l.Capabilities[:i], capability) {
			return &problem{fmt.Sprintf("capabilities[%d]", i), "is no name in capital letters, or stands there twice"}
		}
	}
	return nil
}

func (l *Lot) checkTariff() *problem {
	if l.Tariff != nil && l.Region != Mainland {
		return &problem{"tariff", "is in fen of CNY: a lot outside the mainland has tariffText only"}
	}
	return nil
}
