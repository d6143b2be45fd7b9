package load

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Options of a run. Program, Subscribers and Progress are required.
type Options struct {
	Program  string   // path of the binary
	Database string   // URL of a PostgreSQL server on which a database is made for the run; empty is SQLite
	Settings []string // further environment of the server, NAME=value, such as GOGC=50
	Profile  string   // file for a CPU profile of the server while gates report; empty is none

	Subscribers int
	Rate        float64       // observations a second; 0: each subscriber is told one notice, as fast as the server answers
	Duration    time.Duration // of reporting at a rate
	Stalled     float64       // share of the subscribers that stop reading; with a rate only
	Settle      time.Duration // between the last notice and the last look at the memory
	Compare     bool          // measure stock gqlgen with the same clients too

	MostP99     time.Duration // to be held; 0: none
	MostPeak    float64       // bytes for each subscriber at the peak; 0: none
	MostSettled float64       // bytes for each subscriber in the end; 0: none

	Progress io.Writer
}

// mostSubscribers is bound by the plates there are.
const mostSubscribers = 90_000

func (o Options) check() error {
	switch {
	case o.Subscribers < 1 || o.Subscribers > mostSubscribers:
		return fmt.Errorf("%d subscribers are not between 1 and %d", o.Subscribers, mostSubscribers)
	case o.Rate < 0:
		return errors.New("the rate is negative")
	case o.Rate > 0 && o.Duration <= 0:
		return errors.New("a rate needs a duration")
	case o.Stalled < 0 || o.Stalled > 0.5:
		return errors.New("the share of stalled subscribers is not between 0 and 0.5")
	}
	return nil
}

// stalled is how many subscribers stop reading: at least one when a share is asked for.
func (o Options) stalled() int {
	if o.Rate == 0 || o.Stalled == 0 {
		return 0
	}
	return max(1, int(o.Stalled*float64(o.Subscribers)))
}
