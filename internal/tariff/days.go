package tariff

import (
	"encoding/json"
	"fmt"
)

const (
	minutesPerDay = 24 * 60
	secondsPerDay = minutesPerDay * 60
)

// Days is a set of kinds of days. Every date is of exactly one kind, see Calendar.
//
// JSON: a list of MON … SUN, PUBLIC_HOLIDAY and EVENT, with WORKDAY for Monday to Friday and REST_DAY
// for Saturday, Sunday and public holidays.
type Days uint16

// Kinds of days. PublicHoliday and Event take the place of the weekday.
const (
	Monday Days = 1 << iota
	Tuesday
	Wednesday
	Thursday
	Friday
	Saturday
	Sunday
	PublicHoliday
	Event
	unknownDay

	Workdays = Monday | Tuesday | Wednesday | Thursday | Friday
	RestDays = Saturday | Sunday | PublicHoliday
)

const kindsOfDays = 9

type dayName struct {
	days    Days
	token   string
	chinese string
}

// dayNames lists the wide names first, so that a set is written with the fewest.
var dayNames = []dayName{
	{Workdays, "WORKDAY", "工作日"},
	{RestDays, "REST_DAY", "非工作日"},
	{Monday, "MON", "周一"},
	{Tuesday, "TUE", "周二"},
	{Wednesday, "WED", "周三"},
	{Thursday, "THU", "周四"},
	{Friday, "FRI", "周五"},
	{Saturday, "SAT", "周六"},
	{Sunday, "SUN", "周日"},
	{PublicHoliday, "PUBLIC_HOLIDAY", "法定节假日"},
	{Event, "EVENT", "活动日"},
}

func (d Days) has(kind Days) bool { return d == 0 || d&kind != 0 }

func (d Days) names() []dayName {
	var names []dayName
	for _, n := range dayNames {
		if d&n.days == n.days {
			names = append(names, n)
			d &^= n.days
		}
	}
	return names
}

// MarshalJSON writes the list of names.
func (d Days) MarshalJSON() ([]byte, error) {
	tokens := []string{}
	for _, n := range d.names() {
		tokens = append(tokens, n.token)
	}
	return json.Marshal(tokens)
}

// UnmarshalJSON reads the list of names. A name it does not know is left for Validate to refuse, which
// knows the path.
func (d *Days) UnmarshalJSON(raw []byte) error {
	var tokens []string
	if err := json.Unmarshal(raw, &tokens); err != nil {
		return err
	}
	*d = 0
	for _, token := range tokens {
		*d |= daysNamed(token)
	}
	return nil
}

func daysNamed(token string) Days {
	for _, n := range dayNames {
		if n.token == token {
			return n.days
		}
	}
	return unknownDay
}

// TimeOfDay is a time on the lot's clock in minutes since midnight, 0 to 1440. JSON: "07:30", "24:00".
type TimeOfDay int

const unknownTime TimeOfDay = -1

// Clock answers the time of day at hour:minute.
func Clock(hour, minute int) TimeOfDay { return TimeOfDay(hour*60 + minute) }

func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// MarshalJSON writes "07:30".
func (t TimeOfDay) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON reads "07:30". A time that is none is left for Validate to refuse, which knows the path.
func (t *TimeOfDay) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	*t = timeNamed(text)
	return nil
}

func timeNamed(text string) TimeOfDay {
	var hour, minute int
	if n, err := fmt.Sscanf(text, "%02d:%02d", &hour, &minute); n != 2 || err != nil || minute > 59 {
		return unknownTime
	}
	if t := Clock(hour, minute); t.String() == text {
		return t
	}
	return unknownTime
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - b*floorDiv(a, b) }
