package lotfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"parkbff/internal/tariff"
)

func TestABadRowSpoilsNoOther(t *testing.T) {
	lots, rejected, err := Read(strings.NewReader(`{"lots": [
		{"code": "A", "name": "一号停车场", "city": "深圳", "capacity": 1},
		{"code": "B", "name": "", "city": "深圳", "capacity": 1},
		"wild",
		null,
		{"code": "A", "name": "二号停车场", "city": "深圳", "capacity": 1},
		{"code": "B", "name": "三号停车场", "city": "深圳", "capacity": 1}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, lot := range lots {
		names = append(names, lot.Name)
	}
	if diff := cmp.Diff([]string{"一号停车场", "三号停车场"}, names); diff != "" {
		t.Error(diff)
	}
	want := []Rejection{
		{Row: 2, Code: "B", Field: "name", Reason: "is missing"},
		{Row: 3, Reason: "is a JSON string, which does not belong there"},
		{Row: 4, Field: "code", Reason: "is missing"},
		{Row: 5, Code: "A", Field: "code", Reason: "stands in an earlier row too"},
	}
	if diff := cmp.Diff(want, rejected); diff != "" {
		t.Error(diff)
	}
}

func TestAByteOrderMarkIsNoObstacle(t *testing.T) {
	if _, rejected, err := Read(strings.NewReader("\ufeff" + `{"lots": []}`)); err != nil || len(rejected) != 0 {
		t.Error(rejected, err)
	}
}

func TestWhatIsNoLotFileIsRefused(t *testing.T) {
	for _, text := range []string{"", "null", "[]", "{}", `{"lots": null}`, `{"lots": 1}`, `{"data": {}}`, `{"lots": []`, "code,name\nA,B"} {
		if _, _, err := Read(strings.NewReader(text)); !errors.Is(err, NotLotFile) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	rows := `{"lots": [1` + strings.Repeat(",1", maxRows) + `]}`
	if _, _, err := Read(strings.NewReader(rows)); !errors.Is(err, TooLarge) {
		t.Errorf("%d rows: %v", maxRows+1, err)
	}
	if _, _, err := Read(io.LimitReader(spaces{}, maxBytes+1)); !errors.Is(err, TooLarge) {
		t.Errorf("%d bytes: %v", maxBytes+1, err)
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestAReaderThatFailsIsNotAnEmptyFile(t *testing.T) {
	broken := errors.New("the disk is gone")
	if _, _, err := Read(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestTextIsCleanedAsItIsRead(t *testing.T) {
	for wild, want := range map[string]string{
		"  万象城\t\n":        "万象城",
		"Cafe\u0301":       "Café",
		"a\u0000b\u0085c":  "a b c",
		"ab\u202ecd\u200b": "abcd",
		"\xff万":            "\ufffd万",
		"\u3000":           "",
	} {
		if got := clean(wild); got != want {
			t.Errorf("%q becomes %q, want %q", wild, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"lots": [` + fullRow + `]}`))
	f.Add([]byte(`{"about": "", "lots": [` + p8 + `]}`))
	f.Add([]byte(`{"data": {"park": [` + taipeiLot + `]}}`))
	f.Add([]byte(`{"data": {"park": [{"id": 1e400}, {"tw97x": "NaN", "tw97y": "1e309"}]}}`))
	f.Add([]byte(`{"lots": [{"location": {"latitude": 1e308}}, {"tariff": {}}, []]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		lots, rejected, err := Read(strings.NewReader(string(text)))
		if err != nil && (lots != nil || rejected != nil) {
			t.Error("an error and an answer")
		}
		for _, lot := range lots {
			if wrong := lot.check(); wrong != nil {
				t.Errorf("%s %s", wrong.field, wrong.reason)
			}
			for _, text := range []string{lot.Name, lot.City, lot.Address, lot.TariffText, lot.Phone} {
				if !norm.NFC.IsNormalString(text) || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
					t.Errorf("%q is not clean", text)
				}
			}
			if _, err := json.Marshal(lot); err != nil {
				t.Error(err)
			}
		}
		for _, r := range rejected {
			if r.Row < 1 || r.Reason == "" || utf8.RuneCountInString(r.Code) > maxCode {
				t.Errorf("%+v", r)
			}
		}
	})
}

func onlyLot(t *testing.T, file string) Lot {
	t.Helper()
	lots, rejected, err := Read(strings.NewReader(file))
	if err != nil || len(rejected) != 0 || len(lots) != 1 {
		t.Fatalf("%d lots, rejected %+v, %v", len(lots), rejected, err)
	}
	return lots[0]
}

func priceFor(t *testing.T, schedule *tariff.Schedule, enter time.Time, minutes int) int64 {
	t.Helper()
	if schedule == nil {
		t.Fatal("the lot has no tariff")
	}
	stay := tariff.Stay{Enter: enter, Exit: enter.Add(time.Duration(minutes) * time.Minute)}
	charge, err := schedule.Price(stay, tariff.Calendar{})
	if err != nil {
		t.Fatal(err)
	}
	return charge.Fen
}

// published answers a published data file, or the stand-in where the data are not at hand.
func published(t *testing.T, name string, standIn func() string) string {
	t.Helper()
	folder := os.Getenv("PARKBFF_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return standIn()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// generatedTaipei is a file of as many lots as Taipei publishes, two of them with its known faults.
func generatedTaipei() string {
	rows := make([]string, 1671)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"id": "TPE%04d", "name": "第%d停車場", "tw97x": "%d.5", "tw97y": "%d", "totalcar": %d, "Handicap_First": "1", "FareInfo": {}, "EntranceCoord": {}}`,
			i, i, 300_000+i, 2_770_000+i, i%50)
	}
	rows[428] = `{"id": "TPE0428", "name": "遠", "tw97x": "3302617", "tw97y": "2771999.25", "totalcar": 53}`
	rows[1669] = `{"id": "TPE1669", "name": "零", "tw97x": "-78858832.00000", "tw97y": "0.00000", "totalcar": 15}`
	return `{"data": {"UPDATETIME": "", "park": [` + strings.Join(rows, ",") + `]}}`
}
