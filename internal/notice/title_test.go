package notice_test

import (
	"testing"

	model "parkbff/ent/notice"
	"parkbff/internal/language"
	"parkbff/internal/notice"
)

func TestEveryKindHasATitleInBothLanguages(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range []model.Kind{
		model.KindENTERED, model.KindEXITED, model.KindBOUND_BY_ANOTHER, model.KindEVICTED,
		model.KindCO_DRIVER_REMOVED, model.KindDISPUTE_OPENED, model.KindDISPUTE_DECIDED, model.KindPAID, model.KindREFUNDED, model.KindRESERVED, model.KindNO_SHOW,
		model.KindDEDUCTION_FAILED, model.KindCHARGE_DECIDED,
	} {
		for _, in := range []language.Language{language.English, language.Chinese} {
			title := (&notice.Notice{Kind: kind, Plate: "粤B12345"}).Title(in)
			if title == "" || seen[title] {
				t.Errorf("%s is called %q", kind, title)
			}
			seen[title] = true
		}
	}
}
