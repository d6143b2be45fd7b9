package outage

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// The verdicts of a cell. A refusal is followed by its code, a status or an end by its number.
const (
	answers   = "answers"
	memory    = "answers from memory"
	stays     = "stays open"
	atOnce    = "told at once"
	late      = "told late" // at any time until all is well
	exits     = "exits"
	refused   = "refused "
	status    = "status "
	closed    = "closed "
	wellAgain = "; well within "
)

// Table is what stands in the document: for each outage and operation, a cell.
type Table struct {
	Outages    []string
	Operations []string
	cells      map[string]map[string]Cell // by outage and operation
}

// Cell says what becomes of an operation in an outage.
type Cell struct {
	Verdict string
	// Well is how long after the outage the operation is as before.
	Well time.Duration
}

// ReadTable reads the one table of a Markdown file. Its first column are the operations, every other one is
// an outage.
func ReadTable(path string) (Table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Table{}, err
	}
	t := Table{cells: map[string]map[string]Cell{}}
	for line := range strings.Lines(string(text)) {
		row := cellsOf(line)
		switch {
		case len(row) < 2 || strings.HasPrefix(row[0], "---"):
		case t.Outages == nil:
			t.Outages = row[1:]
			for _, name := range t.Outages {
				t.cells[name] = map[string]Cell{}
			}
		default:
			if err := t.add(row); err != nil {
				return Table{}, fmt.Errorf("%s: %s: %w", path, row[0], err)
			}
		}
	}
	if len(t.Operations) == 0 {
		return t, errors.New(path + " has no table")
	}
	return t, nil
}

func cellsOf(line string) (cells []string) {
	line, found := strings.CutPrefix(strings.TrimSpace(line), "|")
	if !found {
		return nil
	}
	for cell := range strings.SplitSeq(strings.TrimSuffix(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}

func (t *Table) add(row []string) error {
	if len(row) != 1+len(t.Outages) {
		return fmt.Errorf("%d cells", len(row))
	}
	if _, twice := t.cells[t.Outages[0]][row[0]]; twice {
		return errors.New("a second row")
	}
	t.Operations = append(t.Operations, row[0])
	for i, text := range row[1:] {
		cell, err := parseCell(text)
		if err != nil {
			return err
		}
		t.cells[t.Outages[i]][row[0]] = cell
	}
	return nil
}

// parseCell reads such as "refused UNAVAILABLE; well within 10 s".
func parseCell(text string) (c Cell, err error) {
	verdict, well, disturbed := strings.Cut(text, wellAgain)
	c.Verdict = verdict
	if disturbed {
		if c.Well, err = time.ParseDuration(strings.ReplaceAll(well, " ", "")); err != nil {
			return c, err
		}
	}
	if undisturbed(verdict) == disturbed {
		return c, fmt.Errorf("%q: only what is disturbed gets well", text)
	}
	return c, nil
}

// undisturbed holds for an operation that an outage does not touch.
func undisturbed(verdict string) bool {
	return verdict == answers || verdict == memory || verdict == stays || verdict == atOnce
}

// allows tells whether what was seen is what the cell says.
func (c Cell) allows(seen string) bool {
	return seen == c.Verdict || c.Verdict == memory && seen == answers || c.Verdict == late && seen == atOnce
}

// patience is how long to wait for something to be told.
func (c Cell) patience() time.Duration {
	if c.Verdict == late {
		return aWhile
	}
	return soon
}
