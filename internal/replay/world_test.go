package replay_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"parkbff/internal/clock"
	"parkbff/internal/replay"
)

// ratherDear asks 5 yuan an hour, or twice that.
func ratherDear(fen int) string {
	return fmt.Sprintf(`{"versions": [
  {"to": "2019-03-25T00:00:00+08:00", "tables": [{"collections": [{"lines": [{"unitMinutes": 60, "fen": %d}]}]}]},
  {"from": "2019-03-25T00:00:00+08:00", "tables": [{"collections": [{"lines": [{"unitMinutes": 60, "fen": %d}]}]}]}
]}`, fen, fen)
}

// world is a folder of files, and the server to replay them to.
type world struct {
	*fakeServer
	clock   *fakeClock
	options replay.Options
	folder  string
}

func newWorld(t *testing.T, now string) *world {
	t.Helper()
	w := &world{clock: clockAt(now), folder: t.TempDir()}
	w.fakeServer = startServer(t, w.clock)
	w.writeLots(t, 500)
	w.options = replay.Options{
		URL: w.URL, Lots: filepath.Join(w.folder, "lots.json"), Accounts: 5, Clock: w.clock,
		Sessions: []string{w.writeStays(t, "P1", 700), w.writeStays(t, "P2", 300)},
	}
	return w
}

func (w *world) writeLots(t *testing.T, fen int) {
	t.Helper()
	text := fmt.Sprintf(`{"lots": [
  {"code": "P1", "name": "一号停车场", "city": "宁波", "capacity": 900, "tariff": %s},
  {"code": "P2", "name": "二号停车场", "city": "宁波", "capacity": 900, "tariff": %[1]s,
   "gates": [{"code": "IN", "direction": "ENTRY"}, {"code": "OUT", "direction": "EXIT"}]}
]}`, ratherDear(fen))
	write(t, filepath.Join(w.folder, "lots.json"), []byte(text))
}

// writeStays writes stays of early 2019, the last of which leaves on 2019-04-30 at 18:00. Every third has
// no length, every seventh is half price, every tenth is unstable.
func (w *world) writeStays(t *testing.T, lot string, n int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(n)))
	var text strings.Builder
	text.WriteString("Lockdown Time,Lockup Time,cost,status（0 for unstable，1 for stable）\r\n")
	begin := time.Date(2019, 2, 1, 0, 0, 0, 0, clock.Shanghai)
	for i := 1; i <= n; i++ {
		enter := begin.Add(time.Duration(random.IntN(88*24*60)) * time.Minute)
		minutes := random.IntN(600)
		if i%3 == 0 {
			minutes = 0
		}
		if i == n {
			enter, minutes = time.Date(2019, 4, 30, 17, 0, 0, 0, clock.Shanghai), 60
		}
		yuan, stable := float64((minutes+59)/60*5), 1
		if i%7 == 0 {
			yuan /= 2
		}
		if i%10 == 0 {
			stable = 0
		}
		exit := enter.Add(time.Duration(minutes) * time.Minute)
		fmt.Fprintf(&text, "%s,%s,%g,%d\r\n", enter.Format("2006/1/2 15:04"), exit.Format("2006/1/2 15:04"), yuan, stable)
	}
	encoded, err := simplifiedchinese.GB18030.NewEncoder().String(text.String())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.folder, lot+".csv")
	write(t, path, []byte(encoded))
	return path
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) replay(t *testing.T) replay.Report {
	t.Helper()
	report, err := replay.Run(t.Context(), w.options, w)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
