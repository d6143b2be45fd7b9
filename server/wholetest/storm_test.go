package wholetest

import (
	"testing"

	"parkbff/internal/testkit"
	"parkbff/server/wholetest/rig"
	"parkbff/server/wholetest/storm"
)

// The command killnotices does the same with a hundred thousand notices.
func TestEverybodyIsToldOnceWhoeverIsKilledMeanwhile(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R024")
	crowd := storm.Crowd{Lots: 2, Cars: 3}
	site := openSite(t, crowd, rig.Plan{})
	s := must(storm.Gather(t.Context(), site, storm.Options{Crowd: crowd, Notices: 1000, Rate: 200, Batch: 10, Seed: 20261122}))(t)

	report := must(s.Run(t.Context(), s.Strike(storm.Kills{Replicas: 2, BusNodes: 1, Clients: 2, Deploys: 1, Freezes: 2})))(t)

	holdsUp(t, report)
	if report.Notices < 1000 || report.ReplicaKills != 2 || report.BusKills != 1 || report.ClientKills != 2 || report.Deploys != 1 || report.Freezes != 2 || report.Reconnects == 0 {
		t.Errorf("it was no storm: %+v", report)
	}
}

func holdsUp(t *testing.T, report storm.Report) {
	t.Helper()
	for _, fault := range report.Faults() {
		t.Error(fault)
	}
	t.Logf("%+v", report)
}

// openSite starts two replicas that know the lots of the crowd.
func openSite(t *testing.T, crowd storm.Crowd, plan rig.Plan) *rig.Site {
	t.Helper()
	plan.Program, plan.Folder, plan.Replicas = program, t.TempDir(), 2
	plan.Lots = must(crowd.WriteLots(t.TempDir()))(t)
	site := must(rig.OpenSite(t.Context(), plan))(t)
	t.Cleanup(func() {
		if err := site.Close(); err != nil {
			t.Error(err)
		}
		for _, h := range site.Replicas {
			hides(t, "the log", h.Log.String(), "level=ERROR", "goroutine ")
			if t.Failed() {
				t.Logf("a replica wrote:\n%s", tail(h.Log.String()))
			}
		}
	})
	return site
}
