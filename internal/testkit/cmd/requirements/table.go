package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// table is the file that lists the requirements.
const table = "docs/requirements.md"

// row is one requirement.
type row struct{ id, capability string }

// line is one row of a Markdown table: id, source, capability.
var line = regexp.MustCompile(`(?m)^\| ([RWP]\d{2,3}) \| [^|\n]+ \| ([^|\n]+) \|$`)

// readTable reads the rows in their order.
func readTable(root string) ([]row, error) {
	text, err := os.ReadFile(filepath.Join(root, table))
	if err != nil {
		return nil, err
	}
	var rows []row
	seen := map[string]bool{}
	for _, cells := range line.FindAllStringSubmatch(string(text), -1) {
		if seen[cells[1]] {
			return nil, fmt.Errorf("%s lists %s twice", table, cells[1])
		}
		seen[cells[1]] = true
		rows = append(rows, row{id: cells[1], capability: cells[2]})
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s lists no rows", table)
	}
	return rows, nil
}
