package alipay

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	sdk "github.com/smartwalle/alipay/v3"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
)

// denial is what Alipay signed instead of doing what it was asked. Its words are dropped: they may quote
// what was sent.
type denial struct {
	code sdk.Code
	sub  string
}

func (d denial) Error() string { return fmt.Sprintf("alipay: refused with %q, %q", d.code, d.sub) }

// says tells whether an error is Alipay's refusal with such a sub code.
func says(err error, subs ...string) bool {
	var d denial
	return errors.As(err, &d) && slices.Contains(subs, d.sub)
}

// Sub codes, see https://opendocs.alipay.com/open/02ekfg (business errors of each method).
const (
	notExist    = "ACQ.TRADE_NOT_EXIST"
	hasSuccess  = "ACQ.TRADE_HAS_SUCCESS"
	statusError = "ACQ.TRADE_STATUS_ERROR"
	illegal     = "ACQ.REASON_ILLEGAL_STATUS"
)

// cannotPay are parts of the sub codes for a payer, or in refunds a seller, who cannot pay now.
var cannotPay = []string{
	"BALANCE_NOT_ENOUGH", "BALANCE_PAYMENT_DISABLE", "AGREEMENT", "NSF_CHECK_FAILED", "LIMIT_ERROR", "AMOUNT_LIMIT",
	"CERTIFY_LEVEL", "BUYER_ENABLE_STATUS_FORBID", "NO_PAYMENT_INSTRUMENTS", "PAYMENT_FAIL", "RISK", "NOT_ALLOW_ADVANCE",
}

// hopeless are the sub codes for requests that no trying again makes right.
var hopeless = []string{
	"INVALID_PARAMETER", "ACCESS_FORBIDDEN", "EXIST_FORBIDDEN_WORD", "PARTNER_ERROR", "TOTAL_FEE_EXCEED",
	"CONTEXT_INCONSISTENT", "TRADE_HAS_CLOSE", "TRADE_BUYER_NOT_MATCH", "BUYER_SELLER_EQUAL", "SELLER_BEEN_BLOCKED",
	"TRADE_NOT_EXIST", "TRADE_STATUS_ERROR", "TRADE_HAS_FINISHED", "TRADE_NOT_ALLOW_REFUND", "REFUND_AMT_NOT_EQUAL_TOTAL",
	"REFUND_FEE_ERROR", "REASON_TRADE_REFUND_FEE_ERR", "DISCORDANT_REPEAT_REQUEST", "NO_PERMISSION_ERROR", "BIZ_FAIL",
}

// ours are parts of the sub codes for what we have to set right before anybody is asked to pay again.
var ours = []string{"signature", "app-id", "timestamp", "sign-type", "call-limited"}

// refused translates a refusal (https://opendocs.alipay.com/common/02km9f). One that names nothing known is
// fault.Unavailable, and whoever asked has to find out what became of it.
func refused(said sdk.Error) error {
	cause := denial{said.Code, said.SubCode}
	contains := func(parts []string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(said.SubCode, part) })
	}
	switch {
	case said.SubCode == hasSuccess:
		return charge.AlreadyPaid.Because(cause)
	case contains(cannotPay):
		return charge.Declined.Because(cause)
	case slices.Contains(hopeless, strings.TrimPrefix(said.SubCode, "ACQ.")):
		return charge.Refused.Because(cause)
	case strings.HasPrefix(said.SubCode, "isv.") && !contains(ours):
		return charge.Refused.Because(cause)
	}
	return fault.Unavailable.Because(cause)
}
