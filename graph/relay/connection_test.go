package relay_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parkbff/graph/relay"
	"parkbff/internal/fault"
	"parkbff/internal/page"
)

type stay struct{ row int64 }

func rowOf(s stay) int64 { return s.row }

func TestAConnectionCarriesThePageAndItsEnds(t *testing.T) {
	s := newSealer(t, testKey)
	ctx := relay.WithViewerTag(relay.WithSealer(t.Context(), s), 42)

	got := relay.Connect(ctx, "sessions", page.Of[stay]{Items: []stay{{3}, {2}, {1}}, More: true}, rowOf)

	for i, edge := range got.Edges {
		row := int64(3 - i)
		if edge.Node != (stay{row}) || string(edge.Cursor()) != s.SealCursor("sessions", row, 42) {
			t.Errorf("edge %d is %+v at %s", i, edge.Node, edge.Cursor())
		}
	}
	info := got.PageInfo
	if len(got.Edges) != 3 || !info.HasNextPage || info.HasPreviousPage {
		t.Errorf("%d edges, page info %+v", len(got.Edges), info)
	}
	if *info.StartCursor() != got.Edges[0].Cursor() || *info.EndCursor() != got.Edges[2].Cursor() {
		t.Errorf("ends at %s and %s", *info.StartCursor(), *info.EndCursor())
	}
}

func TestAnEmptyConnectionHasNoEnds(t *testing.T) {
	ctx := relay.WithSealer(t.Context(), newSealer(t, testKey))

	got := relay.Connect(ctx, "sessions", page.Of[stay]{}, rowOf)

	if got.Edges == nil || len(got.Edges) > 0 {
		t.Errorf("edges are %v, want an empty list", got.Edges)
	}
	if got.PageInfo.StartCursor() != nil || got.PageInfo.EndCursor() != nil {
		t.Error("an empty page has a cursor")
	}
}

func TestTheEndOfOnePageBeginsTheNext(t *testing.T) {
	ctx := relay.WithViewerTag(relay.WithSealer(t.Context(), newSealer(t, testKey)), 42)
	end := relay.Connect(ctx, "sessions", page.Of[stay]{Items: []stay{{9}, {8}}}, rowOf).PageInfo.EndCursor()

	got, err := relay.Page(ctx, "sessions", nil, end, 0)
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(page.Request{First: relay.UsuallyPerPage, After: 8}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAPageOfAnotherViewerDoesNotContinue(t *testing.T) {
	ctx := relay.WithSealer(t.Context(), newSealer(t, testKey))
	theirs := relay.Connect(relay.WithViewerTag(ctx, 1), "sessions", page.Of[stay]{Items: []stay{{9}}}, rowOf)

	_, err := relay.Page(relay.WithViewerTag(ctx, 2), "sessions", nil, theirs.PageInfo.EndCursor(), 0)

	if !errors.Is(err, relay.InvalidCursor) || fault.As(err).Field() != "after" {
		t.Errorf("got %v", err)
	}
}

func TestAPageHasBetweenOneAndAHundredRows(t *testing.T) {
	for _, test := range []struct {
		first *int
		usual int
		want  int
	}{
		{first: nil, want: 20},
		{first: nil, usual: 5, want: 5},
		{first: new(1), want: 1},
		{first: new(100), want: 100},
	} {
		got, err := relay.Page(t.Context(), "sessions", test.first, nil, test.usual)
		if err != nil || got.First != test.want {
			t.Errorf("got %d rows, %v, want %d", got.First, err, test.want)
		}
	}
	for _, first := range []int{-1, 0, 101} {
		_, err := relay.Page(t.Context(), "sessions", &first, nil, 0)
		if !errors.Is(err, fault.BadInput) || fault.As(err).Field() != "first" {
			t.Errorf("first %d: %v", first, err)
		}
	}
}

func TestACursorIsTextAndNothingElse(t *testing.T) {
	var c relay.Cursor
	if err := c.UnmarshalGQL("abc"); err != nil || c != "abc" {
		t.Errorf("reads as %q, %v", c, err)
	}
	if err := c.UnmarshalGQL(7); !errors.Is(err, relay.InvalidCursor) {
		t.Errorf("a number: %v", err)
	}
	var out strings.Builder
	relay.Cursor("abc").MarshalGQL(&out)
	if out.String() != `"abc"` {
		t.Errorf("wrote %s", out.String())
	}
}

func TestASealerAndAViewerTagMayComeInEitherOrder(t *testing.T) {
	s := newSealer(t, testKey)
	one := relay.WithViewerTag(relay.WithSealer(t.Context(), s), 7)
	two := relay.WithSealer(relay.WithViewerTag(t.Context(), 7), s)
	items := page.Of[stay]{Items: []stay{{1}}}

	a := relay.Connect(one, "sessions", items, rowOf).Edges[0].Cursor()
	b := relay.Connect(two, "sessions", items, rowOf).Edges[0].Cursor()

	if a != b {
		t.Errorf("%s and %s", a, b)
	}
}

func BenchmarkConnectingAPageOfTwenty(b *testing.B) {
	ctx := relay.WithSealer(b.Context(), newSealer(b, testKey))
	items := page.Of[stay]{Items: make([]stay, 20), More: true}
	b.ReportAllocs()
	for b.Loop() {
		relay.Connect(ctx, "sessions", items, rowOf)
	}
}
