package server_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// testdata/golden/stay.json says, by hand and from the design, what each kind of viewer sees of one stay
// on each path to it. It is never recorded: where an answer differs from it, the program is wrong or the
// design has changed.
func TestOneLiveStayAsEveryViewerSeesItOnEveryPath(t *testing.T) {
	testkit.Covers(t, "R001", "R016", "R023", "R024", "R025", "R028", "R065", "R069", "R070")
	golden := readGolden(t)
	servertest.EachWith(t, servertest.Options{Lots: goldenLots()}, func(t *testing.T, h *servertest.House) {
		seen := tellStory(h)
		for viewer, paths := range golden {
			for path, want := range paths {
				if diff := cmp.Diff(want, seen[viewer][path]); diff != "" {
					t.Errorf("%s, %s (-golden +seen):\n%s", viewer, path, diff)
				}
			}
		}
		if len(seen) != len(golden) {
			t.Errorf("%d viewers were told of, %d are in the golden file", len(seen), len(golden))
		}
	})
}

func readGolden(t *testing.T) map[string]sight {
	t.Helper()
	text, err := os.ReadFile("testdata/golden/stay.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Faces   map[string]any
		Viewers map[string]sight
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, paths := range file.Viewers {
		for path, value := range paths {
			paths[path] = unfold(t, file.Faces, value)
		}
	}
	return file.Viewers
}

// unfold puts the face that "@name" names in its place.
func unfold(t *testing.T, faces map[string]any, value any) any {
	t.Helper()
	switch v := value.(type) {
	case string:
		name, isFace := strings.CutPrefix(v, "@")
		if !isFace {
			return v
		}
		face, ok := faces[name]
		if !ok {
			t.Fatalf("the golden file has no face %q", name)
		}
		return unfold(t, faces, face)
	case []any:
		whole := make([]any, len(v))
		for i, inner := range v {
			whole[i] = unfold(t, faces, inner)
		}
		return whole
	case map[string]any:
		whole := make(map[string]any, len(v))
		for key, inner := range v {
			whole[key] = unfold(t, faces, inner)
		}
		return whole
	}
	return value
}
