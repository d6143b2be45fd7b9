package lotfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"parkbff/internal/fault"
)

const (
	maxBytes = 64 << 20
	maxRows  = 100_000
)

// What can be wrong with a file as a whole.
var (
	TooLarge   = fault.New("LOT_FILE_TOO_LARGE", "A lot file holds at most 64 MB and 100000 rows.")
	NotLotFile = fault.New("NOT_A_LOT_FILE", "The file is not a lot file of a known kind.")
)

// problem is what is wrong with one row.
type problem struct{ field, reason string }

// converter turns one row into a lot. With a problem, the lot carries its code if the row tells it.
type converter func(row json.RawMessage) (Lot, *problem)

// Read answers the lots of a file of any known kind, in the order of the file, and each row that is no
// lot with the reason. One bad row does not spoil the others.
// Errors: TooLarge, NotLotFile, or what the reader answers.
func Read(r io.Reader) ([]Lot, []Rejection, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read lot file: %w", err)
	}
	if len(text) > maxBytes {
		return nil, nil, TooLarge
	}
	rows, convert, err := recognise(text)
	if err != nil {
		return nil, nil, err
	}
	if len(rows) > maxRows {
		return nil, nil, TooLarge
	}
	lots, rejected := convertAll(rows, convert)
	return lots, rejected, nil
}

// recognise tells the kinds apart by the keys that only one of them has.
func recognise(text []byte) ([]json.RawMessage, converter, error) {
	var file struct {
		About *string
		Lots  []json.RawMessage
		Data  struct{ Park []json.RawMessage }
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, nil, NotLotFile.Because(err)
	}
	switch {
	case file.Data.Park != nil:
		return file.Data.Park, fromTaipei, nil
	case file.Lots != nil && file.About != nil:
		return file.Lots, fromInferred, nil
	case file.Lots != nil:
		return file.Lots, fromOwn, nil
	}
	return nil, nil, NotLotFile
}

func convertAll(rows []json.RawMessage, convert converter) (lots []Lot, rejected []Rejection) {
	seen := make(map[string]bool, len(rows))
	for i, row := range rows {
		lot, wrong := convert(row)
		lot.tidy()
		if wrong == nil {
			wrong = lot.check()
		}
		if wrong == nil && seen[lot.Code] {
			wrong = &problem{"code", "stands in an earlier row too"}
		}
		if wrong != nil {
			rejected = append(rejected, Rejection{Row: i + 1, Code: bounded(lot.Code), Field: wrong.field, Reason: wrong.reason})
			continue
		}
		seen[lot.Code] = true
		lots = append(lots, lot)
	}
	return lots, rejected
}
