package replay

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"parkbff/internal/clock"
)

// record is one row of a file: a stay as its lot wrote it down.
type record struct {
	row         int // from 1, the heading not counted
	enter, exit time.Time
	feeFen      int64
	stable      bool // the lot's own judgement of its reading
}

// recordTime is how the files write instants: whole minutes of Shanghai.
const recordTime = "2006/1/2 15:04"

// lotCodeOf is the base name of a file: P1.csv holds the stays of P1.
func lotCodeOf(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func readRecordsFile(path string) ([]record, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	records, err := readRecords(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return records, nil
}

// readRecords reads a file in UTF-8 or GB18030. Its columns are found by their headings: Lockdown Time,
// Lockup Time, cost (yuan, at most two decimals) and status (1 stable, 0 not). Rows may stand in any
// order. An error names the line and never the value.
func readRecords(text []byte) ([]record, error) {
	if !utf8.Valid(text) {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text)
		if err != nil {
			return nil, fmt.Errorf("is neither UTF-8 nor GB18030: %w", err)
		}
		text = decoded
	}
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	rows.ReuseRecord = true
	heading, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("has no heading: %w", err)
	}
	columns, err := findColumns(heading)
	if err != nil {
		return nil, err
	}
	var records []record
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return nil, err
		}
		r, err := columns.record(row)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		r.row = len(records) + 1
		records = append(records, r)
	}
}

// columns are the places of the values in a row.
type columns struct{ enter, exit, cost, status int }

func findColumns(heading []string) (columns, error) {
	find := func(name string) int {
		for i, title := range heading {
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(title)), name) {
				return i
			}
		}
		return -1
	}
	c := columns{find("lockdown time"), find("lockup time"), find("cost"), find("status")}
	if c.enter < 0 || c.exit < 0 || c.cost < 0 || c.status < 0 {
		return c, errors.New("the heading does not name Lockdown Time, Lockup Time, cost and status")
	}
	return c, nil
}

func (c columns) record(row []string) (record, error) {
	enter, err := time.ParseInLocation(recordTime, row[c.enter], clock.Shanghai)
	if err != nil {
		return record{}, errors.New("the arrival is no time")
	}
	exit, err := time.ParseInLocation(recordTime, row[c.exit], clock.Shanghai)
	if err != nil || exit.Before(enter) {
		return record{}, errors.New("the departure is no time after the arrival")
	}
	fee, err := fenOf(row[c.cost])
	if err != nil {
		return record{}, errors.New("the cost is not in yuan")
	}
	status := strings.TrimSpace(row[c.status])
	if status != "0" && status != "1" {
		return record{}, errors.New("the status is neither 0 nor 1")
	}
	return record{enter: enter.UTC(), exit: exit.UTC(), feeFen: fee, stable: status == "1"}, nil
}

// fenOf reads yuan with at most two decimals: "2.5" is 250 fen.
func fenOf(yuan string) (int64, error) {
	whole, part, _ := strings.Cut(strings.TrimSpace(yuan), ".")
	if len(part) > 2 {
		return 0, errors.New("more than two decimals")
	}
	fen, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 40)
	return int64(fen), err
}
