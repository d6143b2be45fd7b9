package delivery

import (
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/language"
	"parkbff/internal/money"
	notices "parkbff/internal/notice"
	"parkbff/internal/partner/message"
	"parkbff/internal/privacy"
	"parkbff/internal/viewer"
)

// unmasked is the fact for which the contract shows a notice's values clear.
const unmasked = viewer.Verified

// wordsFor says a notice as its reader is shown it where others may see it too: by the formulas that the contract
// has on the same fields, and in Chinese, the language of the templates. What it cost is never masked.
func wordsFor(to *viewer.Viewer, n *notices.Notice) (message.Words, error) {
	shown := privacy.ShownTo(to, n, unmasked, privacy.Pushed)
	words := message.Words{message.Title: n.Title(language.Chinese)}
	plate, err := privacy.Masked(privacy.FormulaPlate, shown, n, n.Plate)
	if err != nil {
		return nil, err
	}
	name, err := privacy.Masked(privacy.FormulaLotName, shown, n, n.LotName)
	if err != nil {
		return nil, err
	}
	at, err := privacy.Masked(privacy.FormulaPartOfDay, shown, n, n.OccurredAt)
	if err != nil {
		return nil, err
	}
	precision, err := privacy.Masked(privacy.FormulaPrecision, shown, n, n.OccurredAtPrecision())
	if err != nil {
		return nil, err
	}
	words[message.Plate], _ = plate.(string)
	if name, ok := name.(*string); ok && name != nil {
		words[message.LotName] = *name
	}
	if at, ok := at.(time.Time); ok {
		words[message.Time] = timeText(at, precision == privacy.PrecisionExact)
	}
	if n.FeeFen != nil {
		words[message.Fee] = money.Yuan(*n.FeeFen)
	}
	return words, nil
}

// timeText is an instant in Asia/Shanghai, to the minute or to the part of the day.
func timeText(at time.Time, exact bool) string {
	at = at.In(clock.Shanghai)
	if exact {
		return at.Format("2006-01-02 15:04")
	}
	return at.Format(time.DateOnly) + " " + privacy.PartOfDayName(at)
}

// pushOf puts the words of a notice on a phone's screen. An app that is tapped finds the notice by its public id.
func (s *Service) pushOf(n *notices.Notice, words message.Words) message.Push {
	var said []string
	for _, part := range []message.Part{message.Plate, message.LotName, message.Time} {
		if words[part] != "" {
			said = append(said, words[part])
		}
	}
	if fee := words[message.Fee]; fee != "" {
		said = append(said, "停车费"+fee+"元")
	}
	return message.Push{
		Title: words[message.Title], Body: strings.Join(said, " "),
		Extras: map[string]string{"kind": string(n.Kind), "noticeId": s.PublicID(n.Row)}, Lasting: newsFor,
	}
}
