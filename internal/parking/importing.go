package parking

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"

	"parkbff/ent"
	"parkbff/ent/gate"
	"parkbff/ent/lot"
	"parkbff/ent/tariff"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/privacy"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Import writes lots with their gates and tariffs: new ones are added, known ones (by code) changed.
// Gates are added and never taken away, because observations name them. The half-masked names of every
// city concerned are computed again. It is for operators of the platform; the caller decides who may.
func (s *Service) Import(ctx context.Context, lots []lotfile.Lot) error {
	err := s.store.WithTx(viewer.AsSystem(ctx, jobImport), func(ctx context.Context, tx *ent.Tx) error {
		cities := map[string]bool{}
		for _, l := range lots {
			if err := s.importLot(ctx, tx, l, cities); err != nil {
				return fmt.Errorf("import lot %s: %w", l.Code, err)
			}
		}
		for city := range cities {
			if err := maskNames(ctx, tx, city); err != nil {
				return fmt.Errorf("mask the names of a city: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.Reload(ctx); err != nil {
		return err
	}
	return s.bus.Publish(SubjectLots, nil)
}

func (s *Service) importLot(ctx context.Context, tx *ent.Tx, l lotfile.Lot, cities map[string]bool) error {
	cities[l.City] = true
	row, err := tx.Lot.Query().Where(lot.Code(l.Code)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		row, err = s.addLot(ctx, tx, l)
	case err == nil:
		cities[row.City] = true
		update := tx.Lot.UpdateOne(row)
		describe(update.Mutation(), l)
		row, err = update.Save(ctx)
	}
	if err != nil {
		return err
	}
	if err := s.setTariff(ctx, tx, row.ID, l); err != nil {
		return err
	}
	for _, g := range l.Gates {
		if err := s.addGate(ctx, tx, row, g); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) addLot(ctx context.Context, tx *ent.Tx, l lotfile.Lot) (*ent.Lot, error) {
	create := tx.Lot.Create().SetCode(l.Code).SetHalfName(privacy.FullMaskName).SetCreatedAt(s.clock.Now())
	describe(create.Mutation(), l)
	row, err := create.Save(ctx)
	if err != nil {
		return nil, err
	}
	return row, s.vault.Provide(ctx, vault.LotKey(row.ID))
}

// describe sets what a file says of a lot, on a new row or on a known one.
func describe(m *ent.LotMutation, l lotfile.Lot) {
	m.SetName(l.Name)
	m.SetRegion(string(l.Region))
	m.SetCity(l.City)
	m.SetDistrict(l.District)
	m.SetAddress(l.Address)
	m.SetCapacity(l.Capacity)
	m.SetBarrier(l.Barrier)
	m.SetTariffText(l.TariffText)
	m.SetCapabilities(l.Capabilities)
	m.SetFacts(l.Facts)
	if l.Location == nil {
		m.ClearLatitude()
		m.ClearLongitude()
		m.ClearDatum()
		return
	}
	m.SetLatitude(l.Location.Latitude)
	m.SetLongitude(l.Location.Longitude)
	m.SetDatum(string(l.Location.Datum))
}

func (s *Service) setTariff(ctx context.Context, tx *ent.Tx, lotID int64, l lotfile.Lot) error {
	if _, err := tx.Tariff.Delete().Where(tariff.LotID(lotID)).Exec(ctx); err != nil {
		return fmt.Errorf("replace tariff: %w", err)
	}
	if l.Tariff == nil {
		return nil
	}
	schedule, err := json.Marshal(l.Tariff)
	if err != nil {
		return fmt.Errorf("write tariff: %w", err)
	}
	return tx.Tariff.Create().SetLotID(lotID).SetSchedule(schedule).SetCreatedAt(s.clock.Now()).Exec(ctx)
}

func (s *Service) addGate(ctx context.Context, tx *ent.Tx, l *ent.Lot, g lotfile.Gate) error {
	n, err := tx.Gate.Update().Where(gate.LotID(l.ID), gate.Code(g.Code)).
		SetDirection(gate.Direction(g.Direction)).Save(ctx)
	if err != nil || n > 0 {
		return err
	}
	code, err := laneCode(s.random)
	if err != nil {
		return err
	}
	return tx.Gate.Create().SetLotID(l.ID).SetCode(g.Code).SetDirection(gate.Direction(g.Direction)).
		SetLaneCode(code).Exec(ctx)
}

// laneCode is drawn, not derived, so that nobody can quote a lane without standing before its screen.
func laneCode(random io.Reader) (string, error) {
	raw := make([]byte, 10)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("draw a lane code: %w", err)
	}
	return base32.StdEncoding.EncodeToString(raw), nil
}

// maskNames computes the half-masked names of a city's lots: each depends on all of them.
func maskNames(ctx context.Context, tx *ent.Tx, city string) error {
	lots, err := tx.Lot.Query().Where(lot.City(city)).Order(ent.Asc(lot.FieldID)).All(ctx)
	if err != nil {
		return err
	}
	names := make([]privacy.LotName, len(lots))
	for i, l := range lots {
		names[i] = privacy.LotName{City: l.City, Name: l.Name}
	}
	for i, half := range privacy.HalfMaskNames(names) {
		if lots[i].HalfName == half {
			continue
		}
		if err := tx.Lot.UpdateOneID(lots[i].ID).SetHalfName(half).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
