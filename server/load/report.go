package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what a run found.
type Report struct {
	Subscribers int
	Account

	asked    Options
	memory   Memory
	stock    *Memory  // nil: not compared
	watched  *Watched // nil: notices were subscribed to
	rate     float64  // observations a second that were answered in time
	refused  int64
	firstNo  error // of the refused
	sleepers int
	stalls   int
	endings  map[int]int
	failures []error
	listed   error // what is listed over HTTP is not what arrived
}

// take closes the books of a crowd.
func (r *Report) take(c *crowd, g *gates, sleepers int) {
	for _, s := range c.members {
		r.add(s.sum(!s.sleeper))
	}
	r.sort()
	r.refused, r.firstNo = g.refused.Load(), g.first
	c.mu.Lock()
	defer c.mu.Unlock()
	r.sleepers, r.stalls = sleepers, c.stalls
	r.endings, r.failures = c.endings, c.failures
}

func (r *Report) sort() {
	slices.Sort(r.fromDue)
	slices.Sort(r.fromWritten)
}

// leastRate is the share of the rate asked that must be reached.
const leastRate = 0.99

// Verdict says what did not hold, or nil.
func (r *Report) Verdict() error {
	o := r.asked
	var errs []error
	held := func(ok bool, format string, values ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	held(!r.wrong(), "not every notice arrived once: %d lost, %d duplicated, %d that nobody owed, %d out of order",
		r.Lost, r.Duplicated, r.Foreign, r.Misordered)
	held(r.Delivered > 0, "nothing was delivered")
	held(r.listed == nil, "%w", r.listed)
	held(r.refused == 0, "%d observations were refused, the first with: %w", r.refused, r.firstNo)
	held(len(r.endings) == 0, "connections ended that were to stay, by close code (0: cut): %v; %w", r.endings, errors.Join(r.failures...))
	held(r.stalls == r.sleepers, "%d of %d clients that do not read were closed", r.stalls, r.sleepers)
	held(o.Rate == 0 || r.rate >= leastRate*o.Rate, "%.1f of %.1f observations a second were answered in time", r.rate, o.Rate)
	p99 := percentile(r.fromWritten, 0.99)
	held(o.MostP99 == 0 || p99 <= o.MostP99, "p99 is %s and may be %s", p99, o.MostP99)
	held(o.MostPeak == 0 || r.memory.Peak <= o.MostPeak, "a subscriber costs %.0f bytes at the peak and may cost %.0f", r.memory.Peak, o.MostPeak)
	held(o.MostSettled == 0 || r.memory.Settled <= o.MostSettled, "a subscriber costs %.0f bytes in the end and may cost %.0f", r.memory.Settled, o.MostSettled)
	if w := r.watched; w != nil {
		held(w.most == 0 || w.Executions <= w.most, "the server executed %.1f times for each change and may %.0f times", w.Executions, w.most)
	}
	return errors.Join(errs...)
}

// summary is the last line. Times are milliseconds from just before a gate's request is written to the
// subscriber's receipt; those from when the request was due stand beside them.
type summary struct {
	Subscribers int     `json:"subscribers"`
	Peak        float64 `json:"rssPerSubscriberBytes"`
	Goroutines  float64 `json:"goroutinesPerConnection"`
	Delivered   int     `json:"delivered"`
	Lost        int     `json:"lost"`
	Duplicated  int     `json:"duplicated"`
	P50         float64 `json:"p50Ms"`
	P99         float64 `json:"p99Ms"`

	Max        float64  `json:"maxMs"`
	P99Due     float64  `json:"p99FromDueMs"`
	Idle       float64  `json:"idleRssPerSubscriberBytes"`
	Settled    float64  `json:"settledRssPerSubscriberBytes"`
	Rate       float64  `json:"rate,omitempty"`
	Stalled    int      `json:"stalledClosed"`
	Executions *float64 `json:"executionsPerChange,omitempty"`
	StockPeak  *float64 `json:"stockRssPerSubscriberBytes,omitempty"`
	StockIdle  *float64 `json:"stockIdleRssPerSubscriberBytes,omitempty"`
	StockSpent *float64 `json:"stockSettledRssPerSubscriberBytes,omitempty"`
	StockRuns  *float64 `json:"stockGoroutinesPerConnection,omitempty"`
}

func (r *Report) summary() summary {
	s := summary{
		Subscribers: r.Subscribers, Peak: math.Round(r.memory.Peak), Goroutines: rounded(r.memory.Goroutines),
		Delivered: r.Delivered, Lost: r.Lost, Duplicated: r.Duplicated,
		P50: millis(percentile(r.fromWritten, 0.5)), P99: millis(percentile(r.fromWritten, 0.99)),
		Max: millis(percentile(r.fromWritten, 1)), P99Due: millis(percentile(r.fromDue, 0.99)),
		Idle: math.Round(r.memory.Idle), Settled: math.Round(r.memory.Settled), Rate: rounded(r.rate), Stalled: r.stalls,
	}
	if r.watched != nil {
		s.Executions = new(rounded(r.watched.Executions))
	}
	if r.stock != nil {
		s.StockPeak, s.StockIdle = new(math.Round(r.stock.Peak)), new(math.Round(r.stock.Idle))
		s.StockSpent, s.StockRuns = new(math.Round(r.stock.Settled)), new(rounded(r.stock.Goroutines))
	}
	return s
}

// Print writes the figures for people, and on the last line those for programs.
func (r *Report) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	s := r.summary()
	fmt.Fprintf(table, "notices\t%d delivered\t%d lost\t%d duplicated\n", s.Delivered, s.Lost, s.Duplicated)
	fmt.Fprintf(table, "latency\tp50 %.1f ms\tp99 %.1f ms\tmax %.1f ms\tp99 from when due %.1f ms\n", s.P50, s.P99, s.Max, s.P99Due)
	if r.asked.Rate > 0 {
		fmt.Fprintf(table, "observations a second\t%.1f answered in time\tof %.1f\n", r.rate, r.asked.Rate)
	}
	if r.sleepers > 0 {
		fmt.Fprintf(table, "clients that stop reading\t%d of %d closed\n", r.stalls, r.sleepers)
	}
	if w := r.watched; w != nil {
		fmt.Fprintf(table, "executions for each change\t%.1f\tof %d documents\tin %d changes\n", w.Executions, w.Documents, w.Changes)
	}
	fmt.Fprintln(table, "a subscriber costs\tidle\tpeak\tsettled\tgoroutines\tserver alone")
	r.memory.print(table, "this server")
	if r.stock != nil {
		r.stock.print(table, "stock gqlgen")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(s)
}

func (m *Memory) print(out io.Writer, who string) {
	fmt.Fprintf(out, "%s\t%.0f B\t%.0f B\t%.0f B\t%.2f\t%.1f MB\n", who, m.Idle, m.Peak, m.Settled, m.Goroutines, float64(m.Baseline)/(1<<20))
}

func millis(d time.Duration) float64 { return rounded(float64(d) / float64(time.Millisecond)) }

func rounded(n float64) float64 { return math.Round(n*100) / 100 }
