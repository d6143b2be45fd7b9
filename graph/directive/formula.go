package directive

import "parkbff/internal/privacy"

// Formula of a mask, as `@mask(as:)` names it.
type Formula privacy.Formula

// Formulas; see privacy.
const (
	LotName        = Formula(privacy.FormulaLotName)
	Hidden         = Formula(privacy.FormulaHidden)
	Plate          = Formula(privacy.FormulaPlate)
	PartOfDay      = Formula(privacy.FormulaPartOfDay)
	Precision      = Formula(privacy.FormulaPrecision)
	NameVisibility = Formula(privacy.FormulaNameVisibility)
	HourUp         = Formula(privacy.FormulaHourUp)
)
