package cnid

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Plate is one number plate: its text and its colour. The same text in two colours is two plates
// (a blue 粤B12345 and a yellow one are two vehicles). Values compare with ==; the zero Plate is none.
type Plate struct {
	text  hidden
	color Color
	kind  Kind
}

// ParsePlate reads a plate (GA 36-2018). Dots, dashes, spaces, lower case and full width are forgiven:
// "粤b·12345" and "粤-B12345" are one plate. An empty colour means the colour that kind of plate has
// (an ordinary plate is then blue). What has the head of a civil plate, province and letter, must be one
// in full; other texts of 2 to 12 letters, digits and ideographs are Other: military, WJ, Hong Kong and
// Macao plates alone, no plate ("无…").
//
// Errors: InvalidPlate; InvalidColor when such a plate never has that colour.
func ParsePlate(raw string, color Color) (Plate, error) {
	text := normalise(raw)
	shape, ok := shapeOf([]rune(text))
	if !ok {
		return Plate{}, InvalidPlate
	}
	if color == "" {
		color = shape.colors[0]
	}
	if !slices.Contains(shape.colors, color) {
		return Plate{}, InvalidColor
	}
	return Plate{text: hide(text), color: color, kind: shape.kind}, nil
}

// Text is the normalised plate, such as 粤B12345 or 粤BD12345.
func (p Plate) Text() string { return p.text.reveal() }

// Pretty is the plate as it is painted, with the dot after the issuing letter: 粤B·12345.
// Plates without province and letter are as Text.
func (p Plate) Pretty() string {
	text := p.Text()
	if !hasCivilHead([]rune(text)) {
		return text
	}
	_, width := utf8.DecodeRuneInString(text)
	return text[:width+1] + "·" + text[width+1:]
}

// Color of the plate.
func (p Plate) Color() Color { return p.color }

// Kind of the plate.
func (p Plate) Kind() Kind { return p.kind }

// Key is what indexes and locks are made of: text, bar, colour ("粤B12345|BLUE").
func (p Plate) Key() string { return p.Text() + "|" + string(p.color) }

// Class is the size of vehicle the plate admits to. Motorcycles share the plates of other vehicles, so no
// plate says MOTORCYCLE; a plate that does not tell is SMALL, the cheaper.
func (p Plate) Class() Class {
	switch p.kind {
	case Trailer, NewEnergyLarge:
		return Large
	case Ordinary, Other:
		if p.color == Yellow {
			return Large
		}
	}
	return Small
}

// Energy by the letter of a new-energy plate: D A B C E run on electricity alone, F G H J K otherwise
// (GA 36-2018 with the letters opened later). Every other plate is Fuel.
func (p Plate) Energy() Energy {
	var letter rune
	switch runes := []rune(p.Text()); p.kind {
	case NewEnergySmall:
		letter = runes[2]
	case NewEnergyLarge:
		letter = runes[len(runes)-1]
	default:
		return Fuel
	}
	if strings.ContainsRune("DABCE", letter) {
		return Electric
	}
	return OtherNewEnergy
}

// NearTo holds when both texts have one length and differ in exactly one character: what a camera makes
// of dirt. Colours are not compared, since that dirt changes them too.
func (p Plate) NearTo(q Plate) bool {
	a, b := []rune(p.Text()), []rune(q.Text())
	if len(a) != len(b) {
		return false
	}
	differ := 0
	for i := range a {
		if a[i] != b[i] {
			differ++
		}
	}
	return differ == 1
}
