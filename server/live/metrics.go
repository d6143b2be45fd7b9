package live

import "github.com/prometheus/client_golang/prometheus"

// meter counts what operations cost.
type meter struct {
	requests, events, shared prometheus.Counter
}

func newMeter(registry prometheus.Registerer) meter {
	executions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "parkbff_executions_total",
		Help: "Executions for streaming transports: of requests, subscriptions being checked among them, and for events.",
	}, []string{"kind"})
	shared := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "parkbff_events_shared_total",
		Help: "Events told to a subscriber by the bytes of an execution for another.",
	})
	if registry != nil {
		registry.MustRegister(executions, shared)
	}
	return meter{
		requests: executions.WithLabelValues("request"), events: executions.WithLabelValues("event"), shared: shared,
	}
}
