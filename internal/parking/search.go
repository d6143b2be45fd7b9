package parking

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/parking/geo"
)

// Search says which lots to find.
type Search struct {
	Near         *geo.Point
	RadiusMeters *int // 3000 when nil; needs Near
	Text         string
}

const (
	usualRadius = 3000
	mostRadius  = 50000
	longestText = 64 // characters
)

// Search finds lots: by nearness when a point is given, else by row. Errors: LocationMissing,
// fault.BadInput.
func (s *Service) Search(q Search, p page.Request) (page.Of[Found], error) {
	if err := q.check(); err != nil {
		return page.Of[Found]{}, err
	}
	found := q.among(s.catalogue.Load().lots)
	if p.After > 0 {
		at := slices.IndexFunc(found, func(f Found) bool { return f.Row == p.After })
		if at < 0 { // the lot is gone or has moved; to begin anew would never end
			return page.Of[Found]{}, nil
		}
		found = found[at+1:]
	}
	if len(found) > p.Limit() {
		found = found[:p.Limit()]
	}
	return page.Cut(found, p.First), nil
}

func (q *Search) check() error {
	switch {
	case q.RadiusMeters != nil && q.Near == nil:
		return LocationMissing.At("near")
	case q.Near != nil && !q.Near.Valid():
		return fault.BadInput.At("near")
	case q.RadiusMeters != nil && (*q.RadiusMeters < 1 || *q.RadiusMeters > mostRadius):
		return fault.BadInput.At("radiusMeters")
	case utf8.RuneCountInString(q.Text) > longestText:
		return fault.BadInput.At("search")
	}
	return nil
}

func (q *Search) among(lots []*Lot) []Found {
	text := strings.ToLower(strings.TrimSpace(q.Text))
	var found []Found
	for _, l := range lots {
		if !l.mentions(text) {
			continue
		}
		if q.Near == nil {
			found = append(found, Found{Lot: l})
		} else if metres, near := q.reaches(l); near {
			found = append(found, Found{Lot: l, DistanceMeters: &metres})
		}
	}
	if q.Near != nil {
		slices.SortFunc(found, func(a, b Found) int {
			return cmp.Or(cmp.Compare(*a.DistanceMeters, *b.DistanceMeters), cmp.Compare(a.Row, b.Row))
		})
	}
	return found
}

func (q *Search) reaches(l *Lot) (metres int, near bool) {
	if l.Position == nil {
		return 0, false
	}
	radius := usualRadius
	if q.RadiusMeters != nil {
		radius = *q.RadiusMeters
	}
	metres = int(math.Round(geo.DistanceMetres(*q.Near, l.Position.Point)))
	return metres, metres <= radius
}

func (l *Lot) mentions(text string) bool {
	if text == "" || strings.Contains(strings.ToLower(l.Name), text) {
		return true
	}
	return l.Address != nil && strings.Contains(strings.ToLower(*l.Address), text)
}
