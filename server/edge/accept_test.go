package edge_test

import (
	"net/http"
	"testing"
)

const (
	young = "application/graphql-response+json"
	old   = "application/json"
)

func TestTheAnswerIsOfTheTypeThatTheClientLikesBest(t *testing.T) {
	h := newHouse(t)
	for accept, want := range map[string]string{
		"": old, "*/*": old, "application/*": old, old: old, young: young,
		"text/html,application/xhtml+xml,*/*;q=0.8":        old,
		young + ", " + old + ";q=0.9":                      young,
		old + ", " + young:                                 young, // equals
		young + ";q=0.9, " + old:                           old,
		young + ";q=0.5, */*":                              old,
		young + ";q=0.5, */*;q=0.4":                        young,
		young + ";q=0, */*":                                old,
		old + ";q=0, */*":                                  young,
		"APPLICATION/GraphQL-Response+JSON; Charset=UTF-8": young,
		young + ";charset=gbk, " + old:                     old,
		young + ";q=nonsense":                              young,
		young + ";q=7, " + old + ";q=0.1":                  young,
		"application/*;q=0.3, " + young + ";q=0.2":         old,
		";;;": old, // as if it were not there
		"multipart/mixed;deferSpec=20220824, " + young: young,
	} {
		got := h.asks(`{ whoami }`, "Accept", accept).is(http.StatusOK, `"data"`).header
		if got.Get("Content-Type") != want+"; charset=utf-8" || got.Get("Vary") != "Accept, Accept-Language" {
			t.Errorf("accepting %q: %s, vary %s", accept, got.Get("Content-Type"), got.Get("Vary"))
		}
	}
}

func TestAcceptMayComeInSeveralFields(t *testing.T) {
	got := newHouse(t).asks(`{ whoami }`, "Accept", "text/html", "Accept", young)
	if got.header.Get("Content-Type") != young+"; charset=utf-8" {
		t.Errorf("got %s", got.header.Get("Content-Type"))
	}
}

func TestWhoTakesNoJSONIsToldSoBeforeAnythingIsCarriedOut(t *testing.T) {
	h := newHouse(t)
	for _, accept := range []string{
		"text/html", "application/xml, text/*", "*/*;q=0", young + ";q=0, " + old + ";q=0.0", old + ";charset=gbk", "application/json-seq",
	} {
		got := h.asks(`mutation { remember(input: {text: "`+plate+`"}) }`, "Accept", accept).
			is(http.StatusNotAcceptable, coded("NOT_ACCEPTABLE")).hides(plate)
		if got.header.Get("Content-Type") != old+"; charset=utf-8" {
			t.Errorf("accepting %q: %s", accept, got.header.Get("Content-Type"))
		}
	}
}
