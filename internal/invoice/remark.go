package invoice

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"parkbff/internal/billing"
	"parkbff/internal/clock"
	"parkbff/internal/money"
	"parkbff/internal/privacy"
	"parkbff/internal/viewer"
)

// mostRemark is what the service takes, in characters.
const mostRemark = 200

// remark lists orders as the viewer is shown them: by the day on which they were paid, lot and plate, and never by
// the minute. Whatever does not fit is counted.
func remark(v *viewer.Viewer, orders []*billing.Order) string {
	rest := fmt.Sprintf("…共%d笔", len(orders))
	var text strings.Builder
	for i, o := range orders {
		line := described(v, o)
		if i > 0 {
			line = "；" + line
		}
		room := mostRemark - utf8.RuneCountInString(text.String()) - utf8.RuneCountInString(line)
		if room < 0 || i < len(orders)-1 && room < utf8.RuneCountInString(rest) {
			text.WriteString(rest)
			break
		}
		text.WriteString(line)
	}
	return text.String()
}

func described(v *viewer.Viewer, o *billing.Order) string {
	shown := privacy.ShownTo(v, o, viewer.Verified, privacy.InApp)
	var parts []string
	if o.PaidAt != nil {
		parts = append(parts, o.PaidAt.In(clock.Shanghai).Format("2006-01-02"))
	}
	parts = append(parts, masked(privacy.FormulaLotName, shown, o, o.LotName()))
	if plate := o.Plate(); plate != nil { // a voucher has none
		parts = append(parts, masked(privacy.FormulaPlate, shown, o, *plate))
	}
	return strings.Join(append(parts, money.Yuan(o.PaidFen-o.RefundedFen)+"元"), " ")
}

// masked answers nothing where a mask cannot work.
func masked(as privacy.Formula, shown privacy.Shown, o *billing.Order, value string) string {
	if left, err := privacy.Masked(as, shown, o, value); err == nil {
		if text, ok := left.(string); ok {
			return text
		}
	}
	return ""
}
