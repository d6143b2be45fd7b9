package cnid

import "strings"

// Mobile is a mobile number of mainland China, Hong Kong, Macao or Taiwan. The zero Mobile is none.
type Mobile struct {
	national hidden
	country  string
}

// country is one numbering plan: its code, the length of a number without it and the digits a mobile
// number begins with (ITU-T E.164 national plans).
type country struct {
	code    string
	length  int
	leading []string
}

var countries = []country{
	{"86", 11, []string{"13", "14", "15", "16", "17", "18", "19"}},
	{"852", 8, []string{"4", "5", "6", "7", "8", "9"}},
	{"853", 8, []string{"6"}},
	{"886", 9, []string{"9"}},
}

// ParseMobile reads a number with its country code (+86, +852, +853, +886), or a bare one of mainland
// China. The 0 that Taiwan writes before its numbers at home is forgiven after +886. Error: InvalidMobile.
func ParseMobile(raw string) (Mobile, error) {
	text := normalise(raw)
	rest, international := strings.CutPrefix(text, "+")
	if !international {
		rest = countries[0].code + text
	}
	for _, c := range countries {
		national, ok := strings.CutPrefix(rest, c.code)
		if c.code == "886" {
			national = strings.TrimPrefix(national, "0")
		}
		if ok && c.has(national) {
			return Mobile{national: hide(national), country: c.code}, nil
		}
	}
	return Mobile{}, InvalidMobile
}

func (c country) has(national string) bool {
	if len(national) != c.length || !consists(national, digits) {
		return false
	}
	for _, lead := range c.leading {
		if strings.HasPrefix(national, lead) {
			return true
		}
	}
	return false
}

// E164 is the number as it is stored: "+8613800138000".
func (m Mobile) E164() string {
	if m == (Mobile{}) {
		return ""
	}
	return "+" + m.country + m.National()
}

// CountryCode is the code without a plus: 86, 852, 853 or 886.
func (m Mobile) CountryCode() string { return m.country }

// National is the number without its country code.
func (m Mobile) National() string { return m.national.reveal() }
