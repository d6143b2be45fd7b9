package cnid

import (
	"slices"
	"strings"
)

// Color of a plate, by the names of the contract.
type Color string

// Colours. Green is the gradient of small new-energy cars, YellowGreen the halves of large ones.
const (
	Blue        Color = "BLUE"
	Green       Color = "GREEN"
	Yellow      Color = "YELLOW"
	YellowGreen Color = "YELLOW_GREEN"
	Black       Color = "BLACK"
	White       Color = "WHITE"
)

// ParseColor reads a colour by its name in the contract. Error: InvalidColor.
func ParseColor(name string) (Color, error) {
	if c := Color(name); slices.Contains(anyColor, c) {
		return c, nil
	}
	return "", InvalidColor
}

// Kind of plate (GA 36-2018).
type Kind string

// Kinds.
const (
	Ordinary       Kind = "ORDINARY"
	NewEnergySmall Kind = "NEW_ENERGY_SMALL"
	NewEnergyLarge Kind = "NEW_ENERGY_LARGE"
	Police         Kind = "POLICE"    // 警
	Learner        Kind = "LEARNER"   // 学
	Trailer        Kind = "TRAILER"   // 挂
	HongKong       Kind = "HONG_KONG" // 粤Z…港
	Macao          Kind = "MACAO"     // 粤Z…澳
	Consulate      Kind = "CONSULATE" // 领
	Embassy        Kind = "EMBASSY"   // 使
	Emergency      Kind = "EMERGENCY" // 应急, fire and rescue
	Other          Kind = "OTHER"
)

// Energy a vehicle runs on, as far as its plate tells.
type Energy string

// Energies.
const (
	Fuel           Energy = "FUEL"
	Electric       Energy = "ELECTRIC"
	OtherNewEnergy Energy = "OTHER_NEV" // plug-in hybrids, fuel cells
)

// Class of vehicle, as tariffs need it.
type Class string

// Classes.
const (
	Small      Class = "SMALL"
	Large      Class = "LARGE"
	Motorcycle Class = "MOTORCYCLE"
)

// shape is one way a plate may look. In a pattern P is a province, L an issuing letter, C a letter or
// digit, D a digit and E an energy letter; every other character stands for itself. Colours: the first
// is the one meant when none is given.
type shape struct {
	kind    Kind
	pattern []rune
	colors  []Color
}

// civil are the plates of GA 36-2018. No text fits two kinds.
var civil = []shape{
	{Ordinary, []rune("PLCCCCC"), []Color{Blue, Yellow}},
	{NewEnergySmall, []rune("PLECDDDD"), []Color{Green}},
	{NewEnergyLarge, []rune("PLDDDDDE"), []Color{YellowGreen}},
	{Police, []rune("PLCCCC警"), []Color{White}},
	{Learner, []rune("PLCCCC学"), []Color{Yellow}},
	{Trailer, []rune("PLCCCC挂"), []Color{Yellow}},
	{HongKong, []rune("粤ZCCCC港"), []Color{Black}},
	{Macao, []rune("粤ZCCCC澳"), []Color{Black}},
	{Consulate, []rune("PLDDDD领"), []Color{Black}},
	{Embassy, []rune("DDDDDD使"), []Color{Black}},
	{Emergency, []rune("PXCCCC应急"), []Color{White}},
	{Emergency, []rune("PSCCCC应急"), []Color{White}},
}

// temporary plates begin like civil ones and are kept as Other: paper ones (临), of vehicles under test
// (试) and of oversize machinery (超).
var temporary = [][]rune{
	[]rune("PLCCCC临"), []rune("PLCCCCC临"), []rune("PLCCCCCC临"),
	[]rune("PLCCCC试"), []rune("PLCCCCC试"),
	[]rune("PLCCCC超"), []rune("PLCCCCC超"),
}

// other is the shape of what is no civil plate. Most such plates in a lot are military or WJ, so white.
var other = shape{kind: Other, colors: anyColor}

var anyColor = []Color{White, Blue, Green, Yellow, YellowGreen, Black}

const (
	minOther, maxOther = 2, 12

	provinces     = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
	letters       = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	digits        = "0123456789"
	energyLetters = "ABCDEFGHJK"
)

// shapeOf finds how a normalised text looks, if it looks like a plate at all.
func shapeOf(text []rune) (shape, bool) {
	for _, s := range civil {
		if fits(s.pattern, text) {
			return s, true
		}
	}
	return other, isOther(text)
}

func fits(pattern, text []rune) bool {
	if len(pattern) != len(text) {
		return false
	}
	for i, symbol := range pattern {
		if !stands(symbol, text[i]) {
			return false
		}
	}
	return true
}

// stands holds when a symbol of a pattern stands for r.
func stands(symbol, r rune) bool {
	switch symbol {
	case 'P':
		return strings.ContainsRune(provinces, r)
	case 'L':
		return strings.ContainsRune(letters, r)
	case 'C':
		return strings.ContainsRune(letters, r) || isDigit(r)
	case 'D':
		return isDigit(r)
	case 'E':
		return strings.ContainsRune(energyLetters, r)
	}
	return r == symbol
}

func isOther(text []rune) bool {
	if len(text) < minOther || len(text) > maxOther || slices.ContainsFunc(text, notInPlates) {
		return false
	}
	if !startsCivil(text) {
		return true
	}
	return slices.ContainsFunc(temporary, func(pattern []rune) bool { return fits(pattern, text) })
}

// startsCivil holds for a province followed by a letter, even a wrong one, or by a digit where the letter
// should be: a civil plate was meant, so a misread one must not pass as something else.
func startsCivil(text []rune) bool {
	return len(text) >= 2 && stands('P', text[0]) && (isLetter(text[1]) || isDigit(text[1]))
}

// hasCivilHead holds for a province followed by an issuing letter.
func hasCivilHead(text []rune) bool {
	return len(text) >= 2 && stands('P', text[0]) && stands('L', text[1])
}

// notInPlates holds for what no plate contains. Ideographs are those of the basic block only: the
// compatibility blocks hold doubles of them that look the same and would be another key.
func notInPlates(r rune) bool {
	return !isLetter(r) && !isDigit(r) && (r < '一' || r > '\u9fff')
}

func isLetter(r rune) bool { return r >= 'A' && r <= 'Z' }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
