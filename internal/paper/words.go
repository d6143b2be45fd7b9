package paper

import "strings"

const (
	numerals = "零壹贰叁肆伍陆柒捌玖"
	negative = "（负数）"
)

// InWords writes an amount the way it cannot be altered (大写): 100450 fen are 壹仟零肆圆伍角整. Amounts below zero
// begin with （负数）. The rules are those of 支付结算办法, annex 1 (正确填写票据和结算凭证的基本规定).
func InWords(fen int64) string {
	var said strings.Builder
	rest := uint64(fen)
	if fen < 0 {
		said.WriteString(negative)
		rest = -rest
	}
	yuan, jiao, last := rest/100, rest/10%10, rest%10
	if yuan > 0 || rest == 0 {
		said.WriteString(whole(yuan) + "圆")
	}
	switch {
	case jiao > 0:
		said.WriteString(numeral(jiao) + "角")
	case last > 0 && yuan > 0:
		said.WriteString("零")
	}
	if last > 0 {
		said.WriteString(numeral(last) + "分")
	} else {
		said.WriteString("整")
	}
	return said.String()
}

// whole writes a number that has no fraction, from its highest unit down.
func whole(n uint64) string {
	for _, unit := range []struct {
		of   uint64
		name string
	}{{1_0000_0000, "亿"}, {1_0000, "万"}, {1000, "仟"}, {100, "佰"}, {10, "拾"}} {
		if n < unit.of {
			continue
		}
		said, rest := whole(n/unit.of)+unit.name, n%unit.of
		if rest == 0 {
			return said
		}
		if rest < unit.of/10 {
			said += "零"
		}
		return said + whole(rest)
	}
	return numeral(n)
}

func numeral(digit uint64) string { return string([]rune(numerals)[digit]) }
