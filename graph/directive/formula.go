package directive

// Formula of a mask, as `@mask(as:)` names it.
type Formula string

// Formulas.
const (
	LotName        Formula = "LOT_NAME"
	Hidden         Formula = "HIDDEN"
	Plate          Formula = "PLATE"
	PartOfDay      Formula = "PART_OF_DAY"
	Precision      Formula = "PRECISION"
	NameVisibility Formula = "NAME_VISIBILITY"
	HourUp         Formula = "HOUR_UP"
)
