package cnid

import "time"

// ResidentID is the 18-character number of a resident id card (GB 11643-1999), of a residence permit of
// Hong Kong, Macao and Taiwan residents, or of a foreigner's permanent residence card, which share its
// form. The zero ResidentID is none.
type ResidentID struct{ text hidden }

const (
	residentLength = 18
	residentChecks = "10X98765432"
	birthLayout    = "20060102"
	// oldest is the first year of birth believed.
	oldest = 1880
)

var residentWeights = [residentLength - 1]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// shanghai is where days of a person's life begin: Asia/Shanghai, without the need of a zone file.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// ParseResidentID reads the number of a card and checks its date and its check character.
// Error: InvalidIDNumber.
func ParseResidentID(raw string) (ResidentID, error) {
	text := normalise(raw)
	if len(text) != residentLength || !consists(text[:residentLength-1], digits) || text[0] == '0' {
		return ResidentID{}, InvalidIDNumber
	}
	if residentCheck(text) != text[residentLength-1] {
		return ResidentID{}, InvalidIDNumber
	}
	if born, err := time.Parse(birthLayout, text[6:14]); err != nil || born.Year() < oldest {
		return ResidentID{}, InvalidIDNumber
	}
	return ResidentID{hide(text)}, nil
}

// residentCheck is the check character of GB 11643 (ISO 7064, MOD 11-2).
func residentCheck(text string) byte {
	sum := 0
	for i, weight := range residentWeights {
		sum += weight * int(text[i]-'0')
	}
	return residentChecks[sum%11]
}

// Text is the number, with an upper-case X.
func (r ResidentID) Text() string { return r.text.reveal() }

// BirthDate is the day of birth, as midnight in Asia/Shanghai; the zero time for the zero ResidentID.
func (r ResidentID) BirthDate() time.Time {
	if r == (ResidentID{}) {
		return time.Time{}
	}
	// ParseResidentID has checked the date.
	born, _ := time.ParseInLocation(birthLayout, r.Text()[6:14], shanghai)
	return born
}

// AgeOn is the person's age in full years on the day at has in Asia/Shanghai, counted from the birthday
// on. Whoever was born on 29 February turns a year older on 1 March in common years. Before the birth the
// age is negative.
func (r ResidentID) AgeOn(at time.Time) int { return AgeOn(r.BirthDate(), at) }

// AgeOn is the age of whoever was born on the day that born shows in its own zone; counted as by
// ResidentID.AgeOn.
func AgeOn(born, at time.Time) int {
	day := at.In(shanghai)
	age := day.Year() - born.Year()
	if day.Month() < born.Month() || day.Month() == born.Month() && day.Day() < born.Day() {
		age--
	}
	return age
}
