package privacy

// Precision of an instant as it is shown.
type Precision string

// Precisions.
const (
	PrecisionExact     Precision = "EXACT"
	PrecisionPartOfDay Precision = "PART_OF_DAY"
)

// NameVisibility is how much of a lot's name is shown.
type NameVisibility string

// Visibilities.
const (
	NameClear  NameVisibility = "CLEAR"
	NameHalf   NameVisibility = "HALF"
	NameHidden NameVisibility = "FULL_MASK"
)
