package unionpay

import (
	"fmt"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
)

// Answers of UnionPay's (平台接入接口规范 第5部分 附录, 应答码; https://open.unionpay.com/tjweb/support/code).
const (
	accepted    = "00" // of a refund: it has been taken in, no more
	flawed      = "A6" // it succeeded, with flaws that are not the merchant's
	unheard     = "03" // UnionPay itself has had no answer
	unclear     = "04"
	underway    = "05"
	twice       = "12"
	noSuchOrder = "34"
	noSuchFile  = "98"
)

// definite are answers to requests that no trying again makes right: formats, amounts, orders that do not fit.
var definite = map[string]bool{
	"10": true, "12": true, "13": true, "14": true, "33": true, "34": true, "35": true, "36": true, "38": true, "39": true,
	"45": true, "46": true,
}

// payers are answers that are about the payer's card.
var payers = map[string]bool{
	"30": true, "60": true, "61": true, "62": true, "63": true, "64": true, "65": true, "66": true, "67": true, "68": true,
	"69": true, "71": true, "72": true, "73": true, "76": true, "77": true, "78": true, "79": true,
}

// refused translates an answer that is not accepted. What is ours or UnionPay's to mend (signatures, rights, load) is
// fault.Unavailable, as is what nobody has told us of.
func refused(answer string) error {
	cause := fmt.Errorf("unionpay: answered %.2q", answer)
	switch {
	case definite[answer]:
		return charge.Refused.Because(cause)
	case payers[answer]:
		return charge.Declined.Because(cause)
	}
	return fault.Unavailable.Because(cause)
}

// succeeded tells whether an answer says that the money has moved.
func succeeded(answer string) bool { return answer == accepted || answer == flawed }

// undecided tells whether an answer leaves open what will become of the order.
func undecided(answer string) bool {
	return answer == "" || answer == unheard || answer == unclear || answer == underway
}
