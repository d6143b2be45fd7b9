package geo

import "math"

// The grid of Taiwan: TWD97 / TM2 zone 121 (EPSG:3826), a transverse Mercator projection of GRS 80.
const (
	grs80SemiMajorMetres   = 6_378_137.0
	grs80Flattening        = 1 / 298.257222101
	twd97CentralMeridian   = 121.0
	twd97Scale             = 0.9999
	twd97FalseEastingMetre = 250_000.0
)

// FromTWD97 turns grid metres (TWD97 / TM2, zone 121) into WGS84 degrees.
//
// TWD97 is a realisation of ITRF94 on GRS 80, so its degrees are those of WGS84 to within a metre.
// The inverse is Krüger's series to the third order of the third flattening, exact to less than a
// millimetre in the zone (Karney, "Transverse Mercator with an accuracy of a few nanometers", 2011).
func FromTWD97(easting, northing float64) Point {
	const n = grs80Flattening / (2 - grs80Flattening)
	const rectifyingRadius = grs80SemiMajorMetres / (1 + n) * (1 + n*n/4 + n*n*n*n/64)
	toSphere := [...]float64{
		n/2 - 2*n*n/3 + 37*n*n*n/96,
		n*n/48 + n*n*n/15,
		17 * n * n * n / 480,
	}
	toEllipsoid := [...]float64{
		2*n - 2*n*n/3 - 2*n*n*n,
		7*n*n/3 - 8*n*n*n/5,
		56 * n * n * n / 15,
	}

	north := northing / (twd97Scale * rectifyingRadius)
	east := (easting - twd97FalseEastingMetre) / (twd97Scale * rectifyingRadius)
	xi, eta := north, east
	for i, b := range toSphere {
		k := 2 * float64(i+1)
		xi -= b * math.Sin(k*north) * math.Cosh(k*east)
		eta -= b * math.Cos(k*north) * math.Sinh(k*east)
	}

	conformal := math.Asin(math.Sin(xi) / math.Cosh(eta))
	latitude := conformal
	for i, d := range toEllipsoid {
		latitude += d * math.Sin(2*float64(i+1)*conformal)
	}
	return Point{
		Latitude:  degrees(latitude),
		Longitude: twd97CentralMeridian + degrees(math.Atan2(math.Sinh(eta), math.Cos(xi))),
	}
}
