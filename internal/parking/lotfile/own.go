package lotfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"parkbff/internal/fault"
	"parkbff/internal/tariff"
)

// fromOwn reads a row of the house's own kind; see Lot.
func fromOwn(row json.RawMessage) (Lot, *problem) {
	own := struct {
		Lot
		Tariff json.RawMessage `json:"tariff"` // in place of Lot's, so that the tariff's own strict reader reads it
	}{Lot: Lot{Barrier: true}}
	decoder := json.NewDecoder(bytes.NewReader(row))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&own); err != nil {
		return own.Lot, misread(err)
	}
	if len(own.Tariff) == 0 || string(own.Tariff) == "null" {
		return own.Lot, nil
	}
	schedule, err := tariff.Parse(own.Tariff)
	if err != nil {
		return own.Lot, badTariff(err)
	}
	own.Lot.Tariff = &schedule
	return own.Lot, nil
}

// goEmbeds are the names of embedded structs, which encoding/json puts into the path of a field though
// the file has no such level.
var goEmbeds = strings.NewReplacer("Lot.", "", "Facts.", "", "Point.", "")

// misread says where a row departs from its shape.
func misread(err error) *problem {
	if wrongType, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(wrongType.Value, " ") // "number 13800000000" would repeat the value
		return &problem{goEmbeds.Replace(wrongType.Field), "is a JSON " + kind + ", which does not belong there"}
	}
	if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if name, err := strconv.Unquote(quoted); err == nil {
			return &problem{bounded(clean(name)), "is not a field of a lot"}
		}
	}
	return &problem{"", "cannot be read"}
}

func badTariff(err error) *problem {
	wrong := &problem{"tariff", "is not a valid tariff"}
	if broken := fault.As(err); broken != nil {
		wrong.reason = fmt.Sprintf("is not valid: %v", broken.Details()["reason"])
		if broken.Field() != "" {
			wrong.field += "." + broken.Field()
		}
	}
	return wrong
}
