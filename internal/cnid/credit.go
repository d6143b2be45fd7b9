package cnid

import "strings"

// CreditCode is a unified social credit code (GB 32100-2015), which is a company's tax number too.
// The zero CreditCode is none.
type CreditCode struct{ text hidden }

const (
	creditLength  = 18
	creditSymbols = "0123456789ABCDEFGHJKLMNPQRTUWXY" // without I O S V Z
	orgSymbols    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	orgChecks     = "0123456789X"
)

var (
	creditWeights = [creditLength - 1]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	orgWeights    = [8]int{3, 7, 9, 10, 5, 8, 4, 2}
)

// ParseCreditCode reads a code and checks both its check characters: the one of GB 32100 at the end and
// the one of GB 11714 inside, where characters 9 to 17 are the organisation code. Error: InvalidCreditCode.
func ParseCreditCode(raw string) (CreditCode, error) {
	text := normalise(raw)
	if len(text) != creditLength || !consists(text, creditSymbols) {
		return CreditCode{}, InvalidCreditCode
	}
	region, organisation := text[2:8], text[8:17]
	if !consists(region, digits) || orgCheck(organisation) != organisation[8] {
		return CreditCode{}, InvalidCreditCode
	}
	if creditCheck(text) != text[creditLength-1] {
		return CreditCode{}, InvalidCreditCode
	}
	return CreditCode{hide(text)}, nil
}

func creditCheck(text string) byte {
	sum := 0
	for i, weight := range creditWeights {
		sum += weight * strings.IndexByte(creditSymbols, text[i])
	}
	return creditSymbols[(31-sum%31)%31]
}

func orgCheck(code string) byte {
	sum := 0
	for i, weight := range orgWeights {
		sum += weight * strings.IndexByte(orgSymbols, code[i])
	}
	return orgChecks[(11-sum%11)%11]
}

// Text is the code, upper case.
func (c CreditCode) Text() string { return c.text.reveal() }
