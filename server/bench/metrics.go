//go:build linux

package bench

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// allocated is the counter of objects that a Go program has allocated, as client_golang publishes it.
const allocated = "go_memstats_mallocs_total"

// allocs asks a process how many objects it has allocated since its start; 0 when it does not tell.
func (p *Process) allocs(ctx context.Context) (float64, error) {
	at, err := url.Parse(p.URL)
	if err != nil {
		return 0, err
	}
	at.Path = "/metrics"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return 0, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return 0, nil
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(reply.Body)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", at, err)
	}
	for _, metric := range families[allocated].GetMetric() {
		return metric.GetCounter().GetValue(), nil
	}
	return 0, nil
}

func medianCost(all []Cost) Cost {
	return Cost{
		CPU:     medianOf(all, func(c Cost) time.Duration { return c.CPU }),
		Latency: medianOf(all, func(c Cost) time.Duration { return c.Latency }),
		Allocs:  medianOf(all, func(c Cost) float64 { return c.Allocs }),
	}
}

func medianOf[T any, N cmp.Ordered](all []T, of func(T) N) N {
	numbers := make([]N, len(all))
	for i, one := range all {
		numbers[i] = of(one)
	}
	return median(numbers)
}

// median is the one in the middle; of an even number, the larger of the two.
func median[N cmp.Ordered](numbers []N) N {
	sorted := slices.Sorted(slices.Values(numbers))
	return sorted[len(sorted)/2]
}
