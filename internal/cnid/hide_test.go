package cnid_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"parkbff/internal/cnid"
)

// household keeps each value once where printing may call its methods and once where it may not.
type household struct {
	Plate, plate   cnid.Plate
	VIN, vin       cnid.VIN
	ID, id         cnid.ResidentID
	Company, owner cnid.CreditCode
	Mobile, mobile cnid.Mobile
}

const (
	somePlate  = "粤B12345"
	someVIN    = "1M8GDM9AXKP042788"
	someID     = "11010519491231002X"
	someCode   = "91440300552114241P"
	someMobile = "13800138000"
)

func someHousehold(t *testing.T) household {
	t.Helper()
	var h household
	var errs [5]error
	h.Plate, errs[0] = cnid.ParsePlate(somePlate, "")
	h.VIN, errs[1] = cnid.ParseVIN(someVIN)
	h.ID, errs[2] = cnid.ParseResidentID(someID)
	h.Company, errs[3] = cnid.ParseCreditCode(someCode)
	h.Mobile, errs[4] = cnid.ParseMobile(someMobile)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	h.plate, h.vin, h.id, h.owner, h.mobile = h.Plate, h.VIN, h.ID, h.Company, h.Mobile
	return h
}

func TestNoValueIsPrintedLoggedOrEncoded(t *testing.T) {
	h := someHousehold(t)
	var out bytes.Buffer
	for _, value := range []any{h, &h, h.Plate, h.VIN, h.ID, h.Company, h.Mobile, []cnid.Plate{h.Plate}, map[cnid.Plate]cnid.Mobile{h.Plate: h.Mobile}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(encoded)
		slog.New(slog.NewTextHandler(&out, nil)).Info("seen", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("seen", "value", value)
	}
	printed := strings.ToUpper(out.String())
	for _, secret := range []string{somePlate, someVIN, someID, someCode, someMobile} {
		if strings.Contains(printed, secret) || strings.Contains(printed, strings.ToUpper(fmt.Sprintf("%x", secret))) {
			t.Errorf("%s appears", secret)
		}
	}
}

func TestEachValueSaysWhatItIs(t *testing.T) {
	h := someHousehold(t)
	for want, value := range map[string]interface {
		fmt.Stringer
		fmt.GoStringer
		MarshalText() ([]byte, error)
	}{"plate": h.Plate, "vin": h.VIN, "resident id": h.ID, "credit code": h.Company, "mobile": h.Mobile} {
		text, err := value.MarshalText()
		for _, got := range []string{fmt.Sprint(value), fmt.Sprintf("%#v", value), value.String(), value.GoString(), string(text)} {
			if got != want || err != nil {
				t.Errorf("%s says %q, %v", want, got, err)
			}
		}
	}
}

func TestWhatIsEncodedCannotBeReadBackAsAPlate(t *testing.T) {
	var h household
	if err := json.Unmarshal([]byte(`{"Plate":"plate"}`), &h); err == nil {
		t.Error("the word plate became a plate")
	}
}

func TestRefusalsDoNotRepeatTheInput(t *testing.T) {
	const typed = "SECRETINPUT"
	var errs [7]error
	_, errs[0] = cnid.ParsePlate("粤"+typed, "")
	_, errs[1] = cnid.ParsePlate(somePlate, typed)
	_, errs[2] = cnid.ParseColor(typed)
	_, errs[3] = cnid.ParseVIN(typed)
	_, errs[4] = cnid.ParseResidentID(typed)
	_, errs[5] = cnid.ParseCreditCode(typed)
	_, errs[6] = cnid.ParseMobile(typed)
	for i, err := range errs {
		if err == nil || strings.Contains(err.Error(), typed) || strings.Contains(err.Error(), somePlate) {
			t.Errorf("%d: %v", i, err)
		}
	}
}
