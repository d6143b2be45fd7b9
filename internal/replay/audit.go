package replay

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/tariff"
)

// audit is what reading a lot back showed.
type audit struct {
	closed int // stays that are there once, closed at the recorded times
	broken int // stays that are not, and what is there beside them
	lot    LotReport
	lines  []string // of the digest
}

// identity of a stay among those of a lot.
type identity struct {
	plate string
	enter int64 // unix seconds
}

// examine compares the stays that were reported with those that are there.
func (s *scene) examine(found []kept, calendar tariff.Calendar) (audit, error) {
	there := make(map[identity][]kept, len(found))
	result := audit{lot: LotReport{Stays: len(s.stays)}, lines: make([]string, len(found))}
	for i, k := range found {
		id := identity{k.Plate, k.EnteredAt.Unix()}
		there[id] = append(there[id], k)
		result.lines[i] = k.line(s.lot.Code)
	}
	for _, stay := range s.stays {
		id := identity{stay.plate, stay.enter.Unix()}
		copies := there[id]
		delete(there, id)
		if len(copies) != 1 || !copies[0].is(stay) {
			result.broken++
			continue
		}
		result.closed++
		if err := result.lot.compare(s.lot, stay, copies[0].FeeFen, calendar); err != nil {
			return audit{}, fmt.Errorf("price row %d of %s: %w", stay.row, s.lot.Code, err)
		}
	}
	for _, extra := range there {
		result.broken += len(extra)
	}
	result.lot.share()
	return result, nil
}

// is holds for the stay itself, closed when it ended.
func (k kept) is(s stay) bool {
	return k.State == closed && k.ExitedAt != nil && k.ExitedAt.Equal(s.exit) && k.EnteredAt.Equal(s.enter)
}

// line is a row of the digest: lot, entry, exit and fee in fen. Instants are in UTC; an open stay has no
// exit.
func (k kept) line(lotCode string) string {
	exit := ""
	if k.ExitedAt != nil {
		exit = k.ExitedAt.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s\t%s\t%s\t%d\n", lotCode, k.EnteredAt.UTC().Format(time.RFC3339), exit, k.FeeFen)
}

// compare counts the fee of a stay where its record is stable and paid.
func (r *LotReport) compare(lot lotfile.Lot, s stay, charged int64, calendar tariff.Calendar) error {
	if !s.stable || s.feeFen == 0 {
		return nil
	}
	r.Compared++
	asked, err := price(lot.Tariff, s, 0, calendar)
	if err != nil || charged != asked {
		return err
	}
	for _, minute := range []time.Duration{0, -time.Minute, time.Minute} {
		fen, err := price(lot.Tariff, s, minute, calendar)
		if err != nil {
			return err
		}
		if fen == s.feeFen {
			r.Agree++
			return nil
		}
	}
	return nil
}

// price is what the tariff asks for the stay made longer. Where there is no tariff, nothing is asked.
func price(schedule *tariff.Schedule, s stay, longer time.Duration, calendar tariff.Calendar) (int64, error) {
	if schedule == nil {
		return 0, nil
	}
	until := s.exit.Add(longer)
	if until.Before(s.enter) {
		until = s.enter
	}
	charge, err := schedule.Price(tariff.Stay{Enter: s.enter, Exit: until}, calendar)
	if f := fault.As(err); f != nil && f.Is(tariff.NoTariff) {
		return 0, nil
	}
	return charge.Fen, err
}

// digestOf is the SHA-256 of the sorted lines, in hexadecimal.
func digestOf(lines []string) string {
	slices.Sort(lines)
	hash := sha256.New()
	for _, line := range lines {
		_, _ = io.WriteString(hash, line) // a hash never fails
	}
	return hex.EncodeToString(hash.Sum(nil))
}
