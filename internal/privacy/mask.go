// Package privacy holds the mask formulas: what of a value is shown to a viewer who may not see it.
//
// A formula is pure: value in, value out. Who may see what is decided elsewhere. The formulas follow
// 捷停车用户隐私政策 J(一)2(4), J(一)4(1), J(一)5(2), J(二)2(9) and J(二)5(5), which name the effect
// (half-masked, blurred, replaced) and leave the form to the house.
//
// A masked value has one length whatever was hidden, and a value too short or of a shape the formula
// does not know is hidden whole. An empty value stays empty: there is nothing to hide.
package privacy

import (
	"regexp"
	"strings"

	"golang.org/x/text/width"
)

// hidden stands for any number of characters that are not shown.
const hidden = "***"

var (
	plateSeparators = strings.NewReplacer("·", "", "•", "", "-", "", " ", "", "\u00a0", "", "\u3000", "")
	phoneSeparators = strings.NewReplacer("-", "", " ", "", "(", "", ")", "", "\u00a0", "")

	mainlandMobile = regexp.MustCompile(`^(?:(?:\+|00)?86)?(1[3-9][0-9])[0-9]{4}([0-9]{4})$`)
	foreignMobile  = regexp.MustCompile(`^(?:\+|00)(852|853|886)([0-9]{2})[0-9]{4,6}([0-9]{2})$`)
)

// Plate shows province, letter and the last two characters of a mainland plate: `粤B***45`, with three
// stars for every length, so that a new-energy plate (eight characters) looks like any other. Of every
// other text (Hong Kong, military, embassy, synthetic) it shows the last two of six characters or more.
func Plate(text string) string {
	if !isTidyPlate(text) {
		text = strings.ToUpper(plateSeparators.Replace(width.Narrow.String(text)))
	}
	if head, end, ok := cutMainlandPlate([]rune(text)); ok {
		return head + hidden + end
	}
	return tail(text, 2, hidden)
}

// isTidyPlate holds for text that has nothing to tidy, as plates are stored: history pages mask many.
func isTidyPlate(text string) bool {
	for _, r := range text {
		if !isPlateSign(r) && (r < '一' || r > '鿿') {
			return false
		}
	}
	return true
}

// Parts of mainland plates (GA 36-2018).
const (
	provinces = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
	suffixes  = "警学挂港澳领"
	emergency = "应急"
)

// cutMainlandPlate answers what is shown of a mainland plate: province and letter, and after three or four
// characters more the last two.
func cutMainlandPlate(plate []rune) (head, end string, ok bool) {
	last := len(plate) - 2
	if last < 5 || last > 6 || !strings.ContainsRune(provinces, plate[0]) || plate[1] < 'A' || plate[1] > 'Z' {
		return "", "", false
	}
	for _, r := range plate[2:last] {
		if !isPlateSign(r) {
			return "", "", false
		}
	}
	head, end = string(plate[:2]), string(plate[last:])
	signs := isPlateSign(plate[last]) && (isPlateSign(plate[last+1]) || strings.ContainsRune(suffixes, plate[last+1]))
	return head, end, signs || end == emergency
}

func isPlateSign(r rune) bool { return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' }

// Mobile shows the network and the last four digits of a mainland number, `138****1234`, with or
// without its country code; and the country, the first two and the last two digits of a number of
// Hong Kong, Macao or Taiwan, `+852 51****78`, because those numbers are short. Others show the last
// two digits.
func Mobile(text string) string {
	plain := phoneSeparators.Replace(width.Narrow.String(text))
	if part := mainlandMobile.FindStringSubmatch(plain); part != nil {
		return part[1] + "****" + part[2]
	}
	if part := foreignMobile.FindStringSubmatch(plain); part != nil {
		return "+" + part[1] + " " + part[2] + "****" + part[3]
	}
	return tail(plain, 2, "****")
}

// PersonName shows the first character, `张**`; of a name of one character, none.
func PersonName(text string) string {
	return head(strings.TrimSpace(text), 1, "**")
}

// IDNumber shows the first three and the last two characters of an identity number, `110********2X`.
func IDNumber(text string) string {
	const stars = "********"
	runes := []rune(strings.TrimSpace(text))
	switch {
	case len(runes) == 0:
		return ""
	case len(runes) < 12:
		return stars
	}
	return string(runes[:3]) + stars + string(runes[len(runes)-2:])
}

// VIN shows the last six characters, the serial number: `***********042788`.
func VIN(text string) string {
	return tail(strings.TrimSpace(text), 6, "***********")
}

// BankAccount shows the last four digits: `****6789`.
func BankAccount(text string) string {
	return tail(phoneSeparators.Replace(width.Narrow.String(text)), 4, "****")
}

// Email shows the first character, `z***@***`. The domain is hidden too: many a domain is a family's
// or an employer's name.
func Email(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return hidden
	}
	if at == 0 {
		return hidden + "@" + hidden
	}
	return head(text[:at], 1, hidden) + "@" + hidden
}

// head shows the first characters when at least as many more are hidden.
func head(text string, shown int, stars string) string {
	runes := []rune(text)
	switch {
	case len(runes) == 0:
		return ""
	case len(runes) < 2*shown:
		return stars
	}
	return string(runes[:shown]) + stars
}

// tail shows the last characters when at least two more than those are hidden.
func tail(text string, shown int, stars string) string {
	runes := []rune(text)
	switch {
	case len(runes) == 0:
		return ""
	case len(runes) < 2*shown+2:
		return stars
	}
	return stars + string(runes[len(runes)-shown:])
}
