package load

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// sound is a report with which nothing is wrong.
func sound() *Report {
	return &Report{
		Subscribers: 2, Account: Account{Delivered: 2, fromWritten: []time.Duration{1e6, 3e6}, fromDue: []time.Duration{2e6, 4e6}},
		asked: Options{Rate: 100, MostP99: 250 * time.Millisecond, MostPeak: 12 << 10, MostSettled: 10 << 10}, rate: 99,
		memory:   Memory{Peak: 11 << 10, Settled: 9 << 10, Idle: 5 << 10, Goroutines: 1},
		sleepers: 1, stalls: 1, endings: map[int]int{},
		watched: &Watched{Documents: 4, Changes: 2, Executions: 4, most: 4},
	}
}

func TestAVerdictNamesWhateverDidNotHold(t *testing.T) {
	if err := sound().Verdict(); err != nil {
		t.Fatalf("a sound report: %v", err)
	}
	for word, spoil := range map[string]func(r *Report){
		"1 lost":                    func(r *Report) { r.Lost = 1 },
		"1 duplicated":              func(r *Report) { r.Duplicated = 1 },
		"1 that nobody owed":        func(r *Report) { r.Foreign = 1 },
		"1 out of order":            func(r *Report) { r.Misordered = 1 },
		"nothing was delivered":     func(r *Report) { r.Delivered = 0 },
		"not what is listed":        func(r *Report) { r.listed = errNotAsListed },
		"observations were refused": func(r *Report) { r.refused, r.firstNo = 1, errors.New("UNAVAILABLE") },
		"ended that were to stay":   func(r *Report) { r.endings[1013] = 1 },
		"0 of 1 clients":            func(r *Report) { r.stalls = 0 },
		"98.9 of 100.0":             func(r *Report) { r.rate = 98.9 },
		"p99 is 251ms":              func(r *Report) { r.fromWritten = []time.Duration{251 * time.Millisecond} },
		"at the peak":               func(r *Report) { r.memory.Peak = 12<<10 + 1 },
		"in the end":                func(r *Report) { r.memory.Settled = 10<<10 + 1 },
		"executed 4.5 times":        func(r *Report) { r.watched.Executions = 4.5 },
	} {
		r := sound()
		spoil(r)
		if err := r.Verdict(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("want %q, got: %v", word, err)
		}
	}
}

func TestTheLastLineIsForPrograms(t *testing.T) {
	r := sound()
	r.stock = &Memory{Peak: 46 << 10, Idle: 40 << 10, Settled: 32 << 10, Goroutines: 5}
	var out strings.Builder
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	const first = `{"subscribers":2,"rssPerSubscriberBytes":11264,"goroutinesPerConnection":1,"delivered":2,"lost":0,"duplicated":0,"p50Ms":1,"p99Ms":3,`
	last := lines[len(lines)-1]
	if !strings.HasPrefix(last, first) {
		t.Errorf("%s\nwant\n%s", last, first)
	}
	var read map[string]float64
	if err := json.Unmarshal([]byte(last), &read); err != nil {
		t.Fatal(err)
	}
	if read["executionsPerChange"] != 4 || read["stockRssPerSubscriberBytes"] != 46<<10 || read["p99FromDueMs"] != 4 {
		t.Errorf("%v", read)
	}
}
