package paper_test

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parkbff/internal/paper"
)

func TestAmountsAreWrittenInWords(t *testing.T) {
	for fen, want := range map[int64]string{
		0:                    "零圆整",
		1:                    "壹分",
		10:                   "壹角整",
		50:                   "伍角整",
		105:                  "壹圆零伍分",
		1000:                 "壹拾圆整",
		1050:                 "壹拾圆伍角整",
		12345:                "壹佰贰拾叁圆肆角伍分",
		100450:               "壹仟零肆圆伍角整",
		100005:               "壹仟圆零伍分",
		160_932:              "壹仟陆佰零玖圆叁角贰分",
		10_0000_00:           "壹拾万圆整",
		10_0010_00:           "壹拾万零壹拾圆整",
		1_0001_0000_00:       "壹亿零壹万圆整",
		1_1000_0000_00:       "壹亿壹仟万圆整",
		1_0000_1000_00:       "壹亿零壹仟圆整",
		3_0405_0607_08:       "叁亿零肆佰零伍万零陆佰零柒圆零捌分",
		1_0000_0000_0000_00:  "壹万亿圆整",
		-12345:               "（负数）壹佰贰拾叁圆肆角伍分",
		math.MinInt64:        "（负数）玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿陆仟捌佰伍拾肆万柒仟柒佰伍拾捌圆零捌分",
		1_0000_0000_0000_005: "壹拾万亿圆零伍分",
	} {
		if got := paper.InWords(fen); got != want {
			t.Errorf("%d fen: %s, want %s", fen, got, want)
		}
	}
}

// Whatever is written can be read back by the rules of speech alone, and holds no zero too many.
func TestWordsSayTheAmountAndNothingElse(t *testing.T) {
	wrong := regexp.MustCompile(`零零|零[亿万仟佰拾角分]|[^亿]零圆|零$|[壹贰叁肆伍陆柒捌玖零]{2}[亿万仟佰拾]*零[圆整]|[亿万]{3}`)
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1_0000_0000, 1_0000_0000), rapid.Map(rapid.Int64Range(0, 1e9), func(n int64) int64 { return n * 10000 })).Draw(t, "fen")
		said := paper.InWords(fen)
		if got := heard(said); got != fen {
			t.Fatalf("%d fen: %s is %d", fen, said, got)
		}
		if found := wrong.FindString(said); found != "" && fen != 0 {
			t.Fatalf("%d fen: %s says %s", fen, said, found)
		}
		if strings.HasSuffix(said, "分") == strings.HasSuffix(said, "整") {
			t.Fatalf("%d fen: %s has no end", fen, said)
		}
	})
}

// heard reads words as a listener does: each numeral waits for its unit, each higher unit takes what came before.
func heard(said string) int64 {
	said, below := strings.CutPrefix(said, "（负数）")
	var all, section, waiting uint64
	fen := uint64(0)
	for _, r := range said {
		switch r {
		case '零':
		case '拾':
			section, waiting = section+waiting*10, 0
		case '佰':
			section, waiting = section+waiting*100, 0
		case '仟':
			section, waiting = section+waiting*1000, 0
		case '万':
			section, waiting = (section+waiting)*1_0000, 0
			all, section = all+section, 0
		case '亿':
			all, section, waiting = (all+section+waiting)*1_0000_0000, 0, 0
		case '圆':
			fen, all, section, waiting = (all+section+waiting)*100, 0, 0, 0
		case '角':
			fen, waiting = fen+waiting*10, 0
		case '分':
			fen, waiting = fen+waiting, 0
		case '整':
		default:
			waiting = uint64(strings.Index("零壹贰叁肆伍陆柒捌玖", string(r)) / len("零"))
		}
	}
	if below {
		return int64(-fen)
	}
	return int64(fen)
}
