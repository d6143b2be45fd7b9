package privacy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestANameIsStrippedOfWhatTellsNoLotsApart(t *testing.T) {
	for name, want := range map[string]string{
		"万象城停车场":            "万象城",
		"万象城地下停车场":          "万象城",
		"府前廣場地下停車場":         "府前廣場",
		"捷運芝山站停車場(北側)":      "捷運芝山站",
		"百齡橋堤外足球場停車場(二)":    "百齡橋堤外足球場",
		"天河城 停车楼 B2":        "天河城",
		"科技园立体车库":           "科技园",
		"永吉120(一)平面停車場":     "永吉120",
		"City Hall Parking": "City Hall",
		"洲子站":               "洲子站",
		"停车场":               "",
		"":                  "",
	} {
		if got := distinctive(name); got != want {
			t.Errorf("of %q remains %q, want %q", name, got, want)
		}
	}
}

func TestThreeLotsOfOneBrandShareTheirHalfMask(t *testing.T) {
	masks := halfMasks("深圳", "万象城停车场", "万象天地停车场", "万象汇地下停车场")
	if diff := cmp.Diff([]string{"万***停车场", "万***停车场", "万***停车场"}, masks); diff != "" {
		t.Error(diff)
	}
}

func TestALotThatStandsOutShowsNothingAndIsNotAlone(t *testing.T) {
	masks := halfMasks("深圳",
		"中山公园东门停车场", "中山公园西门停车场", "中山公园南门停车场", "中山公园北门停车场",
		"海岸城停车场", "海岸东座停车场", "海岸西座停车场",
		"妇幼保健院停车场")
	for i, want := range []string{"中山公***停车场", "中山公***停车场", "中山公***停车场", "中山公***停车场", "***停车场", "***停车场", "***停车场", "***停车场"} {
		if masks[i] != want {
			t.Errorf("lot %d is %s, want %s", i, masks[i], want)
		}
	}
}

func TestACityOfTwoLotsShowsNothing(t *testing.T) {
	masks := halfMasks("宁波", "海曙酒店停车场", "海曙商场停车场")
	if diff := cmp.Diff([]string{"***停车场", "***停车场"}, masks); diff != "" {
		t.Error(diff)
	}
}

func TestThePartsOfOneCarParkAreNoCrowd(t *testing.T) {
	masks := halfMasks("台北", "華山大草原停車場(A區)", "華山大草原停車場(B區)", "華山大草原地下停車場", "洲子站")
	if masks[0] != "***停车场" {
		t.Errorf("one place in three parts is shown as %s", masks[0])
	}
}

func TestAnotherCityIsNoCrowd(t *testing.T) {
	masks := HalfMaskNames([]LotName{{"深圳", "万象城停车场"}, {"广州", "万象天地停车场"}, {"佛山", "万象汇停车场"}})
	if diff := cmp.Diff([]string{"***停车场", "***停车场", "***停车场"}, masks); diff != "" {
		t.Error(diff)
	}
}

func TestAHalfMaskNeverLooksLikeFullMasking(t *testing.T) {
	if masks := halfMasks("深圳", FullMaskName, FullMaskName+"(一)", FullMaskName+"B区"); slices.Contains(masks, FullMaskName) {
		t.Error("a half mask equals the name that full masking shows")
	}
}

func TestEveryHalfMaskOfWildNamesIsACrowds(t *testing.T) {
	word := rapid.SampledFrom([]string{"永", "康", "万", "象", "城", "A", "1", "站", " ", "(", ")", "地下", "公園", "停车场", "停車場", "车库", "*"})
	lot := rapid.Custom(func(t *rapid.T) LotName {
		return LotName{
			City: rapid.SampledFrom([]string{"深圳", "台北"}).Draw(t, "city"),
			Name: strings.Join(rapid.SliceOfN(word, 0, 7).Draw(t, "words"), ""),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		lots := rapid.SliceOfN(lot, 0, 60).Draw(t, "lots")
		masks := HalfMaskNames(lots)
		holdsTheRule(t, lots, masks)

		order := rapid.Permutation(slices.Collect(indexes(len(lots)))).Draw(t, "order")
		shuffled := make([]LotName, len(lots))
		for to, from := range order {
			shuffled[to] = lots[from]
		}
		for to, mask := range HalfMaskNames(shuffled) {
			if mask != masks[order[to]] {
				t.Fatalf("%q is %q in one order and %q in another", shuffled[to].Name, masks[order[to]], mask)
			}
		}
	})
}

func TestTheLotsOfTaipeiAreHalfMaskedInCrowds(t *testing.T) {
	lots := taipeiOrGeneratedNames(t)
	masks := HalfMaskNames(lots)
	holdsTheRule(t, lots, masks)

	nothing := 0
	for _, mask := range masks {
		if mask == hiddenLotName {
			nothing++
		}
	}
	t.Logf("%d names, %d distinct masks, %d names show nothing", len(lots), len(distinct(masks)), nothing)
	if nothing*2 > len(lots) {
		t.Errorf("%d of %d names show nothing: half masks say too little", nothing, len(lots))
	}
}

// holdsTheRule checks domain.md §2.7 for every lot: a crowd of at least three names, no more than half
// of a name shown, and no mask that is a name.
func holdsTheRule(t interface{ Fatalf(string, ...any) }, lots []LotName, masks []string) {
	type face struct{ city, mask string }
	wearers, places := map[face]map[string]bool{}, map[string]map[string]bool{}
	for i, lot := range lots {
		add(wearers, face{lot.City, masks[i]}, distinctive(lot.Name))
		add(places, lot.City, distinctive(lot.Name))
	}
	for i, lot := range lots {
		crowded := len(wearers[face{lot.City, masks[i]}]) >= 3
		smallCity := len(places[lot.City]) < 3 && masks[i] == hiddenLotName
		if !crowded && !smallCity {
			t.Fatalf("%q of %q stands out as %q", lot.Name, lot.City, masks[i])
		}
		shown, whole := strings.CutSuffix(masks[i], hiddenLotName)
		if !whole || !strings.HasPrefix(distinctive(lot.Name), shown) {
			t.Fatalf("%q is no half mask of %q", masks[i], lot.Name)
		}
		if 2*utf8.RuneCountInString(shown) > utf8.RuneCountInString(distinctive(lot.Name)) {
			t.Fatalf("%q shows more than half of %q", masks[i], lot.Name)
		}
		if masks[i] == FullMaskName {
			t.Fatalf("%q looks like full masking", lot.Name)
		}
	}
}

func add[K comparable](sets map[K]map[string]bool, key K, member string) {
	if sets[key] == nil {
		sets[key] = map[string]bool{}
	}
	sets[key][member] = true
}

func indexes(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func distinct(values []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(values)))
}

func halfMasks(city string, names ...string) []string {
	lots := make([]LotName, len(names))
	for i, name := range names {
		lots[i] = LotName{City: city, Name: name}
	}
	return HalfMaskNames(lots)
}

// taipeiOrGeneratedNames reads Taipei's published lots, or makes as many where they are not at hand.
func taipeiOrGeneratedNames(t *testing.T) []LotName {
	folder := os.Getenv("PARKBFF_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	text, err := os.ReadFile(filepath.Join(folder, "taipei", "TCMSV_alldesc_20250625.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return generatedNames()
	}
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Data struct {
			Park []struct{ Name string }
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	lots := make([]LotName, len(file.Data.Park))
	for i, park := range file.Data.Park {
		lots[i] = LotName{City: "臺北市", Name: park.Name}
	}
	return lots
}

func generatedNames() []LotName {
	brands := []string{"", "", "台灣聯通", "嘟嘟房", "中山區", "大安"}
	places := []string{"民生", "永康", "松山", "府前廣場", "百齡橋", "和平東路", "市立醫院", "信義國小", "光復公園"}
	lots := make([]LotName, 0, 1671)
	for i := range cap(lots) {
		place := places[i/7%len(places)]
		lots = append(lots, LotName{City: "臺北市", Name: fmt.Sprintf("%s%s%d停車場", brands[i%len(brands)], place, i)})
	}
	return lots
}

func BenchmarkHalfMaskNames(b *testing.B) {
	lots := generatedNames()
	b.ReportAllocs()
	for b.Loop() {
		HalfMaskNames(lots)
	}
}

func FuzzHalfMaskNames(f *testing.F) {
	f.Add("万象城停车场\n万象天地停车场\n万象汇停车场")
	f.Add("停车场\n(\n\xff\n")
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		var lots []LotName
		for name := range strings.Lines(text) {
			lots = append(lots, LotName{City: "深圳", Name: name})
		}
		holdsTheRule(t, lots, HalfMaskNames(lots))
	})
}
