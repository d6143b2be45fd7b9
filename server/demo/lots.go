package demo

import (
	"bytes"
	_ "embed"
	"fmt"

	"parkbff/internal/parking/lotfile"
)

//go:embed lots.json
var lotsFile []byte

// Lots answers the lots of the demo, in the order of their file. Coordinates are WGS84, fees fen of CNY.
// An error is a mistake in the embedded file.
func Lots() ([]lotfile.Lot, error) {
	lots, rejected, err := lotfile.Read(bytes.NewReader(lotsFile))
	if err != nil {
		return nil, fmt.Errorf("read the demo's lots: %w", err)
	}
	if len(rejected) > 0 {
		first := rejected[0]
		return nil, fmt.Errorf("row %d of the demo's lots: %s %s", first.Row, first.Field, first.Reason)
	}
	return lots, nil
}
