package paper

import (
	"strconv"

	"parkbff/internal/money"
)

// Names are set at their size on few lines, or smaller on as many as the table has room for.
const (
	usualHeight = 12.5
	leastName   = 6.0
)

// row is one line of the table, made to fit its columns.
type row struct {
	line   Line
	index  int
	height float64
}

// paginate spreads the lines over sheets. Where there are several, each needs room for its own sum.
func (s *sheet) paginate(i Invoice) [][]row {
	room := sumsTop - itemsTop - headHeight
	rows, height := make([]row, len(i.Lines)), 0.0
	for n, line := range i.Lines {
		rows[n] = row{line: line, index: n, height: s.height(line, room-sumHeight)}
		height += rows[n].height
	}
	if height <= room {
		return [][]row{rows}
	}
	var pages [][]row
	height = room
	for _, r := range rows {
		if height+r.height > room-sumHeight {
			pages, height = append(pages, nil), 0
		}
		pages[len(pages)-1] = append(pages[len(pages)-1], r)
		height += r.height
	}
	return pages
}

// height of a line: what its name and its model take. What finds no room is found out when it is drawn.
func (s *sheet) height(line Line, most float64) float64 {
	tallest := lineHeight(sizeText)
	for n, text := range []string{line.Name, line.Model} {
		lines, size, _ := s.setName(text, columns[n].width, most)
		tallest = max(tallest, float64(len(lines))*lineHeight(size))
	}
	return tallest
}

func (s *sheet) setName(text string, width, most float64) (lines []string, size float64, fits bool) {
	how := style{size: sizeText, least: leastName + 1}
	if lines, size, fits = s.set(box{w: width - 2*pad, h: usualHeight}, text, how); fits {
		return lines, size, true
	}
	how.size, how.least = how.least, leastName
	return s.set(box{w: width - 2*pad, h: most}, text, how)
}

// rows draws the head of the table and the lines of one sheet.
func (s *sheet) rows(i Invoice, rows []row) {
	x := leftEdge
	for _, c := range columns {
		in := box{x + pad, itemsTop, c.width - 2*pad, headHeight}
		s.text("head", in, c.name, style{size: sizeText, least: 7, ink: brown, align: c.align, oneLine: true})
		x += c.width
	}
	y := itemsTop + headHeight
	for _, r := range rows {
		s.row(i, r, y)
		y += r.height
	}
}

func (s *sheet) row(i Invoice, r row, y float64) {
	tax := money.Yuan(r.line.TaxFen)
	if r.line.Rate == Exempt {
		tax = "***"
	}
	values := []string{
		r.line.Name, r.line.Model, r.line.Unit, r.line.quantity(), r.line.price(), money.Yuan(r.line.Fen), r.line.Rate.String(), tax,
	}
	x := leftEdge
	for n, c := range columns {
		how := style{size: sizeText, least: 4, ink: i.ink(), align: c.align, oneLine: true}
		in := box{x + pad, y, c.width - 2*pad, lineHeight(sizeText)}
		if n < 2 {
			how.ink, how.oneLine, how.top, how.least, in.h = black, false, true, leastName, r.height+0.01
		}
		if n == 2 {
			how.ink = black
		}
		s.text("lines."+strconv.Itoa(r.index)+"."+c.field, in, values[n], how)
		x += c.width
	}
}

// sums draws what the lines of this sheet add up to, where there are several sheets, and on the last what all do.
func (s *sheet) sums(i Invoice, rows []row, last, several bool) {
	if several {
		var fen, tax int64
		for _, r := range rows {
			fen, tax = fen+r.line.Fen, tax+r.line.TaxFen
		}
		y := sumsTop
		if last {
			y -= sumHeight
		}
		s.sum(i, y, "小　　计", fen, tax)
	}
	if last {
		fen, tax := i.total()
		s.sum(i, sumsTop, "合　　计", fen, tax)
	}
}

func (s *sheet) sum(i Invoice, y float64, name string, fen, tax int64) {
	s.text("sum", box{leftEdge, y, columns[0].width, sumHeight}, name, style{size: sizeText, least: sizeText, ink: brown, align: center})
	x := leftEdge
	for _, c := range columns {
		value, shown := map[string]int64{"fen": fen, "taxFen": tax}[c.field]
		if shown {
			in := box{x + pad, y, c.width - 2*pad, sumHeight}
			s.text("sum", in, yuan(value), style{size: sizeText, least: 4, ink: i.ink(), align: right, oneLine: true})
		}
		x += c.width
	}
}
