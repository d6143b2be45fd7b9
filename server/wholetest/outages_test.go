package wholetest

import (
	"strings"
	"testing"

	"parkbff/server/wholetest/outage"
	"parkbff/server/wholetest/rig"
	"parkbff/server/wholetest/storm"
)

// The command outages does the same with ten thousand notices around each outage.
func TestTheTableOfOutagesIsTrueAndNoNoticeIsLost(t *testing.T) {
	t.Parallel()
	table := must(outage.ReadTable("../../docs/OUTAGES.md"))(t)
	room := must(rig.NewRoom(t.TempDir()))(t)
	t.Cleanup(func() { check(t, room.Close()) })
	crowd := storm.Crowd{Lots: 2, Cars: 3}
	site := openSite(t, crowd, rig.Plan{Streams: room.Folder(), MaxStore: room.MaxStore()})
	outages := outage.Of(site, room)
	s := must(storm.Gather(t.Context(), site, storm.Options{Crowd: crowd, Notices: 600, Rate: 40, Batch: 5, Seed: 20261122}))(t)
	var seen strings.Builder

	report, faults, err := (&outage.Trial{Site: site, Table: table, Outages: outages, Storm: s, Log: &seen}).Run(t.Context())

	check(t, err)
	for _, fault := range faults {
		t.Error(fault)
	}
	holdsUp(t, report)
	if report.Resent == 0 {
		t.Error("no gate had to send anything again: there was no outage")
	}
	if t.Failed() {
		t.Log(seen.String())
		for i, h := range site.Replicas {
			for line := range strings.Lines(h.Log.String()) {
				if strings.Contains(line, "WARN") || strings.Contains(line, "ERROR") {
					t.Log(i, line)
				}
			}
		}
	}
}
