//go:build linux

package bench

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	_ "github.com/lib/pq"

	"parkbff/internal/cnid"
	"parkbff/internal/identity"
	"parkbff/internal/parking"
	"parkbff/internal/vault"
)

// seeder writes rows as the services would, but many at once.
type seeder struct {
	vault   *vault.Vault
	parking *parking.Service
	stays   int
	drivers [2]driver

	crowd map[sealedFor]vault.Sealed // a stranger's plate, sealed once for each lot and column
}

type sealedFor struct {
	lot   int64
	field string
}

const (
	sealedStayPlate = "parking_session.plate"
	sealedSeenPlate = "observation.plate"
	plateKind       = "plate"
	strangerPlate   = "粤B00000"
	firstRow        = 1
)

var (
	stayColumns = []string{
		"id", "plate", "plate_index", "plate_color", "created_at", "vehicle_id", "state",
		"entered_at", "exited_at", "fee_fen", "paid_fen", "match", "review", "lot_id",
	}
	observationColumns = []string{
		"plate", "plate_index", "plate_color", "lot_id", "event_id", "direction", "observed_at", "received_at", "late",
		"confidence", "session_id", "outcome", "decision", "reason", "gate_id",
	}
	accessColumns = []string{"vehicle_id", "bound", "paid", "hidden", "session_id", "account_id"}
)

// whose tells the driver of a stay by its number: one in ten is each driver's until they have enough, the
// rest are strangers'.
func (s *seeder) whose(n int) *driver {
	every := max(10, s.stays/mostOwnStays)
	switch n % every {
	case every - 1:
		return &s.drivers[0]
	case every - 2:
		return &s.drivers[1]
	}
	return nil
}

func (s *seeder) copyStays(ctx context.Context, tx *sql.Tx) error {
	draw := rand.New(rand.NewPCG(1, uint64(s.stays)))
	since := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -historyDays)
	step := historyDays * 24 * time.Hour / time.Duration(s.stays)
	err := copyRows(ctx, tx, "parking_sessions", stayColumns, s.stays, func(n int) ([]any, error) {
		entered := since.Add(time.Duration(n) * step)
		length := time.Duration(5+draw.IntN(600)) * time.Minute
		return s.stay(ctx, n, draw, entered, entered.Add(length))
	})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "SELECT setval(pg_get_serial_sequence('parking_sessions', 'id'), $1)", s.stays+firstRow)
	return err
}

func (s *seeder) stay(ctx context.Context, n int, draw *rand.Rand, entered, exited time.Time) ([]any, error) {
	lot, known := s.parking.Lot(lotCode(draw.IntN(lotsOfWorld)))
	if !known {
		return nil, fmt.Errorf("lot %d was not imported", n)
	}
	sealed, index, vehicle, err := s.car(ctx, n, lot.Row, draw)
	if err != nil {
		return nil, err
	}
	hours := int64(exited.Sub(entered)/time.Hour) + 1
	return []any{
		firstRow + n, sealed, index, string(cnid.Blue), entered, vehicle, "CLOSED",
		entered, exited, hours * 500, hours * 500, "EXACT", "NONE", lot.Row,
	}, nil
}

// car answers what a stay keeps of its car. Strangers share a plate but not its index.
func (s *seeder) car(ctx context.Context, n int, lotRow int64, draw *rand.Rand) (sealed, index []byte, vehicle any, err error) {
	if d := s.whose(n); d != nil {
		own, err := s.vault.SealString(ctx, vault.LotKey(lotRow), sealedStayPlate, d.plate.Text())
		return own, s.vault.Index(plateKind, d.plate.Key()), d.vehicle, err
	}
	sealed, err = s.stranger(ctx, sealedFor{lotRow, sealedStayPlate})
	return sealed, anyIndex(draw), nil, err
}

func (s *seeder) stranger(ctx context.Context, at sealedFor) (vault.Sealed, error) {
	if known := s.crowd[at]; known != nil {
		return known, nil
	}
	sealed, err := s.vault.SealString(ctx, vault.LotKey(at.lot), at.field, strangerPlate)
	s.crowd[at] = sealed
	return sealed, err
}

func anyIndex(draw *rand.Rand) []byte {
	index := make([]byte, vault.IndexSize)
	binary.BigEndian.PutUint64(index, draw.Uint64())
	return index
}

// copyObservations writes what the gates saw last of strangers, so that PostgreSQL plans for a table that
// is in use.
func (s *seeder) copyObservations(ctx context.Context, tx *sql.Tx) error {
	draw := rand.New(rand.NewPCG(2, uint64(s.stays)))
	count := min(s.stays, mostObservations)
	since := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -historyDays)
	return copyRows(ctx, tx, "observations", observationColumns, count, func(n int) ([]any, error) {
		code := lotCode(2 + n%(lotsOfWorld-2)) // not at the lanes that report later
		lot, known := s.parking.Lot(code)
		gate, stands := s.parking.GateAt(lot, gateCode)
		if !known || !stands {
			return nil, fmt.Errorf("lot %s was not imported", code)
		}
		sealed, err := s.stranger(ctx, sealedFor{lot.Row, sealedSeenPlate})
		at := since.Add(time.Duration(n) * time.Second)
		return []any{
			[]byte(sealed), anyIndex(draw), string(cnid.Blue), lot.Row, fmt.Sprintf("seed-%d", n), "ENTRY", at, at, false,
			0.98, nil, "OPENED", "RELEASE", "WELCOME", gate.Row,
		}, err
	})
}

const mostObservations = 200_000

func (s *seeder) copyAccess(ctx context.Context, tx *sql.Tx) error {
	var own []int
	for n := range s.stays {
		if s.whose(n) != nil {
			own = append(own, n)
		}
	}
	return copyRows(ctx, tx, "session_accesses", accessColumns, len(own), func(i int) ([]any, error) {
		d := s.whose(own[i])
		return []any{d.vehicle, true, false, false, firstRow + own[i], d.account}, nil
	})
}

func copyRows(ctx context.Context, tx *sql.Tx, table string, columns []string, count int, row func(n int) ([]any, error)) error {
	statement, err := tx.PrepareContext(ctx, "COPY "+table+" ("+strings.Join(columns, ", ")+") FROM STDIN")
	if err != nil {
		return err
	}
	for n := range count {
		values, err := row(n)
		if err != nil {
			return err
		}
		if _, err := statement.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	if _, err := statement.ExecContext(ctx); err != nil {
		return err
	}
	return statement.Close()
}

// drivingLicence and identityCard are the "pictures" that the stand-in for a reader of documents reads.
func drivingLicence(plate string) identity.Picture {
	return paper(fmt.Sprintf(
		`{"plate":%q,"vin":"LBENCH00000000001","engineNumber":"BENCH0001","owner":"测试用户","brandModel":"基准牌"}`, plate))
}

func identityCard() identity.Picture {
	return paper(`{"name":"测试用户","idNumber":"990000199001010017"}`)
}

func paper(content string) identity.Picture {
	return identity.Picture{Purpose: identity.UploadVerifyPlate, Content: strings.NewReader(content)}
}
