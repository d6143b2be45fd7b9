package privacy

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// FullMaskName is what every lot is called under full masking: J(一)5(2), word for word.
const FullMaskName = "捷停车智慧停车场"

const (
	// hiddenLotName is the half mask that shows nothing. All cities share it.
	hiddenLotName = hidden + "停车场"
	// crowd is how many places of one city must look alike.
	crowd = 3
)

// LotName is the name of a lot and the city within which it must not stand out.
type LotName struct{ City, Name string }

// genericTail is where a name stops telling lots apart: from its word for a car park or its first
// bracket on, with the adjectives before it, in both scripts.
var genericTail = regexp.MustCompile(`(?is)(?:` +
	`[\s\p{P}\p{S}]|地下|地上|地面|立体|立體|平面|露天|室内|室內|机械|機械|公共|公有|公用|专用|專用|附设|附設|临时|臨時|收费|收費|智慧|智能` +
	`)*(?:[停泊][车車]|[车車][库庫场場位]|car ?park|parking|[(（\[【「].*).*$`)

// HalfMaskNames answers the half mask of each name (J(一)2(4) 半脱敏), in the order given: `永康***停车场`.
//
// The names must be all those of every city concerned, since a mask is only as good as the crowd
// it is shared with; when a lot is added, its whole city is masked anew. Of a name without its generic
// tail (停车场, 地下停車場, brackets…) at most the first half is shown, and less until at least three
// names that differ in more than the tail wear the same mask. What no crowd covers shows nothing
// (`***停车场`); nobody stands there alone either: the smallest crowd of the city joins, and where a city
// has fewer than three names all of them do. The answer depends on the set of names only, not on their
// order or repetition, and is never FullMaskName.
func HalfMaskNames(names []LotName) []string {
	cities := map[string]map[string]bool{}
	for _, lot := range names {
		if cities[lot.City] == nil {
			cities[lot.City] = map[string]bool{}
		}
		cities[lot.City][distinctive(lot.Name)] = true
	}

	shown := map[string]map[string]string{}
	for city, cores := range cities {
		shown[city] = sharedPrefixes(slices.Collect(maps.Keys(cores)))
	}

	masks := make([]string, len(names))
	for i, lot := range names {
		masks[i] = shown[lot.City][distinctive(lot.Name)] + hiddenLotName
	}
	return masks
}

// distinctive is a name without its generic tail.
func distinctive(name string) string {
	return strings.TrimFunc(genericTail.ReplaceAllString(name, ""), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsPunct(r)
	})
}

// sharedPrefixes answers for each core the longest prefix of at most half its characters that a crowd
// shares as its final answer. It starts from the longest prefixes and lets what is too few for a crowd
// fall back by one character at a time, so that a short prefix is shared by a crowd of its own and not
// only by names that show more.
func sharedPrefixes(cores []string) map[string]string {
	groups := map[string][]string{}
	longest := 0
	for _, core := range cores {
		runes := []rune(core)
		half := len(runes) / 2
		prefix := string(runes[:half])
		groups[prefix] = append(groups[prefix], core)
		longest = max(longest, half)
	}
	for length := longest; length > 0; length-- {
		shortenLonely(groups, length)
	}
	hideTheRest(groups)

	prefixes := make(map[string]string, len(cores))
	for prefix, group := range groups {
		for _, core := range group {
			prefixes[core] = prefix
		}
	}
	return prefixes
}

// shortenLonely takes one character from each prefix of the given length that no crowd shares.
func shortenLonely(groups map[string][]string, length int) {
	for _, prefix := range slices.Collect(maps.Keys(groups)) {
		runes := []rune(prefix)
		if len(runes) != length || len(groups[prefix]) >= crowd {
			continue
		}
		shorter := string(runes[:length-1])
		groups[shorter] = append(groups[shorter], groups[prefix]...)
		delete(groups, prefix)
	}
}

// hideTheRest sees to it that names which show nothing are a crowd too, by adding the smallest group.
func hideTheRest(groups map[string][]string) {
	if alone := len(groups[""]); alone == 0 || alone >= crowd || len(groups) == 1 {
		return
	}
	smallest := ""
	for prefix, group := range groups {
		if prefix == "" {
			continue
		}
		order := cmp.Or(cmp.Compare(len(group), len(groups[smallest])), cmp.Compare(prefix, smallest))
		if smallest == "" || order < 0 {
			smallest = prefix
		}
	}
	groups[""] = append(groups[""], groups[smallest]...)
	delete(groups, smallest)
}
