package geo

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestDistancesAgreeWithKnownOnes(t *testing.T) {
	for name, c := range map[string]struct {
		a, b   Point
		metres float64
	}{
		"one place":                    {Point{22.5, 114}, Point{22.5, 114}, 0},
		"a degree along the equator":   {Point{0, 0}, Point{0, 1}, 111_195},
		"across the antimeridian":      {Point{0, 179.5}, Point{0, -179.5}, 111_195},
		"Beijing to Shanghai":          {Point{39.9042, 116.4074}, Point{31.2304, 121.4737}, 1_067_000},
		"antipodes are half the globe": {Point{0, 0}, Point{0, 180}, math.Pi * earthRadiusMetres},
	} {
		if got := DistanceMetres(c.a, c.b); math.Abs(got-c.metres) > 1e-3*c.metres+0.001 {
			t.Errorf("%s: %.1f m, want %.1f m", name, got, c.metres)
		}
	}
}

func points() *rapid.Generator[Point] {
	return rapid.Custom(func(t *rapid.T) Point {
		return Point{rapid.Float64Range(-90, 90).Draw(t, "latitude"), rapid.Float64Range(-180, 180).Draw(t, "longitude")}
	})
}

func TestDistanceIsTheSameBothWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := points().Draw(t, "a"), points().Draw(t, "b")
		there, back := DistanceMetres(a, b), DistanceMetres(b, a)
		if math.Abs(there-back) > 1e-3 || math.IsNaN(there) || there > math.Pi*earthRadiusMetres+1 {
			t.Fatalf("%v there, %v back", there, back)
		}
	})
}

func TestABoxHoldsEveryPointWithinItsRadius(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		centre := points().Draw(t, "centre")
		radius := rapid.Float64Range(0, 200_000).Draw(t, "radius")
		near := moved(centre, rapid.Float64Range(0, radius).Draw(t, "metres"), rapid.Float64Range(0, 2*math.Pi).Draw(t, "bearing"))
		if DistanceMetres(centre, near) > radius {
			return
		}
		if box := BoundingBox(centre, radius); !box.Contains(near) {
			t.Fatalf("%+v leaves out %+v", box, near)
		}
	})
}

// moved walks the given distance along a great circle.
func moved(p Point, metres, bearing float64) Point {
	angle, latitude := metres/earthRadiusMetres, radians(p.Latitude)
	to := math.Asin(math.Sin(latitude)*math.Cos(angle) + math.Cos(latitude)*math.Sin(angle)*math.Cos(bearing))
	by := math.Atan2(math.Sin(bearing)*math.Sin(angle)*math.Cos(latitude), math.Cos(angle)-math.Sin(latitude)*math.Sin(to))
	return Point{degrees(to), math.Remainder(p.Longitude+degrees(by), 360)}
}

func TestABoxIsNotMuchLargerThanItsCircle(t *testing.T) {
	centre := Point{Latitude: 22.5431, Longitude: 114.0579}
	box := BoundingBox(centre, 1000)
	for _, border := range []Point{
		{box.South, centre.Longitude},
		{box.North, centre.Longitude},
		{centre.Latitude, box.West},
		{centre.Latitude, box.East},
	} {
		if d := DistanceMetres(centre, border); math.Abs(d-1000) > 1 {
			t.Errorf("border %+v lies %.2f m away", border, d)
		}
	}
}

func TestOnlyDegreesOfTheGlobeAreValid(t *testing.T) {
	for _, p := range []Point{{91, 0}, {-91, 0}, {0, 181}, {math.NaN(), 0}, {0, math.NaN()}, {math.Inf(1), 0}} {
		if p.Valid() {
			t.Errorf("%v is valid", p)
		}
	}
	if !(Point{22.5, 114}).Valid() {
		t.Error("Shenzhen is not valid")
	}
}
