// Package money is amounts in fen (分, a hundredth of a yuan), CNY, and through whom they are paid. Amounts are
// never floating: partners' yuan are read and written digit by digit.
package money

import (
	"fmt"
	"strconv"
	"strings"

	"parkbff/internal/fault"
)

// NotYuan is answered for a text that is no amount in yuan.
var NotYuan = fault.New("INVALID_AMOUNT", "An amount in yuan has at most two decimals.")

// Yuan writes fen as yuan with two decimals, such as 12.50.
func Yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d", sign, fen/100, fen%100)
}

// ParseYuan reads an amount that is written in yuan, with two decimals at most, such as 12, 12.5 or 12.50.
// Error: NotYuan.
func ParseYuan(text string) (int64, error) {
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > 2 || !digits(whole) || part != "" && !digits(part) || strings.HasSuffix(text, ".") {
		return 0, NotYuan
	}
	fen, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil {
		return 0, NotYuan
	}
	return fen, nil
}

func digits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}
