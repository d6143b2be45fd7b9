// Package field holds WeChat's rules for the fields of subscribe messages: which characters, and how many,
// each type takes (参数限制说明 of
// https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/subscribe-message/sendMessage.html).
// A field's name is its type and a number, as in thing3. Enumerated fields (enum, const) are not supported:
// their values are each template's own.
package field

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Type is what a field takes.
type Type string

// Types of fields.
const (
	Thing           Type = "thing"            // 20 characters of any kind
	Number          Type = "number"           // 32 digits, a decimal point among them
	Letter          Type = "letter"           // 32 letters
	Symbol          Type = "symbol"           // 5 symbols
	CharacterString Type = "character_string" // 32 digits, letters or symbols
	Time            Type = "time"             // hours and minutes of 24, after a date or not; or from one to another
	Date            Type = "date"             // a date, with a time or not; or from one to another
	Amount          Type = "amount"           // a currency symbol, 10 digits, 元
	PhoneNumber     Type = "phone_number"     // 17 digits or symbols
	CarNumber       Type = "car_number"       // 8: Chinese at either end, letters and digits between
	Name            Type = "name"             // 10 Chinese characters, or 20 letters or symbols
	Phrase          Type = "phrase"           // 5 Chinese characters
)

const mostOfThing = 20

var (
	named = regexp.MustCompile(`^([a-z_]+?)([0-9]{1,3})$`)

	clock = `([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?`
	month = `(0?[1-9]|1[0-2])`
	day   = `(0?[1-9]|[12][0-9]|3[01])`
	date  = `([0-9]{4}年` + month + `月` + day + `日|[0-9]{4}年` + month + `月|` + month + `月` + day + `日` +
		`|[0-9]{4}[-/.]` + month + `([-/.]` + day + `)?|` + month + `[-/.]` + day + `)`
)

// rules are what each type but thing takes, save for lengths that depend on the characters.
var rules = map[Type]*regexp.Regexp{
	Number:          regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`),
	Letter:          regexp.MustCompile(`^[A-Za-z]{1,32}$`),
	CharacterString: regexp.MustCompile(`^[!-~]{1,32}$`),
	Time:            fromTo(`(` + date + ` ?)?` + clock),
	Date:            fromTo(date + `( ?` + clock + `)?`),
	Amount:          regexp.MustCompile(`^[¥￥$€£]?[0-9]{1,10}(\.[0-9]{1,2})?元?$`),
	PhoneNumber:     regexp.MustCompile(`^[0-9()+#*-]{1,17}$`),
	CarNumber:       regexp.MustCompile(`^[\p{Han}A-Z0-9][A-Z0-9]{0,6}[\p{Han}A-Z0-9]$`),
	Phrase:          regexp.MustCompile(`^\p{Han}{1,5}$`),
}

func fromTo(moment string) *regexp.Regexp {
	return regexp.MustCompile(`^` + moment + `( ?~ ?` + moment + `)?$`)
}

// Of reads the type off the name of a field.
func Of(name string) (Type, error) {
	parts := named.FindStringSubmatch(name)
	if parts == nil {
		return "", fmt.Errorf("%q is not the name of a field", name)
	}
	t := Type(parts[1])
	switch t {
	case Thing, Symbol, Name:
		return t, nil
	}
	if rules[t] == nil {
		return "", fmt.Errorf("%q is of no type that is supported", name)
	}
	return t, nil
}

// Takes tells whether WeChat takes a value in a field of this type.
func (t Type) Takes(value string) bool {
	switch t {
	case Thing:
		return value != "" && length(value) <= mostOfThing && all(value, shown) && strings.TrimSpace(value) != ""
	case Symbol:
		return value != "" && length(value) <= 5 && all(value, symbol)
	case Name:
		return isName(value)
	case Number:
		return len(value) <= 32 && rules[t].MatchString(value)
	}
	rule := rules[t]
	return rule != nil && rule.MatchString(value)
}

// Fit answers the value as a field of this type takes it. Things are made to fit: what cannot be shown is
// left out, and what is too long is cut and ends with …. All other types are exact, and take a value or not.
func (t Type) Fit(value string) (string, bool) {
	if t == Thing {
		value = fitThing(value)
	}
	return value, t.Takes(value)
}

func fitThing(value string) string {
	value = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case shown(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, value))
	if length(value) <= mostOfThing {
		return value
	}
	kept, units := strings.Builder{}, 0
	for _, r := range value {
		if units += utf16.RuneLen(r); units >= mostOfThing {
			break
		}
		kept.WriteRune(r)
	}
	return kept.String() + "…"
}

// isName holds for ten characters with Chinese among them, or twenty letters or symbols.
func isName(value string) bool {
	most := 20
	for _, r := range value {
		switch {
		case unicode.Is(unicode.Han, r):
			most = 10
		case unicode.IsDigit(r) || !shown(r):
			return false
		}
	}
	return value != "" && length(value) <= most
}

// shown holds for what WeChat shows: letters of all scripts, digits, common symbols and blanks; neither
// control characters nor emoji.
func shown(r rune) bool {
	const emoji = 0x1F000
	return r != unicode.ReplacementChar && unicode.IsPrint(r) && !unicode.Is(unicode.Variation_Selector, r) &&
		(r < emoji || !unicode.Is(unicode.So, r))
}

func symbol(r rune) bool { return shown(r) && (unicode.IsPunct(r) || unicode.IsSymbol(r)) }

func all(value string, is func(rune) bool) bool {
	return strings.IndexFunc(value, func(r rune) bool { return !is(r) }) < 0
}

// length counts as WeChat's own clients do, in units of UTF-16: a rare character is two.
func length(value string) int { return len(utf16.Encode([]rune(value))) }
