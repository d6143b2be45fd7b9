package tariff

import (
	"fmt"
	"strings"
)

// Summary is the table as one line of Chinese for people, such as
// 「小型车，15分钟内免费，首2小时5元，之后每1小时1元，每24小时最高15元」.
func (t RateTable) Summary() string {
	var parts []string
	parts = appendText(parts, t.takesText())
	parts = appendText(parts, t.freeText())
	for i := range t.Collections {
		parts = append(parts, t.Collections[i].text())
	}
	parts = appendText(parts, t.straddleText())
	parts = appendText(parts, t.Cycle.text())
	parts = appendText(parts, t.rebateText())
	if t.ExitGraceMinutes > 0 {
		parts = append(parts, "缴费后"+durationText(t.ExitGraceMinutes)+"内离场")
	}
	return strings.Join(parts, "，")
}

func appendText(parts []string, text string) []string {
	if text == "" {
		return parts
	}
	return append(parts, text)
}

func (t *RateTable) takesText() string {
	return joinNames(t.Energies, energyText) + joinNames(t.Classes, classText)
}

func joinNames[T any](values []T, name func(T) string) string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = name(v)
	}
	return strings.Join(names, "、")
}

func classText(c Class) string {
	switch c {
	case Large:
		return "大型车"
	case Motorcycle:
		return "摩托车"
	default:
		return "小型车"
	}
}

func energyText(e Energy) string {
	switch e {
	case Electric:
		return "纯电动"
	case OtherNEV:
		return "其他新能源"
	default:
		return "燃油"
	}
}

func (t *RateTable) freeText() string {
	switch {
	case t.Free.Minutes == 0:
		return ""
	case t.Free.Kind == Deducted:
		return "首" + durationText(t.Free.Minutes) + "免费不计时"
	default:
		return durationText(t.Free.Minutes) + "内免费"
	}
}

func (c *RateLineCollection) text() string {
	text := c.whenText() + c.linesText()
	if c.CapFen > 0 {
		text += "（每时段最高" + yuanText(c.CapFen) + "）"
	}
	return text
}

func (c *RateLineCollection) whenText() string {
	text := ""
	if c.Days != Workdays|RestDays {
		text = joinNames(c.Days.names(), func(n dayName) string { return n.chinese })
	}
	if !c.wholeDay() {
		text += fmt.Sprintf("%s–%s", c.From, c.To)
	}
	if text == "" {
		return ""
	}
	return text + " "
}

func (c *RateLineCollection) linesText() string {
	if c.free() {
		return "免费"
	}
	texts := make([]string, len(c.Lines))
	begin := 0
	for i, line := range c.Lines {
		texts[i] = line.text(begin)
		begin = line.UpToMinutes
	}
	return strings.Join(texts, "，")
}

func (l RateLine) text(begin int) string {
	fee := yuanText(l.Fen) + l.Rounding.text()
	if l.UpToMinutes == 0 {
		return l.endlessText(begin, fee)
	}
	length := l.UpToMinutes - begin
	lead, plus := "首", ""
	if begin > 0 {
		lead, plus = "之后", "加"
	}
	if l.UnitMinutes == 0 || l.UnitMinutes == length {
		return lead + durationText(length) + plus + fee
	}
	return lead + durationText(length) + "内每" + durationText(l.UnitMinutes) + fee
}

func (l RateLine) endlessText(begin int, fee string) string {
	switch {
	case l.UnitMinutes == 0 && begin == 0:
		return "每次" + fee
	case l.UnitMinutes == 0:
		return "之后加" + fee
	case begin == 0:
		return "每" + durationText(l.UnitMinutes) + fee
	default:
		return "之后每" + durationText(l.UnitMinutes) + fee
	}
}

func (r Rounding) text() string {
	switch r {
	case Down:
		return "（不足不计）"
	case Nearest:
		return "（满半计一）"
	default:
		return ""
	}
}

func (t *RateTable) straddleText() string {
	if t.Straddle != Whole || len(t.Collections) == 1 {
		return ""
	}
	return "跨时段的计时单位按前一时段计"
}

func (c Cycle) text() string {
	if c.CapFen == 0 {
		return ""
	}
	if c.Window == CalendarDay {
		return "每自然日最高" + yuanText(c.CapFen)
	}
	return "每" + durationText(int(c.minutes())) + "最高" + yuanText(c.CapFen)
}

func (t *RateTable) rebateText() string {
	if t.Rebate.MinutesPerDay == 0 {
		return ""
	}
	return joinNames(t.Rebate.Energies, energyText) + "车辆每日首" + durationText(t.Rebate.MinutesPerDay) + "免费"
}

func durationText(minutes int) string {
	switch hours, rest := minutes/60, minutes%60; {
	case hours == 0:
		return fmt.Sprintf("%d分钟", rest)
	case rest == 0:
		return fmt.Sprintf("%d小时", hours)
	default:
		return fmt.Sprintf("%d小时%d分钟", hours, rest)
	}
}

// yuanText writes fen as yuan without needless zeros.
func yuanText(fen int64) string {
	text := fmt.Sprintf("%d.%02d", fen/100, fen%100)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + "元"
}
