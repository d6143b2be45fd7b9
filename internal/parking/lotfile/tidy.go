package lotfile

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// tidy cleans every string of the lot and puts the defaults where nothing is said.
func (l *Lot) tidy() {
	for _, text := range []*string{
		&l.Code, &l.Name, &l.City, &l.District, &l.Address, &l.OpeningHours, &l.Phone, &l.TariffText,
	} {
		*text = clean(*text)
	}
	for i := range l.Entrances {
		l.Entrances[i].Name, l.Entrances[i].Address = clean(l.Entrances[i].Name), clean(l.Entrances[i].Address)
	}
	for i := range l.Pictures {
		l.Pictures[i].URL, l.Pictures[i].AltText = clean(l.Pictures[i].URL), clean(l.Pictures[i].AltText)
	}
	for i := range l.Gates {
		l.Gates[i].Code = clean(l.Gates[i].Code)
	}
	if l.Region == "" {
		l.Region = Mainland
	}
	if len(l.Gates) == 0 {
		l.Gates = []Gate{defaultGate}
	}
}

// clean answers text in NFC and trimmed, with every control character as a space and without the
// invisible ones that reorder or join what a reader sees.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return strings.TrimSpace(norm.NFC.String(text))
}

// bounded answers at most as many characters as a code may have, for reports on rows whose code is wild.
func bounded(text string) string {
	if runes := []rune(text); len(runes) > maxCode {
		return string(runes[:maxCode])
	}
	return text
}
