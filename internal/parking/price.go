package parking

import (
	"time"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/tariff"
)

// tariffHorizon is the oldest observation that is taken: what a tariff can price at all.
const tariffHorizon = tariff.MaxStay

// price of a stay in fen. A lot without a tariff, or without one for that vehicle at that time, costs
// nothing: nobody may be charged by a guess.
func (s *Service) price(lot *Lot, plate cnid.Plate, from, to time.Time) int64 {
	if lot.tariff == nil {
		return 0
	}
	charge, err := lot.tariff.Price(tariffStay(plate, from, to), s.calendar)
	if err != nil {
		if f := fault.As(err); f == nil || !f.Is(tariff.NoTariff) {
			s.log.Error("a stay could not be priced", "lot", lot.Code, "error", err)
		}
		return 0
	}
	return charge.Fen
}

func tariffStay(plate cnid.Plate, from, to time.Time) tariff.Stay {
	return tariff.Stay{
		Enter: from, Exit: to,
		Class: tariff.Class(plate.Class()), Energy: tariff.Energy(plate.Energy()),
	}
}
