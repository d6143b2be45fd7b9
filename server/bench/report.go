//go:build linux

package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// Limits that the program is held to; see docs/ARCHITECTURE.md.
const (
	mostHistoryRatio = 3.0
	mostStatements   = 2
	leastIngestRatio = 0.4
)

// Print writes the figures for people, and on the last line those that are compared between runs.
func (r *Result) Print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "history page\tCPU\tlatency\tallocations\tratio of CPU, median\tby round")
	r.Verified.print(table, "verified driver")
	r.Unverified.print(table, "unverified driver")
	fmt.Fprintf(table, "statements\t%.2f\t\t\t(at most %d)\n", r.Statements, mostStatements)
	g := r.Growth
	fmt.Fprintf(table, "few stays\t%s\t%s\t%.0f\n", micros(g.Small.CPU), micros(g.Small.Latency), g.Small.Allocs)
	fmt.Fprintf(table, "many stays\t%s\t%s\t%.0f\t%.2f (latency %.2f)\n", micros(g.Large.CPU), micros(g.Large.Latency), g.Large.Allocs, g.Ratio, g.Latency)
	fmt.Fprintln(table, "observations\ta second\t\t\tratio, median\tby round")
	fmt.Fprintf(table, "server\t%.0f\t\t\t%.2f (at least %.1f)\t%s\n", r.Ingest.Server, r.Ingest.Ratio, leastIngestRatio, ratios(r.Ingest.Ratios))
	fmt.Fprintf(table, "by hand\t%.0f\n", r.Ingest.Other)
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "measured in %s\n", r.Took.Round(time.Second))
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r.summary())
}

func (h *History) print(out io.Writer, who string) {
	fmt.Fprintf(out, "%s: server\t%s\t%s\t%.0f\t%.2f (at most %.1f)\t%s\n", who,
		micros(h.Server.CPU), micros(h.Server.Latency), h.Server.Allocs, h.Ratio, mostHistoryRatio, ratios(h.Ratios))
	fmt.Fprintf(out, "%s: by hand\t%s\t%s\t%.0f\n", who, micros(h.Other.CPU), micros(h.Other.Latency), h.Other.Allocs)
}

func micros(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

// ratios are shown from the smallest to the largest, so that the noise of the machine is plain.
func ratios(all []float64) string {
	sorted := slices.Sorted(slices.Values(all))
	for i := range sorted {
		sorted[i] = rounded(sorted[i])
	}
	return fmt.Sprint(sorted)
}

// summary takes the worse of the two drivers.
func (r *Result) summary() any {
	return struct {
		Ratio      float64 `json:"historyCpuRatio"`
		Statements float64 `json:"historyStatements"`
		Allocs     float64 `json:"historyAllocs"`
		Ingest     float64 `json:"ingestRatio"`
	}{
		rounded(max(r.Verified.Ratio, r.Unverified.Ratio)), rounded(r.Statements),
		math.Round(max(r.Verified.Server.Allocs, r.Unverified.Server.Allocs)), rounded(r.Ingest.Ratio),
	}
}

func rounded(n float64) float64 { return math.Round(n*100) / 100 }
