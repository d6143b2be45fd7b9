package engine

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// notRun stands for the type of an operation that was refused before its type was known.
const notRun = "none"

// meter counts by type of operation and code: nothing a client chooses becomes a label.
type meter struct {
	operations *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
}

func newMeter(registry prometheus.Registerer) *meter {
	m := &meter{
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parkbff_operations_total",
			Help: "GraphQL operations, each event of a subscription being one, by type and code of the first error.",
		}, []string{"type", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "parkbff_operation_seconds",
			Help:    "Time to carry out an operation.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"type"}),
	}
	if registry != nil {
		registry.MustRegister(m.operations, m.seconds)
	}
	return m
}

// count takes a zero duration for what was not carried out.
func (m *meter) count(kind, code string, took time.Duration) {
	m.operations.WithLabelValues(kind, code).Inc()
	if took > 0 {
		m.seconds.WithLabelValues(kind).Observe(took.Seconds())
	}
}
