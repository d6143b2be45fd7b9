package servertest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Forms are the ways in which a personal value may lie about in the open: as it is, in small letters, with
// separators, in GB 18030, UTF-16, hexadecimal and base64 (wherever in a longer text it begins), and as JSON and
// logs escape it.
func Forms(value string) []string {
	texts := append(spaced(value), value, strings.ToLower(value))
	if chinese, err := simplifiedchinese.GB18030.NewEncoder().String(value); err == nil {
		texts = append(texts, chinese)
	}
	texts = append(texts, wide(value, binary.LittleEndian), wide(value, binary.BigEndian))
	forms := append(texts, escaped(value))
	for _, text := range texts {
		raw := hex.EncodeToString([]byte(text))
		forms = append(forms, raw, strings.ToUpper(raw))
		forms = append(forms, base64Of(text, base64.RawStdEncoding)...)
		forms = append(forms, base64Of(text, base64.RawURLEncoding)...)
	}
	return forms
}

// spaced are the ways in which people part plates and numbers.
func spaced(value string) []string {
	runes := []rune(value)
	var all []string
	for _, separator := range []string{"·", "•", "-", " "} {
		if len(runes) > 4 {
			all = append(all, string(runes[:2])+separator+string(runes[2:]))
		}
		if len(runes) == 11 {
			all = append(all, string(runes[:3])+separator+string(runes[3:7])+separator+string(runes[7:]))
		}
	}
	return all
}

func wide(value string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(value)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

// escaped is a value in which only ASCII stands as it is.
func escaped(value string) string {
	quoted := strconv.QuoteToASCII(value)
	return quoted[1 : len(quoted)-1]
}

// base64Of are the parts of a longer text's base64 that depend on the value alone, for each of the three places
// at which it may begin.
func base64Of(value string, encoding *base64.Encoding) []string {
	var all []string
	for before := range 3 {
		whole := encoding.EncodeToString(append(make([]byte, before), value...))
		first := (before*8 + 5) / 6 // the first character that holds no bit of what stands before
		last := (before + len(value)) * 8 / 6
		all = append(all, whole[first:last])
	}
	return all
}
