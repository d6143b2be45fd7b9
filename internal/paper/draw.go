package paper

import (
	"strconv"

	"parkbff/internal/money"
)

// Places on an invoice, in millimetres, as the tax bureau's own form has them.
const (
	sheetWidth, sheetHeight = 210.0, 140.0
	leftEdge, rightEdge     = 7.0, 203.0
	partiesTop              = 29.0
	itemsTop                = 48.0
	headHeight              = 5.5
	sumsTop                 = 94.5
	sumHeight               = 5.5
	wordsTop                = 100.5
	remarksTop              = 107.5
	remarksBottom           = 129.0
	labelWidth              = 6.0
	issuerTop               = 131.0
	pad                     = 1.2
)

const (
	sizeText  = 9.0
	leastText = 5.0
	title     = "电子发票（普通发票）"
)

// Inks of the form: its own brown, what is filled in, and what is taken back.
var (
	brown = ink{0x9c, 0x52, 0x23}
	black = ink{0x10, 0x10, 0x10}
	red   = ink{0xc0, 0x10, 0x10}
	grey  = ink{0x80, 0x80, 0x80}
)

// column of the table of things sold.
type column struct {
	field, name string
	width       float64
	align       align
}

var columns = []column{
	{"name", "项目名称", 50, left},
	{"model", "规格型号", 23, left},
	{"unit", "单位", 13, center},
	{"quantity", "数量", 20, right},
	{"price", "单价", 27, right},
	{"fen", "金额", 25, right},
	{"rate", "税率/征收率", 19, center},
	{"taxFen", "税额", 19, right},
}

// Invoice renders an invoice, on as many sheets as its lines need. The creation date is IssuedAt; nothing in the
// bytes is random. A character that no font has is shown as 〓. Errors: Invalid, TooLong.
func (p *Press) Invoice(i Invoice) ([]byte, error) {
	if err := i.check(); err != nil {
		return nil, err
	}
	s := p.sheet(sheetWidth, sheetHeight, title+" "+i.Number, i.IssuedAt.UTC())
	pages := s.paginate(i)
	for n, rows := range pages {
		s.pdf.AddPage()
		s.header(i, n+1, len(pages))
		s.frame()
		s.parties(i)
		s.rows(i, rows)
		s.sums(i, rows, n+1 == len(pages), len(pages) > 1)
		if n+1 == len(pages) {
			s.inWords(i)
		}
		s.remarks(i)
	}
	return s.bytes()
}

func (s *sheet) header(i Invoice, page, pages int) {
	s.square(box{leftEdge + 1, 4.5, 20, 20}, i)
	s.text("title", box{60, 6.5, 90, 9}, title, style{size: 18, least: 18, ink: brown, align: center})
	s.line(69, 17, 141, 17, 0.25, brown)
	s.line(69, 18, 141, 18, 0.25, brown)
	if i.Specimen {
		s.text("title", box{60, 19, 90, 5}, "样张　不作税务凭证", style{size: 9, least: 9, ink: grey, align: center})
	}
	at := box{147, 8, 56, 5}
	for _, one := range []struct{ label, value string }{{"发票号码：", i.Number}, {"开票日期：", i.day()}} {
		s.labelled("number", at, one.label, one.value)
		at.y += 6
	}
	if pages > 1 {
		s.text("pages", at, "共"+strconv.Itoa(pages)+"页　第"+strconv.Itoa(page)+"页", style{size: sizeText, least: sizeText, ink: black})
	}
}

// labelled sets a value behind its label.
func (s *sheet) labelled(field string, in box, label, value string) {
	label = s.printable(label)
	s.text(field, in, label, style{size: sizeText, least: sizeText, ink: brown})
	wide := s.width(label, sizeText)
	s.text(field, box{in.x + wide, in.y, in.w - wide, in.h}, value, style{size: sizeText, least: leastText, ink: black})
}

// frame draws the form's lines.
func (s *sheet) frame() {
	middle := (leftEdge + rightEdge) / 2
	for _, y := range []float64{partiesTop, itemsTop, wordsTop, remarksTop, remarksBottom} {
		s.line(leftEdge, y, rightEdge, y, 0.25, brown)
	}
	for _, v := range []struct{ x, top, bottom float64 }{
		{leftEdge, partiesTop, remarksBottom},
		{rightEdge, partiesTop, remarksBottom},
		{leftEdge + labelWidth, partiesTop, itemsTop},
		{middle, partiesTop, itemsTop},
		{middle + labelWidth, partiesTop, itemsTop},
		{leftEdge + columns[0].width, wordsTop, remarksTop},
		{leftEdge + labelWidth, remarksTop, remarksBottom},
	} {
		s.line(v.x, v.top, v.x, v.bottom, 0.25, brown)
	}
}

func (s *sheet) parties(i Invoice) {
	half := (rightEdge - leftEdge) / 2
	for _, one := range []struct {
		x            float64
		label, field string
		party        Party
	}{{leftEdge, "购买方信息", "buyer", i.Buyer}, {leftEdge + half, "销售方信息", "seller", i.Seller}} {
		s.upright(box{one.x, partiesTop, labelWidth, itemsTop - partiesTop}, one.label)
		in := box{one.x + labelWidth + pad, partiesTop, half - labelWidth - 2*pad, 11}
		name := one.party.Name
		if one.party.NaturalPerson {
			name += "（个人）"
		}
		s.labelled(one.field+".name", in, "名称：", name)
		in.y, in.h = in.y+in.h, itemsTop-partiesTop-in.h-1
		s.labelled(one.field+".taxNumber", in, "统一社会信用代码/纳税人识别号：", one.party.TaxNumber)
	}
}

// upright sets a label from top to bottom.
func (s *sheet) upright(in box, label string) {
	stacked := ""
	for _, r := range label {
		if stacked != "" {
			stacked += "\n"
		}
		stacked += string(r)
	}
	s.text("label", in, stacked, style{size: sizeText, least: sizeText - 1.5, ink: brown, align: center})
}

func (s *sheet) inWords(i Invoice) {
	fen, tax := i.total()
	in := box{leftEdge, wordsTop, columns[0].width, remarksTop - wordsTop}
	s.text("words", in, "价税合计（大写）", style{size: sizeText, least: sizeText, ink: brown, align: center})
	in.x += in.w + 2
	s.cross(in.x+2, wordsTop+in.h/2)
	s.text("words", box{in.x + 5.5, in.y, 75, in.h}, InWords(fen+tax), style{size: 10, least: leastText, ink: i.ink(), oneLine: true})
	at := box{rightEdge - 62, in.y, 16, in.h}
	s.text("words", at, "（小写）", style{size: sizeText, least: sizeText, ink: brown})
	s.text("words", box{at.x + at.w, in.y, 62 - at.w - pad, in.h}, yuan(fen+tax), style{size: 10, least: leastText, ink: i.ink(), oneLine: true})
}

// cross draws the sign before an amount in words that lets nothing be written before it.
func (s *sheet) cross(x, y float64) {
	const r, d = 1.5, 1.06
	s.pdf.SetStrokeColor(brown.r, brown.g, brown.b)
	s.pdf.SetLineWidth(0.25)
	s.pdf.Oval(x-r, y-r, x+r, y+r)
	s.line(x-d, y-d, x+d, y+d, 0.25, brown)
	s.line(x-d, y+d, x+d, y-d, 0.25, brown)
}

func (s *sheet) remarks(i Invoice) {
	s.upright(box{leftEdge, remarksTop, labelWidth, remarksBottom - remarksTop}, "备　注")
	in := box{leftEdge + labelWidth, remarksTop, rightEdge - leftEdge - labelWidth, remarksBottom - remarksTop}
	s.text("remark", in.within(pad), i.remarks(), style{size: sizeText - 0.5, least: leastText, ink: black, top: true})
	s.labelled("issuer", box{leftEdge + 12, issuerTop, 80, 5}, "开票人：", i.Issuer)
}

// ink of amounts: red ones are taken back.
func (i Invoice) ink() ink {
	if i.red() {
		return red
	}
	return black
}

func yuan(fen int64) string { return "¥" + money.Yuan(fen) }
