package privacy

import (
	"fmt"
	"time"

	"parkbff/internal/viewer"
)

// Formula of a mask, as the contract's `@mask(as:)` names it.
type Formula string

// Formulas.
const (
	FormulaLotName        Formula = "LOT_NAME"
	FormulaHidden         Formula = "HIDDEN"
	FormulaPlate          Formula = "PLATE"
	FormulaPartOfDay      Formula = "PART_OF_DAY"
	FormulaPrecision      Formula = "PRECISION"
	FormulaNameVisibility Formula = "NAME_VISIBILITY"
	FormulaHourUp         Formula = "HOUR_UP"
)

// Subject is an object about whose vehicle and lot facts are tested.
type Subject interface {
	VehicleAtHand() int64
	LotAtHand() int64
}

// named is a subject that shows a lot's name.
type named interface {
	MaskedLotName() string
	NameHidden() bool
}

// lasting is a subject that shows how long it lasted.
type lasting interface{ MaskedDurationMinutes() int }

// message is a subject that is shown as the account wants its messages shown.
type message interface{ IsMessage() bool }

// Shown is how much of a record a viewer sees.
type Shown uint8

// Ways of showing a record.
const (
	Clear       Shown = iota
	NameWithout       // all but the lot, whose name reads the constant
	Half              // the masked form
	HalfWithout       // the masked form, and the lot's name reads the constant
)

// Screen is where a record is shown.
type Screen bool

// Screens: the app that its person has opened, and whatever lights up by itself, which others may see too.
const (
	InApp  Screen = false
	Pushed Screen = true
)

// ShownTo answers how much of a record a viewer sees who must know a fact about its vehicle, or work at its lot,
// to see it clear. Hidden records come first, then full masking, then how the account wants its messages shown,
// and then facts (R026, R028).
func ShownTo(v *viewer.Viewer, about Subject, unless viewer.Fact, on Screen) Shown {
	if v.WorksAt(about.LotAtHand()) {
		return Clear
	}
	record, isNamed := about.(named)
	wish := wishFor(v, about, on)
	without := v.FullMask || isNamed && record.NameHidden() || wish == viewer.DisplayFull
	switch known := wish == viewer.DisplayClear && v.Knows(unless, about.VehicleAtHand(), about.LotAtHand()); {
	case known && !without:
		return Clear
	case known:
		return NameWithout
	case without:
		return HalfWithout
	}
	return Half
}

// wishFor is how the viewer wants the subject shown: only messages can be wished otherwise than clear.
func wishFor(v *viewer.Viewer, about Subject, on Screen) viewer.Display {
	if m, ok := about.(message); ok && m.IsMessage() {
		return v.MessageDisplay(bool(on))
	}
	return viewer.DisplayClear
}

// Masked applies a formula to a value of the type that the field of obj has. What is Clear stays as it is; of
// what is hidden nothing is left.
func Masked(as Formula, s Shown, obj, value any) (any, error) {
	if s == Clear {
		return value, nil
	}
	switch as {
	case FormulaHidden:
		return nil, nil
	case FormulaLotName:
		return maskedName(s, obj, value)
	case FormulaNameVisibility:
		if s == Half {
			return NameHalf, nil
		}
		return NameHidden, nil
	}
	if s == NameWithout {
		return value, nil
	}
	switch as {
	case FormulaPlate:
		return maskedPlate(obj, value)
	case FormulaPartOfDay:
		return maskedInstant(value)
	case FormulaPrecision:
		return PrecisionPartOfDay, nil
	case FormulaHourUp:
		if record, ok := obj.(lasting); ok {
			return record.MaskedDurationMinutes(), nil
		}
	}
	return nil, unfit(as, obj, value)
}

func maskedName(s Shown, obj, value any) (any, error) {
	name := FullMaskName
	if record, ok := obj.(named); ok && s == Half {
		name = record.MaskedLotName()
	}
	switch clear := value.(type) {
	case string:
		return name, nil
	case *string:
		if clear == nil {
			return clear, nil
		}
		return &name, nil
	}
	return nil, unfit(FormulaLotName, obj, value)
}

func maskedPlate(obj, value any) (any, error) {
	switch text := value.(type) {
	case string:
		return Plate(text), nil
	case *string:
		if text == nil {
			return text, nil
		}
		masked := Plate(*text)
		return &masked, nil
	}
	return nil, unfit(FormulaPlate, obj, value)
}

func maskedInstant(value any) (any, error) {
	switch at := value.(type) {
	case time.Time:
		return PartOfDay(at), nil
	case *time.Time:
		if at == nil {
			return at, nil
		}
		floor := PartOfDay(*at)
		return &floor, nil
	}
	return nil, unfit(FormulaPartOfDay, nil, value)
}

// unfit says that the contract puts a formula where it cannot work. Nothing is shown then.
func unfit(as Formula, obj, value any) error {
	return fmt.Errorf("privacy: the mask %s does not fit a %T of %T", as, value, obj)
}
