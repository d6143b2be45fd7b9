// Package directive is the third wall: it decides, field by field, how much of a value a viewer sees.
// The rule stands in the contract, on the field, so that every path to the field meets it.
package directive

import (
	"context"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/privacy"
	"parkbff/internal/viewer"
)

// subject is an object about whose vehicle and lot facts are tested.
type subject interface {
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

// Mask shows a value as the formula says, unless the viewer knows the fact about the vehicle at hand or
// works at the lot at hand. Hidden records come first, then full masking, then how the account wants its
// messages shown, and then facts (R026, R028).
func Mask(ctx context.Context, obj any, next graphql.Resolver, as Formula, unless viewer.Fact) (any, error) {
	about, ok := obj.(subject)
	if !ok {
		return nil, fmt.Errorf("directive: %T is masked but names no vehicle and no lot", obj)
	}
	s := shownTo(viewer.Of(ctx), about, unless)
	if as == Hidden && s != clear {
		return nil, nil
	}
	value, err := next(ctx)
	if err != nil || s == clear {
		return value, err
	}
	return masked(as, s, obj, value)
}

// shown is how much of a record a viewer sees.
type shown uint8

const (
	clear       shown = iota
	nameWithout       // all but the lot, whose name reads the constant
	half              // the masked form
	halfWithout       // the masked form, and the lot's name reads the constant
)

func shownTo(v *viewer.Viewer, about subject, unless viewer.Fact) shown {
	if v.WorksAt(about.LotAtHand()) {
		return clear
	}
	record, isNamed := about.(named)
	wish := wishFor(v, about)
	without := v.FullMask || isNamed && record.NameHidden() || wish == viewer.DisplayFull
	switch known := wish == viewer.DisplayClear && v.Knows(unless, about.VehicleAtHand(), about.LotAtHand()); {
	case known && !without:
		return clear
	case known:
		return nameWithout
	case without:
		return halfWithout
	}
	return half
}

// wishFor is how the viewer wants the subject shown: only messages can be wished otherwise than clear.
func wishFor(v *viewer.Viewer, about subject) viewer.Display {
	if m, ok := about.(message); ok && m.IsMessage() {
		return v.MessageDisplay(false)
	}
	return viewer.DisplayClear
}

// masked applies a formula to a value of the type the field has.
func masked(as Formula, s shown, obj, value any) (any, error) {
	switch as {
	case LotName:
		return maskedName(s, obj, value)
	case NameVisibility:
		if s == half {
			return privacy.NameHalf, nil
		}
		return privacy.NameHidden, nil
	}
	if s == nameWithout {
		return value, nil
	}
	switch as {
	case Plate:
		if text, ok := value.(string); ok {
			return privacy.Plate(text), nil
		}
	case PartOfDay:
		return maskedInstant(value)
	case Precision:
		return privacy.PrecisionPartOfDay, nil
	case HourUp:
		if record, ok := obj.(lasting); ok {
			return record.MaskedDurationMinutes(), nil
		}
	}
	return nil, unfit(as, obj, value)
}

func maskedName(s shown, obj, value any) (any, error) {
	name := privacy.FullMaskName
	if record, ok := obj.(named); ok && s == half {
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
	return nil, unfit(LotName, obj, value)
}

func maskedInstant(value any) (any, error) {
	switch at := value.(type) {
	case time.Time:
		return privacy.PartOfDay(at), nil
	case *time.Time:
		if at == nil {
			return at, nil
		}
		floor := privacy.PartOfDay(*at)
		return &floor, nil
	}
	return nil, unfit(PartOfDay, nil, value)
}

// unfit says that the contract puts a formula where it cannot work. Nothing is shown then.
func unfit(as Formula, obj, value any) error {
	return fmt.Errorf("directive: the mask %s does not fit a %T of %T", as, value, obj)
}
