//go:build linux || darwin

package storm

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheJudgeSeesWhatWasLostDoubledOrDisplaced(t *testing.T) {
	listed := []string{"a", "b", "c", "d"}
	for name, trial := range map[string]struct {
		heard []string
		want  Report
	}{
		"as listed":      {[]string{"a", "b", "c", "d"}, Report{}},
		"nothing":        {nil, Report{Lost: 4}},
		"one lost":       {[]string{"a", "c", "d"}, Report{Lost: 1}},
		"the last lost":  {[]string{"a", "b", "c"}, Report{Lost: 1}},
		"one doubled":    {[]string{"a", "b", "b", "c", "d"}, Report{Duplicated: 1}},
		"one thrice":     {[]string{"a", "a", "a", "b", "c", "d"}, Report{Duplicated: 2}},
		"told again":     {[]string{"a", "b", "a", "b", "c", "d"}, Report{Duplicated: 2, Displaced: 1}},
		"another order":  {[]string{"a", "c", "b", "d"}, Report{Displaced: 1}},
		"another's":      {[]string{"a", "b", "c", "d", "x"}, Report{Strange: 1, Displaced: 1}},
		"one for other":  {[]string{"a", "b", "b", "d"}, Report{Lost: 1, Duplicated: 1}},
		"nothing listed": {[]string{}, Report{Lost: 4}},
	} {
		var got Report
		got.compare(listed, trial.heard)
		if diff := cmp.Diff(trial.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAFlawIsToldByDriverAndPlace(t *testing.T) {
	listed := []string{"a", "b", "c"}
	for name, trial := range map[string]struct{ heard, want []string }{
		"as listed":     {[]string{"a", "b", "c"}, nil},
		"told again":    {[]string{"a", "b", "a", "b", "c"}, []string{"driver 7: 2 of 5 heard is a, listed at 0, instead of 2"}},
		"another's":     {[]string{"a", "x", "b", "c"}, []string{"driver 7: 1 of 4 heard is x, which is not listed"}},
		"one lost":      {[]string{"a", "c"}, []string{"driver 7: 1 of 2 heard is c, listed at 2, instead of 1"}},
		"the last lost": {[]string{"a", "b"}, []string{"driver 7: the last that was heard is before 2 of 3"}},
	} {
		var got Report
		got.explain(7, listed, trial.heard)
		if diff := cmp.Diff(trial.want, got.Flaws); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	var got Report
	got.explain(7, listed, slices.Repeat([]string{"x"}, 1000))
	if len(got.Flaws) != mostFlaws {
		t.Errorf("%d flaws are told one by one", len(got.Flaws))
	}
}

func TestAnyFlawIsAFault(t *testing.T) {
	if faults := (Report{Notices: 1}).Faults(); len(faults) > 0 {
		t.Errorf("a calm storm: %v", faults)
	}
	for _, flawed := range []Report{
		{},
		{Notices: 1, Lost: 1},
		{Notices: 1, Duplicated: 1},
		{Notices: 1, Strange: 1},
		{Notices: 1, Displaced: 1},
		{Notices: 1, Unlisted: 1},
		{Notices: 1, Refusals: []string{"INTERNAL"}},
	} {
		if len(flawed.Faults()) != 1 {
			t.Errorf("%+v: %v", flawed, flawed.Faults())
		}
	}
}

func TestALineIsTakenWholeOrNotAtAll(t *testing.T) {
	var got []string
	l := &lines{take: func(line string) { got = append(got, line) }}
	for _, piece := range []string{"opened 1\nnot", "ice 1 c", " id\nclosed 1 1012\nnotice 1 cur"} {
		if n, err := l.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	if diff := cmp.Diff([]string{"opened 1", "notice 1 c id", "closed 1 1012"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestANotebookRemembersWhereToGoOn(t *testing.T) {
	a := newAudience(&Storm{drivers: []*driver{{after: "c0"}, {after: "d0"}}})
	for _, line := range []string{
		"opened 0", "notice 0 c1 one", "closed 0 1012", "opened 0", "notice 0 c2 two", "error 1 error RESYNC_REQUIRED", "nonsense", "notice 9 x y",
	} {
		a.note(line)
	}
	if page := a.pages[0]; page.after != "c2" || page.opened != 2 || !cmp.Equal(page.ids, []string{"one", "two"}) {
		t.Errorf("%+v", page)
	}
	if a.pages[1].after != "d0" || a.heard() != 2 || a.endings["1012"] != 1 || len(a.refusals) != 3 {
		t.Errorf("%+v", a)
	}
}
