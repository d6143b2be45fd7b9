package paper

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/signintech/gopdf"
)

// A sheet measures in millimetres from its upper left corner, and type in points.
const pointsToMM = 25.4 / 72

// leading is the distance of two lines, by the size of their type.
const leading = 1.2

// step is by how much type is made smaller until it fits.
const step = 0.5

type ink struct{ r, g, b uint8 }

// box is a place on a sheet.
type box struct{ x, y, w, h float64 }

// within is the box without a margin on all sides.
func (b box) within(margin float64) box {
	return box{b.x + margin, b.y + margin, b.w - 2*margin, b.h - 2*margin}
}

type align int

const (
	left align = iota
	center
	right
)

// style is how a text is set: at the size that is wanted, or smaller down to the least.
type style struct {
	size, least float64
	ink         ink
	align       align
	top         bool // else in the middle of the box
	oneLine     bool
}

// sheet is what one document is drawn on. The first error stays, and what comes after it is not drawn.
type sheet struct {
	pdf    gopdf.GoPdf
	glyphs map[rune]glyph
	err    error
}

// glyph is the font that has a character, and how wide it is at one point.
type glyph struct {
	font  string
	width float64
}

func (p *Press) sheet(width, height float64, title string, at time.Time) *sheet {
	s := &sheet{glyphs: map[rune]glyph{}}
	s.pdf.Start(gopdf.Config{Unit: gopdf.UnitMM, PageSize: gopdf.Rect{W: width, H: height}})
	s.pdf.SetInfo(gopdf.PdfInfo{Title: title, CreationDate: at})
	for _, name := range []string{latinFont, chineseFont} {
		s.keep(s.pdf.AddTTFFontFromFontContainer(name, &p.fonts))
	}
	return s
}

func (s *sheet) keep(err error) {
	if s.err == nil && err != nil {
		s.err = err
	}
}

// bytes answers the finished document.
func (s *sheet) bytes() ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.pdf.GetBytesPdfReturnErr()
}

// glyph finds the font of a character; answers that of unknown where none has it.
func (s *sheet) glyph(r rune) (rune, glyph) {
	if found, known := s.glyphs[r]; known {
		return r, found
	}
	fonts := []string{latinFont, chineseFont}
	if r >= '⺀' { // where the scripts of East Asia begin
		fonts = []string{chineseFont, latinFont}
	}
	for _, name := range fonts {
		s.keep(s.pdf.SetFont(name, "", 1))
		has, err := s.pdf.IsCurrFontContainGlyph(r)
		s.keep(err)
		if !has {
			continue
		}
		width, err := s.pdf.MeasureTextWidth(strings.Repeat(string(r), 100))
		s.keep(err)
		s.glyphs[r] = glyph{font: name, width: width / 100}
		return r, s.glyphs[r]
	}
	if r == unknown {
		s.keep(fmt.Errorf("paper: the fonts have no %c", unknown))
		return r, glyph{}
	}
	return s.glyph(unknown)
}

// printable answers a text of characters that the fonts have, without those that command a terminal.
func (s *sheet) printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return ' '
		}
		r, _ = s.glyph(r)
		return r
	}, text)
}

func (s *sheet) width(text string, size float64) float64 {
	sum := 0.0
	for _, r := range text {
		_, g := s.glyph(r)
		sum += g.width
	}
	return sum * size
}

// put writes a line whose letters stand on the baseline.
func (s *sheet) put(x, baseline float64, text string, size float64, in ink) {
	s.pdf.SetTextColor(in.r, in.g, in.b)
	for text != "" && s.err == nil {
		run, font := s.run(text)
		text = text[len(run):]
		s.keep(s.pdf.SetFont(font, "", size))
		s.pdf.SetXY(x, baseline)
		s.keep(s.pdf.Text(run))
		x += s.width(run, size)
	}
}

// run is the longest beginning of a text that one font can write.
func (s *sheet) run(text string) (run, font string) {
	for i, r := range text {
		_, g := s.glyph(r)
		if font == "" {
			font = g.font
		}
		if g.font != font {
			return text[:i], font
		}
	}
	return text, font
}

// text sets a text into a box. Where it does not fit at any size of its style, nothing is drawn and the error is
// TooLong at the field.
func (s *sheet) text(field string, in box, text string, how style) {
	lines, size, fits := s.set(in, text, how)
	if !fits {
		s.keep(TooLong.At(field))
		return
	}
	height := float64(len(lines)) * lineHeight(size)
	y := in.y
	if !how.top {
		y += (in.h - height) / 2
	}
	for _, line := range lines {
		x := in.x
		switch how.align {
		case center:
			x += (in.w - s.width(line, size)) / 2
		case right:
			x += in.w - s.width(line, size)
		case left:
		}
		// The middle of a Chinese character is about a third of its size above the baseline.
		s.put(x, y+lineHeight(size)/2+size*pointsToMM*0.36, line, size, how.ink)
		y += lineHeight(size)
	}
}

func lineHeight(size float64) float64 { return size * leading * pointsToMM }

// set breaks a text into lines at the largest size at which it fits.
func (s *sheet) set(in box, text string, how style) (lines []string, size float64, fits bool) {
	text = s.printable(text)
	for size = how.size; size >= how.least; size -= step {
		lines = s.broken(text, in.w, size)
		if how.oneLine && len(lines) > 1 {
			continue
		}
		if float64(len(lines))*lineHeight(size) <= in.h {
			return lines, size, true
		}
	}
	return nil, 0, false
}

// broken breaks a text into lines: between Chinese characters anywhere, but not before a mark that ends; words
// of letters and digits only where they are longer than a line.
func (s *sheet) broken(text string, width, size float64) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		rest := []rune(paragraph)
		for {
			n := s.fitting(rest, width, size)
			lines = append(lines, strings.TrimRight(string(rest[:n]), " "))
			if rest = rest[n:]; len(rest) == 0 {
				break
			}
		}
	}
	return lines
}

// fitting is how many characters stand on one line.
func (s *sheet) fitting(text []rune, width, size float64) int {
	sum, n := 0.0, 0
	for ; n < len(text); n++ {
		_, g := s.glyph(text[n])
		if sum += g.width * size; sum > width {
			break
		}
	}
	if n == len(text) {
		return n
	}
	for at := n; at > 0; at-- {
		if breakable(text[at-1], text[at]) {
			return at
		}
	}
	return max(n, 1)
}

func breakable(before, after rune) bool {
	if strings.ContainsRune("，。、；：）》】”’！？,.;:)]%", after) || strings.ContainsRune("（《【“‘([¥", before) {
		return false
	}
	return before == ' ' || before >= '⺀' || after >= '⺀'
}

func (s *sheet) line(x1, y1, x2, y2, width float64, in ink) {
	s.pdf.SetStrokeColor(in.r, in.g, in.b)
	s.pdf.SetLineWidth(width)
	s.pdf.Line(x1, y1, x2, y2)
}
