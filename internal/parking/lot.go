package parking

import (
	"time"

	"parkbff/internal/parking/geo"
	"parkbff/internal/place"
	"parkbff/internal/tariff"
)

// Lot is a place to park, as held in memory. It is shared between requests: never change one.
type Lot struct {
	Row          int64
	Code         string
	Name         string
	HalfName     string
	Region       string
	City         string
	District     *string
	Address      *string
	Position     *Position
	Capacity     int
	Barrier      bool
	TariffText   *string
	Capabilities []Capability
	Facts        place.Facts

	tariff *tariff.Schedule // nil: none is known, and stays cost nothing
	board  *vacancyBoard
}

// Position of a lot in decimal degrees and the datum they were measured in.
type Position struct {
	geo.Point
	Datum string
}

// Capability is something a lot offers beyond parking and paying (R029).
type Capability string

// Capabilities.
const (
	LocateVehicle Capability = "LOCATE_VEHICLE"
	LockVehicle   Capability = "LOCK_VEHICLE"
	EInvoice      Capability = "E_INVOICE"
	Reservation   Capability = "RESERVATION"
	MonthlyPass   Capability = "MONTHLY_PASS"
	SpaceSharing  Capability = "SPACE_SHARING"
)

// LotAtHand is the lot that facts are tested about.
func (l *Lot) LotAtHand() int64 { return l.Row }

// VehicleAtHand is none: a lot concerns no vehicle.
func (l *Lot) VehicleAtHand() int64 { return 0 }

// Vacancy as published last.
func (l *Lot) Vacancy() Vacancy { return l.board.of(l) }

// OpeningHours as published.
func (l *Lot) OpeningHours() (string, bool) { return l.Facts.OpeningHours, l.Facts.OpeningHours != "" }

// MaxHeightCentimetres as published.
func (l *Lot) MaxHeightCentimetres() (int, bool) {
	return l.Facts.MaxHeightCentimetres, l.Facts.MaxHeightCentimetres > 0
}

// EvBays as published.
func (l *Lot) EvBays() (int, bool) { return l.Facts.EVBays, l.Facts.EVBays > 0 }

// AccessibleBays as published.
func (l *Lot) AccessibleBays() (int, bool) { return l.Facts.AccessibleBays, l.Facts.AccessibleBays > 0 }

// Phone as published.
func (l *Lot) Phone() (string, bool) { return l.Facts.Phone, l.Facts.Phone != "" }

// Entrances as published.
func (l *Lot) Entrances() []place.Entrance { return l.Facts.Entrances }

// Pictures as published.
func (l *Lot) Pictures() []place.Picture { return l.Facts.Pictures }

// Found is a lot that a search found.
type Found struct {
	*Lot
	DistanceMeters *int // nil when no point was given
}

// Band is roughly how many bays are free.
type Band string

// Bands.
const (
	BandUnknown Band = "UNKNOWN"
	BandFull    Band = "FULL"
	BandFew     Band = "FEW"
	BandPlenty  Band = "PLENTY"
)

// Vacancy is what the public may know about free bays.
type Vacancy struct {
	Band Band
	Bays *int       // nil for small lots, where one car would show
	AsOf *time.Time // nil: not counted
}
