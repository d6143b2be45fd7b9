package weekly_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/internal/clock"
	"parkbff/internal/span"
	"parkbff/internal/weekly"
)

var workdays = []weekly.Day{weekly.Monday, weekly.Tuesday, weekly.Wednesday, weekly.Thursday, weekly.Friday}

func during(from, until string) span.Span {
	return span.Span{From: instant(from), Until: instant(until)}
}

func instant(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, clock.Shanghai)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestAPlanHoldsSpansThatLieInItsHours(t *testing.T) {
	t.Parallel()
	office := weekly.Plan{{Days: workdays, From: "08:30", Until: "18:00"}}
	nights := weekly.Plan{{Days: []weekly.Day{weekly.Friday}, From: "18:00", Until: "08:00"}}
	always := weekly.Plan{{Days: append(slices.Clone(workdays), weekly.Saturday, weekly.Sunday), From: "00:00", Until: "00:00"}}
	friday, saturday, sunday := "2026-11-20 ", "2026-11-21 ", "2026-11-22 "
	for name, c := range map[string]struct {
		plan  weekly.Plan
		span  span.Span
		holds bool
	}{
		"within":                    {office, during(friday+"08:30", friday+"18:00"), true},
		"a minute early":            {office, during(friday+"08:29", friday+"18:00"), false},
		"a minute late":             {office, during(friday+"08:30", friday+"18:01"), false},
		"on another day":            {office, during(saturday+"09:00", saturday+"10:00"), false},
		"over night":                {nights, during(friday+"22:00", saturday+"08:00"), true},
		"begun the day before":      {nights, during(saturday+"01:00", saturday+"08:00"), true},
		"the night after":           {nights, during(saturday+"22:00", sunday+"01:00"), false},
		"longer than one day's":     {always, during(friday+"22:00", sunday+"01:00"), true},
		"no hours":                  {nil, during(friday+"22:00", sunday+"01:00"), false},
		"nothing":                   {always, during(friday+"22:00", friday+"22:00"), false},
		"two that meet":             {append(slices.Clone(office), nights...), during(friday+"09:00", saturday+"07:00"), true},
		"two with a minute between": {weekly.Plan{{workdays, "08:00", "12:00"}, {workdays, "12:01", "18:00"}}, during(friday+"09:00", friday+"13:00"), false},
	} {
		if got := c.plan.Holds(c.span); got != c.holds {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAPlanHoldsASpanIfAndOnlyIfItHoldsEveryMinuteOfIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clockFace := rapid.Custom(func(t *rapid.T) string {
			return time.Unix(int64(rapid.IntRange(0, 95).Draw(t, "quarter"))*900, 0).UTC().Format("15:04")
		})
		plan := weekly.Plan{}
		for range rapid.IntRange(1, 4).Draw(t, "hours") {
			plan = append(plan, weekly.Hours{
				Days: rapid.SliceOfNDistinct(rapid.SampledFrom(append(slices.Clone(workdays), weekly.Saturday, weekly.Sunday)), 1, 7, rapid.ID).Draw(t, "days"),
				From: clockFace.Draw(t, "from"), Until: clockFace.Draw(t, "until"),
			})
		}
		from := instant("2026-11-20 00:00").Add(time.Duration(rapid.IntRange(0, 7*96).Draw(t, "begins")) * 15 * time.Minute)
		whole := span.Span{From: from, Until: from.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "long")) * 15 * time.Minute)}
		every := true
		for at := whole.From; at.Before(whole.Until); at = at.Add(15 * time.Minute) {
			every = every && byHand(plan, at.In(clock.Shanghai))
		}
		if plan.Holds(whole) != every {
			t.Fatalf("%v holds %v: %v", plan, whole, !every)
		}
	})
}

// byHand tells whether a minute lies in a plan, by its day and its place on the clock alone.
func byHand(plan weekly.Plan, at time.Time) bool {
	today, before := strings.ToUpper(at.Weekday().String()), strings.ToUpper(at.AddDate(0, 0, -1).Weekday().String())
	now := at.Format("15:04")
	return slices.ContainsFunc(plan, func(h weekly.Hours) bool {
		begun, over := slices.Contains(h.Days, weekly.Day(today)), slices.Contains(h.Days, weekly.Day(before))
		if h.From < h.Until {
			return begun && now >= h.From && now < h.Until
		}
		return begun && now >= h.From || over && now < h.Until
	})
}

func TestAPlanOfWhatIsNoDayOrNoMinuteIsNotValid(t *testing.T) {
	t.Parallel()
	fine := weekly.Hours{Days: workdays, From: "08:00", Until: "18:00"}
	if !(weekly.Plan{fine}).Valid() || !(weekly.Plan{}).Valid() {
		t.Error("a plan is not valid")
	}
	for name, broken := range map[string]weekly.Plan{
		"no day":        {{From: "08:00", Until: "18:00"}},
		"another day":   {{Days: []weekly.Day{"MOONDAY"}, From: "08:00", Until: "18:00"}},
		"the 24th hour": {{Days: workdays, From: "08:00", Until: "24:00"}},
		"no begin":      {{Days: workdays, Until: "18:00"}},
		"too many":      slices.Repeat(weekly.Plan{fine}, 15),
		"too many days": {{Days: slices.Repeat(workdays, 2), From: "08:00", Until: "18:00"}},
	} {
		if broken.Valid() {
			t.Error(name)
		}
	}
}
