package parking

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"

	"parkbff/ent"
	"parkbff/internal/parking/geo"
	"parkbff/internal/tariff"
	"parkbff/internal/viewer"
)

// catalogue is every lot, gate and tariff, in memory: they are read with every observation and every
// page, and change when an operator imports. A catalogue never changes; Reload makes the next one.
type catalogue struct {
	lots    []*Lot // by row
	byRow   map[int64]*Lot
	byCode  map[string]*Lot
	gates   map[int64]*Gate
	byPlace map[gatePlace]*Gate
	byLane  map[string]*Gate
}

type gatePlace struct {
	lotID int64
	code  string
}

func newCatalogue() *catalogue {
	return &catalogue{
		byRow: map[int64]*Lot{}, byCode: map[string]*Lot{},
		gates: map[int64]*Gate{}, byPlace: map[gatePlace]*Gate{}, byLane: map[string]*Gate{},
	}
}

// Reload reads the catalogue anew. It is called at the start, after an import, and when another
// process says that it imported. One goes after the other, so that an older reading never replaces a
// newer one.
func (s *Service) Reload(ctx context.Context) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	ctx = viewer.AsSystem(ctx, jobCatalogue)
	client := s.store.Fresh(ctx)
	lots, err := client.Lot.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("read lots: %w", err)
	}
	tariffs, err := client.Tariff.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("read tariffs: %w", err)
	}
	gates, err := client.Gate.Query().All(ctx)
	if err != nil {
		return fmt.Errorf("read gates: %w", err)
	}
	next := newCatalogue()
	for _, row := range lots {
		next.addLot(lotOf(row, &s.vacancies))
	}
	for _, row := range tariffs {
		if err := next.setTariff(row); err != nil {
			return err
		}
	}
	for _, row := range gates {
		next.addGate(gateOf(row))
	}
	next.keep(s.catalogue.Load())
	slices.SortFunc(next.lots, func(a, b *Lot) int { return cmp.Compare(a.Row, b.Row) })
	s.catalogue.Store(next)
	return nil
}

// keep has a lot that has not changed be the same one as before: watchers of a lot are told together what they are
// told of the same one.
func (c *catalogue) keep(before *catalogue) {
	for i, lot := range c.lots {
		if known, ok := before.byRow[lot.Row]; ok && reflect.DeepEqual(known, lot) {
			c.lots[i], c.byRow[lot.Row], c.byCode[lot.Code] = known, known, known
		}
	}
}

func (c *catalogue) addLot(l *Lot) {
	c.lots = append(c.lots, l)
	c.byRow[l.Row] = l
	c.byCode[l.Code] = l
}

func (c *catalogue) setTariff(row *ent.Tariff) error {
	lot, ok := c.byRow[row.LotID]
	if !ok {
		return nil // imported after the lots were read; the import's own Reload follows
	}
	schedule, err := tariff.Parse(row.Schedule)
	if err != nil {
		return fmt.Errorf("tariff of lot %s: %w", lot.Code, err)
	}
	lot.tariff = &schedule
	return nil
}

func (c *catalogue) addGate(g *Gate) {
	c.gates[g.Row] = g
	c.byPlace[gatePlace{g.LotID, g.Code}] = g
	c.byLane[g.LaneCode] = g
}

func lotOf(row *ent.Lot, board *vacancyBoard) *Lot {
	l := &Lot{
		Row: row.ID, Code: row.Code, Name: row.Name, HalfName: row.HalfName, Region: row.Region, City: row.City,
		District: optional(row.District), Address: optional(row.Address), TariffText: optional(row.TariffText),
		Capacity: row.Capacity, Barrier: row.Barrier, Facts: row.Facts, board: board,
	}
	if row.Latitude != nil && row.Longitude != nil {
		l.Position = &Position{Point: geo.Point{Latitude: *row.Latitude, Longitude: *row.Longitude}, Datum: row.Datum}
	}
	for _, c := range row.Capabilities {
		l.Capabilities = append(l.Capabilities, Capability(c))
	}
	return l
}

func gateOf(row *ent.Gate) *Gate {
	return &Gate{
		Row: row.ID, LotID: row.LotID, Code: row.Code, Direction: row.Direction,
		OfflinePolicy: row.OfflinePolicy, LaneCode: row.LaneCode,
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Lot finds a lot by its code.
func (s *Service) Lot(code string) (*Lot, bool) {
	l, ok := s.catalogue.Load().byCode[code]
	return l, ok
}

// LotByRow finds a lot by its row.
func (s *Service) LotByRow(row int64) (*Lot, bool) {
	l, ok := s.catalogue.Load().byRow[row]
	return l, ok
}

// LotName answers a lot's name and the half of it that records show below VERIFIED.
func (s *Service) LotName(row int64) (name, half string) {
	if l, ok := s.LotByRow(row); ok {
		return l.Name, l.HalfName
	}
	return "", ""
}

// GatesOf lists the gates of a lot by code.
func (s *Service) GatesOf(lot *Lot) []*Gate {
	var gates []*Gate
	for _, g := range s.catalogue.Load().gates {
		if g.LotID == lot.Row {
			gates = append(gates, g)
		}
	}
	slices.SortFunc(gates, func(a, b *Gate) int { return cmp.Compare(a.Code, b.Code) })
	return gates
}

// GateAt finds a gate by lot and code.
func (s *Service) GateAt(lot *Lot, code string) (*Gate, bool) {
	g, ok := s.catalogue.Load().byPlace[gatePlace{lot.Row, code}]
	return g, ok
}

// AskingGate answers the gate that is asking.
func (s *Service) AskingGate(ctx context.Context) (*Gate, bool) {
	g, ok := s.catalogue.Load().gates[viewer.Of(ctx).GateID]
	return g, ok
}
