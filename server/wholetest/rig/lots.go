package rig

import (
	_ "embed"
	"os"
	"path/filepath"
)

//go:embed lots.json
var lots []byte

// The lots of WriteLots. No such places exist. The first has a tariff; the others are free.
const (
	Lot      = "WT-1"
	LotName  = "云山月湖东区地下停车场"
	OtherLot = "WT-2"
)

// WriteLots writes a lot file into a folder and answers its path.
func WriteLots(folder string) (string, error) {
	path := filepath.Join(folder, "lots.json")
	return path, os.WriteFile(path, lots, 0o600)
}
