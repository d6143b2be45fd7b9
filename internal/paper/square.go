package paper

import (
	"fmt"
	"image/color"

	"github.com/boombuler/barcode/qr"

	"parkbff/internal/clock"
	"parkbff/internal/money"
)

// square draws the code that whoever checks invoices reads: version 01, kind 32 (数电票 普通发票), no code, number,
// total in yuan, day, no check code.
func (s *sheet) square(in box, i Invoice) {
	fen, tax := i.total()
	content := fmt.Sprintf("01,32,,%s,%s,%s,,", i.Number, money.Yuan(fen+tax), i.IssuedAt.In(clock.Shanghai).Format("20060102"))
	code, err := qr.Encode(content, qr.M, qr.Unicode)
	if err != nil {
		s.keep(fmt.Errorf("paper: square code: %w", err))
		return
	}
	n := code.Bounds().Dx()
	side := in.w / float64(n)
	s.pdf.SetFillColor(black.r, black.g, black.b)
	for y := range n {
		for x := 0; x < n; x++ {
			from := x
			for x < n && code.At(x, y) == color.Black {
				x++
			}
			if x > from {
				s.pdf.RectFromUpperLeftWithStyle(in.x+float64(from)*side, in.y+float64(y)*side, float64(x-from)*side, side, "F")
			}
		}
	}
}
