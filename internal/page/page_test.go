package page_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/internal/page"
)

func TestAShortListIsOnePageWithNothingAfterIt(t *testing.T) {
	got := page.Cut([]int{1, 2, 3}, 3)

	if diff := cmp.Diff(page.Of[int]{Items: []int{1, 2, 3}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheRowReadBeyondThePageSaysThatMoreFollow(t *testing.T) {
	got := page.Cut([]int{1, 2, 3}, 2)

	if diff := cmp.Diff(page.Of[int]{Items: []int{1, 2}, More: true}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnEmptyListIsAnEmptyPage(t *testing.T) {
	got := page.Cut([]int(nil), 20)

	if len(got.Items) != 0 || got.More {
		t.Errorf("got %+v", got)
	}
}

func TestAppendingToAPageLeavesTheRowBehindItAlone(t *testing.T) {
	rows := []int{1, 2, 3}

	_ = append(page.Cut(rows, 2).Items, 9)

	if rows[2] != 3 {
		t.Errorf("the row beyond the page became %d", rows[2])
	}
}

func TestPagesPutTogetherAreTheList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(0, 60).Draw(t, "length")
		first := rapid.IntRange(1, 20).Draw(t, "first")

		var seen []int64
		request := page.Request{First: first}
		for {
			got := page.Cut(ascending(request, length), first)
			seen = append(seen, got.Items...)
			if !got.More {
				break
			}
			request.After = got.Items[len(got.Items)-1]
		}

		if diff := cmp.Diff(ascending(page.Request{First: length}, length), seen); diff != "" {
			t.Fatal(diff)
		}
	})
}

// ascending stands for a table with the rows 1 to length, in order.
func ascending(r page.Request, length int) []int64 {
	var rows []int64
	for row := r.After + 1; row <= int64(length) && len(rows) < r.Limit(); row++ {
		rows = append(rows, row)
	}
	return rows
}
