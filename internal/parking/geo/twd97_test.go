package geo

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Pairs: the origin and its neighbour by definition, and the documented example of the public `twd97`
// library.
func TestGridMetresBecomeTheKnownDegrees(t *testing.T) {
	for name, c := range map[string]struct {
		easting, northing float64
		want              Point
		withinMetres      float64
	}{
		"origin":                     {250_000, 0, Point{0, 121}, 0.001},
		"example of the twd97 tool":  {248170.787, 2652129.936, Point{23.97387462949248, 120.98202461950673}, 0.01},
		"one metre east of meridian": {250_001, 0, Point{0, 121 + 1/(0.9999*grs80SemiMajorMetres)*180/math.Pi}, 0.001},
	} {
		got := FromTWD97(c.easting, c.northing)
		if d := DistanceMetres(got, c.want); !(d <= c.withinMetres) {
			t.Errorf("%s: %+v lies %.4f m from %+v", name, got, d, c.want)
		}
	}
}

// The forward projection here is another derivation (Redfearn's series in powers of the distance from
// the central meridian, as printed in Snyder, USGS Professional Paper 1395, 8-9 to 8-15), so the two
// cannot share a mistake.
func TestTheGridAgreesWithAnIndependentProjection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Point{rapid.Float64Range(21.5, 25.6).Draw(t, "latitude"), rapid.Float64Range(119.9, 122.2).Draw(t, "longitude")}
		easting, northing := snyder(want)
		if d := DistanceMetres(FromTWD97(easting, northing), want); d > 0.005 {
			t.Fatalf("%+v comes back %.4f m away", want, d)
		}
	})
}

func snyder(p Point) (easting, northing float64) {
	e2 := grs80Flattening * (2 - grs80Flattening)
	ep2 := e2 / (1 - e2)
	phi := radians(p.Latitude)
	sin, cos, tan := math.Sin(phi), math.Cos(phi), math.Tan(phi)
	n := grs80SemiMajorMetres / math.Sqrt(1-e2*sin*sin)
	t, c := tan*tan, ep2*cos*cos
	a := radians(p.Longitude-twd97CentralMeridian) * cos
	m := grs80SemiMajorMetres * ((1-e2/4-3*e2*e2/64-5*e2*e2*e2/256)*phi -
		(3*e2/8+3*e2*e2/32+45*e2*e2*e2/1024)*math.Sin(2*phi) +
		(15*e2*e2/256+45*e2*e2*e2/1024)*math.Sin(4*phi) -
		(35*e2*e2*e2/3072)*math.Sin(6*phi))
	easting = twd97FalseEastingMetre + twd97Scale*n*(a+(1-t+c)*math.Pow(a, 3)/6+
		(5-18*t+t*t+72*c-58*ep2)*math.Pow(a, 5)/120)
	northing = twd97Scale * (m + n*tan*(a*a/2+(5-t+9*c+4*c*c)*math.Pow(a, 4)/24+
		(61-58*t+t*t+600*c-330*ep2)*math.Pow(a, 6)/720))
	return easting, northing
}
