package replay

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/tariff"
)

// Options of a replay.
type Options struct {
	URL      string   // of the server, such as http://127.0.0.1:8080; /graphql may be added
	Lots     string   // path of a lots file of any kind that lotfile reads
	Sessions []string // paths of CSV files; the base name of each is the code of its lot
	Speed    string   // max (default), or a multiple of real time such as 60x or 1x
	Accounts int      // 0 to 1000; the vehicles of most of them take over some of the stays
	Rebase   bool     // shift everything by whole weeks to end now

	Calendar tariff.Calendar // the server's, for tariffs that tell kinds of days apart
	Progress io.Writer       // nil: nothing is shown; a terminal gets a bar, all else a line every 5 s
	HTTP     *http.Client    // nil: one with a timeout of a minute
	Clock    Clock           // nil: the machine's
}

// House does what replay needs beside the public API, on the data of the server that is replayed to. All
// of it may be done again with the same arguments.
type House interface {
	// ImportLots makes lots, gates and tariffs known; the running server notices within a second.
	ImportLots(ctx context.Context, lots []lotfile.Lot) error
	// GateToken answers a token of a gate, good for the whole run.
	GateToken(ctx context.Context, lotCode, gateCode string) (string, error)
	// StaffToken answers a token of staff of a lot who may read its stays, good for the whole run.
	StaffToken(ctx context.Context, label, lotCode string) (string, error)
}

// Clock tells the time and lets it pass.
type Clock interface {
	clock.Clock
	// Wait returns after d, or at once with the context's error when that ends first.
	Wait(ctx context.Context, d time.Duration) error
}

// SystemClock is the machine's clock.
type SystemClock struct{ clock.System }

// Wait lets d pass.
func (SystemClock) Wait(ctx context.Context, d time.Duration) error {
	return clock.Wait(ctx, d)
}

const (
	mostAccounts   = 1000
	defaultTimeout = time.Minute
)

// withDefaults fills in what may be left out and says what is wrong with the rest.
func (o Options) withDefaults() (Options, error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: defaultTimeout}
	}
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	switch {
	case !strings.HasPrefix(o.URL, "http://") && !strings.HasPrefix(o.URL, "https://"):
		return o, fmt.Errorf("url %q does not begin with http:// or https://", o.URL)
	case len(o.Sessions) == 0:
		return o, fmt.Errorf("no file of sessions is named")
	case o.Accounts < 0 || o.Accounts > mostAccounts:
		return o, fmt.Errorf("%d accounts are not between 0 and %d", o.Accounts, mostAccounts)
	}
	o.URL = strings.TrimSuffix(strings.TrimSuffix(o.URL, "/"), "/graphql")
	return o, nil
}

// asFastAsPossible is the speed at which nothing is waited for.
const asFastAsPossible = 0

// parseSpeed reads "max" or a multiple of real time such as "60x".
func parseSpeed(text string) (float64, error) {
	if text == "" || text == "max" {
		return asFastAsPossible, nil
	}
	number, isMultiple := strings.CutSuffix(text, "x")
	speed, err := strconv.ParseFloat(number, 64)
	if err != nil || !isMultiple || !(speed > 0 && speed <= 1e6) {
		return 0, fmt.Errorf("speed %q is neither max nor a multiple of real time such as 60x", text)
	}
	return speed, nil
}
