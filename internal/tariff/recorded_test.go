package tariff_test

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parkbff/internal/tariff"
)

// recordedStay is a paid stay as a lot wrote it down: whole minutes, the fee in fen.
type recordedStay struct {
	tariff.Stay
	fen int64
}

// Of all fees at least this share agrees with the tariff, and of each lot's at least that share. The rest
// are half-price and test payments that follow no rule.
const (
	overallShare = 0.97
	lotShare     = 0.955
)

// TestRecordedFeesAgreeWithTheTariffs compares prices with the fees of the published stays (ThsParking via
// PewLSTM, IJCAI-20), or with generated stays where the data set is not at hand.
func TestRecordedFeesAgreeWithTheTariffs(t *testing.T) {
	folder, found := sessionsFolder()
	if !found {
		t.Log("the data set is not here: stays are generated")
	}
	checkAgreement(t, func(t *testing.T, l lot) []recordedStay {
		if found {
			return readStays(t, filepath.Join(folder, l.name+".csv"))
		}
		return generateStays(t, l)
	})
}

func TestGeneratedFeesAgreeWithTheTariffs(t *testing.T) {
	checkAgreement(t, func(t *testing.T, l lot) []recordedStay { return generateStays(t, l) })
}

func checkAgreement(t *testing.T, staysOf func(*testing.T, lot) []recordedStay) {
	t.Helper()
	agreed, all := 0, 0
	for _, l := range inferredLots() {
		stays := staysOf(t, l)
		n := 0
		for _, s := range stays {
			if agrees(t, l.schedule, s) {
				n++
			}
		}
		t.Logf("%-3s %5d of %5d fees agree (%.2f %%)", l.name, n, len(stays), 100*float64(n)/float64(len(stays)))
		if len(stays) == 0 || float64(n) < lotShare*float64(len(stays)) {
			t.Errorf("%s: too few fees agree", l.name)
		}
		agreed, all = agreed+n, all+len(stays)
	}
	t.Logf("all %5d of %5d fees agree (%.2f %%)", agreed, all, 100*float64(agreed)/float64(all))
	if float64(agreed) < overallShare*float64(all) {
		t.Error("too few fees agree")
	}
}

// agrees holds when the fee is right for the recorded length or one minute either side: the clock that
// charged had seconds, the record has none.
func agrees(t *testing.T, s tariff.Schedule, stay recordedStay) bool {
	t.Helper()
	for _, minute := range []time.Duration{0, -time.Minute, time.Minute} {
		shifted := stay.Stay
		shifted.Exit = stay.Exit.Add(minute)
		if shifted.Exit.Before(shifted.Enter) {
			continue
		}
		charge, err := s.Price(shifted, tariff.Calendar{})
		if err != nil {
			t.Fatal(err)
		}
		if charge.Fen == stay.fen {
			return true
		}
	}
	return false
}

func sessionsFolder() (string, bool) {
	data := os.Getenv("PARKBFF_SHARED_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	folder := filepath.Join(data, "sessions")
	info, err := os.Stat(folder)
	return folder, err == nil && info.IsDir()
}

// readStays reads the stable, paid rows. The header is GB18030 and is not looked at.
func readStays(t *testing.T, path string) []recordedStay {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var stays []recordedStay
	for i, row := range rows[1:] {
		stay, err := readStay(row)
		if err != nil {
			t.Fatalf("row %d: %v", i+2, err)
		}
		if row[3] == "1" && stay.fen > 0 {
			stays = append(stays, stay)
		}
	}
	return stays
}

func readStay(row []string) (stay recordedStay, err error) {
	const layout = "2006/1/2 15:04"
	if stay.Enter, err = time.ParseInLocation(layout, row[0], shanghai); err != nil {
		return stay, err
	}
	if stay.Exit, err = time.ParseInLocation(layout, row[1], shanghai); err != nil {
		return stay, err
	}
	stay.fen, err = fenOfYuan(row[2])
	return stay, err
}

// fenOfYuan reads "2.5" as 250.
func fenOfYuan(text string) (int64, error) {
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > 2 {
		return 0, fmt.Errorf("more than two decimals")
	}
	return strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
}

// generateStays draws paid stays as the lots record them: priced to the second, written to the minute, one
// in fifty at half price.
func generateStays(t *testing.T, l lot) []recordedStay {
	t.Helper()
	random := rand.New(rand.NewPCG(7, uint64(len(l.name))+uint64(l.name[1])))
	first := time.Date(2019, 2, 1, 0, 0, 0, 0, shanghai)
	var stays []recordedStay
	for len(stays) < 3000 {
		enter := first.Add(time.Duration(random.IntN(90*86400)) * time.Second)
		lived := tariff.Stay{Enter: enter, Exit: enter.Add(time.Duration(random.ExpFloat64() * float64(5*time.Hour)))}
		charge := price(t, l.schedule, lived, tariff.Calendar{})
		if charge.Fen == 0 {
			continue
		}
		if random.IntN(50) == 0 {
			charge.Fen /= 2
		}
		written := tariff.Stay{Enter: enter.Truncate(time.Minute), Exit: lived.Exit.Truncate(time.Minute)}
		stays = append(stays, recordedStay{written, charge.Fen})
	}
	return stays
}
