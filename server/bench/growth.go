//go:build linux

package bench

import "context"

// Growth compares the page in a small world and in a large one.
type Growth struct {
	Small, Large Cost // medians
	Ratio        float64
	Latency      float64 // the same of what the client waits for, the database included
}

// CompareGrowth asks two servers, one in each world, in turns.
func CompareGrowth(ctx context.Context, small, large *Process, smallToken, largeToken string, e Effort) (g Growth, err error) {
	body, err := historyRequest(nil)
	if err != nil {
		return g, err
	}
	sides := []side{{newCaller(small.URL, smallToken), small}, {newCaller(large.URL, largeToken), large}}
	var pages [2][]byte
	for i, s := range sides {
		if pages[i], err = s.ask(ctx, body); err != nil {
			return g, err
		}
		if _, err := endOfPage(pages[i]); err != nil {
			return g, err
		}
		if err := s.flood(ctx, body, pages[i], e.Requests/4, e.AtOnce); err != nil {
			return g, err
		}
	}
	var costs [2][]Cost
	var cpu, latency []float64
	for range e.Rounds {
		for i, s := range sides {
			cost, err := s.costOf(ctx, body, pages[i], e)
			if err != nil {
				return g, err
			}
			costs[i] = append(costs[i], cost)
		}
	}
	for i := range costs[0] {
		cpu = append(cpu, float64(costs[1][i].CPU)/float64(costs[0][i].CPU))
		latency = append(latency, float64(costs[1][i].Latency)/float64(costs[0][i].Latency))
	}
	return Growth{medianCost(costs[0]), medianCost(costs[1]), median(cpu), median(latency)}, nil
}
