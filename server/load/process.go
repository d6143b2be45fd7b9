package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"parkbff/server/wholetest/rig"
)

// resident is the memory of a process, in bytes, that lies in RAM. smaps_rollup walks the page tables; the
// counters of /proc/PID/status lag behind by some pages for each thread (man 5 proc).
func resident(pid int) (int64, error) { return memory(pid, "smaps_rollup", "Rss:") }

// peak is the most that was resident since the last forgetPeak.
func peak(pid int) (int64, error) { return memory(pid, "status", "VmHWM:") }

// forgetPeak makes the peak what is resident now (man 5 proc, clear_refs).
func forgetPeak(pid int) error {
	const resetPeak = "5"
	if err := os.WriteFile(processFile(pid, "clear_refs"), []byte(resetPeak), 0); err != nil {
		return fmt.Errorf("forget the peak of the memory: %w", err)
	}
	return nil
}

func processFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

func memory(pid int, file, field string) (int64, error) {
	text, err := os.ReadFile(processFile(pid, file))
	if err != nil {
		return 0, fmt.Errorf("look at the memory of the server: %w", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) == 3 && words[0] == field && words[2] == "kB" {
			kilobytes, err := strconv.ParseInt(words[1], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/%s says nothing of %s", pid, file, field)
}

// Metrics of the server that are asked for.
const (
	metricGoroutines = "go_goroutines"
	metricRunning    = "parkbff_subscriptions_running"
	metricOperations = "parkbff_operations_total"
)

var errNoMetric = errors.New("the server publishes no such metric")

// metric answers the sum of a metric over those of its label sets that have the given label; of all when it is
// empty. A server publishes a counter with labels once it has counted; absent, it is zero.
func metric(ctx context.Context, house *rig.House, name, label, value string) (float64, error) {
	answer, err := rig.Client{House: house}.Get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(answer.Body))
	if err != nil {
		return 0, fmt.Errorf("read the metrics: %w", err)
	}
	family := families[name]
	if family == nil && label == "" {
		return 0, fmt.Errorf("%w: %s", errNoMetric, name)
	}
	var sum float64
	for _, m := range family.GetMetric() {
		matches := label == ""
		for _, pair := range m.GetLabel() {
			matches = matches || pair.GetName() == label && pair.GetValue() == value
		}
		if matches {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum, nil
}
