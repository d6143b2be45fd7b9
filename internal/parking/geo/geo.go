// Package geo measures distances on the ground and reads the grid coordinates that lots are published in.
package geo

import "math"

// earthRadiusMetres is the mean radius of the Earth (IUGG). A sphere errs by at most 0.6 %.
const earthRadiusMetres = 6_371_008.8

// Point is a place in decimal degrees. Which datum they are of is the caller's to know: points of
// different datums must not be compared (WGS84 and GCJ-02 lie up to 700 m apart).
type Point struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Valid holds when both degrees are numbers in range.
func (p Point) Valid() bool {
	return math.Abs(p.Latitude) <= 90 && math.Abs(p.Longitude) <= 180
}

// Box is the area between two parallels and two meridians, borders included, in degrees.
type Box struct {
	South, North, West, East float64
}

// Contains holds when the point lies within the box or on its border.
func (b Box) Contains(p Point) bool {
	return p.Latitude >= b.South && p.Latitude <= b.North && p.Longitude >= b.West && p.Longitude <= b.East
}

// DistanceMetres is the great-circle distance between two points (haversine).
func DistanceMetres(a, b Point) float64 {
	latitudes := math.Sin(radians(b.Latitude-a.Latitude) / 2)
	longitudes := math.Sin(radians(b.Longitude-a.Longitude) / 2)
	h := latitudes*latitudes +
		math.Cos(radians(a.Latitude))*math.Cos(radians(b.Latitude))*longitudes*longitudes
	return 2 * earthRadiusMetres * math.Asin(math.Sqrt(min(1, h)))
}

// BoundingBox is a box that holds every point within radiusMetres of the centre. It holds further
// points too, so it narrows a search and DistanceMetres decides. Where the circle reaches a pole or
// the antimeridian the box spans all longitudes. A negative radius counts as zero.
func BoundingBox(centre Point, radiusMetres float64) Box {
	const slack = 1e-9 // degrees; covers rounding in both functions
	angle := max(0, radiusMetres) / earthRadiusMetres
	reach := degrees(angle) + slack
	box := Box{South: centre.Latitude - reach, North: centre.Latitude + reach, West: -180, East: 180}
	if box.South <= -90 || box.North >= 90 {
		box.South, box.North = max(box.South, -90), min(box.North, 90)
		return box
	}
	// The circle touches its outermost meridians north or south of the centre's own parallel.
	sideways := degrees(math.Asin(min(1, math.Sin(angle)/math.Cos(radians(centre.Latitude))))) + slack
	if west, east := centre.Longitude-sideways, centre.Longitude+sideways; west >= -180 && east <= 180 {
		box.West, box.East = west, east
	}
	return box
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

func degrees(radians float64) float64 { return radians * 180 / math.Pi }
