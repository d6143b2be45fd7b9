package edge_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
)

const (
	storing = `{"query":"mutation($i: StoreInput!) { store(input: $i) }","variables":{"i":{"first":null,"second":null}}}`
	bothMap = `{"a":["variables.i.first"],"b":["variables.i.second"]}`
	oneMap  = `{"a":["variables.i.first"]}`
)

// form makes a multipart request of pairs of name and content; files are the parts after the first two.
func form(parts ...string) *http.Request {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(parts); i += 2 {
		header := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + parts[i] + `"`}}
		if i > 2 {
			header.Set("Content-Disposition", `form-data; name="`+parts[i]+`"; filename="`+plate+`.json"`)
		}
		p, err := w.CreatePart(header)
		if err != nil {
			panic(err)
		}
		_, _ = p.Write([]byte(parts[i+1]))
	}
	_ = w.Close()
	return with(post(w.FormDataContentType(), &body), "GraphQL-Preflight", "1")
}

// mapOf places n files where the first one goes.
func mapOf(n int) string {
	places := make([]string, n)
	for i := range places {
		places[i] = `"` + string(rune('a'+i)) + `":["variables.i.first"]`
	}
	return "{" + strings.Join(places, ",") + "}"
}

func TestTwoFilesArriveWithTheirMutation(t *testing.T) {
	h := newHouse(t)

	h.does(form("operations", storing, "map", bothMap, "a", "12345", "b", "678")).is(http.StatusOK, `"store":8`)
	h.does(form("operations", storing, "map", oneMap, "a", "12345")).is(http.StatusOK, `"store":5`)
}

func TestAnUploadFromAnotherSitesFormIsRefused(t *testing.T) {
	h := newHouse(t)
	r := form("operations", storing, "map", oneMap, "a", plate)
	r.Header.Del("GraphQL-Preflight")
	h.does(r).is(http.StatusBadRequest, coded("PREFLIGHT_REQUIRED")).hides(plate)

	r = form("operations", storing, "map", oneMap, "a", "1")
	r.Header.Del("GraphQL-Preflight")
	h.does(with(r, "Authorization", h.tokenOf(42))).is(http.StatusOK, `"store":1`)
}

func TestAnUploadThatIsNotOneIsRefusedAndNeverRepeated(t *testing.T) {
	h := newHouse(t)
	large := strings.Repeat(plate, (6<<20)/len(plate)+1)
	for name, test := range map[string]struct {
		request *http.Request
		status  int
		code    string
	}{
		"map first":              {form("map", oneMap, "operations", storing), 400, "BAD_REQUEST"},
		"no map":                 {form("operations", storing), 400, "BAD_REQUEST"},
		"broken operations":      {form("operations", `{"query": "`+plate, "map", oneMap, "a", "1"), 400, "BAD_REQUEST"},
		"a batch":                {form("operations", "["+storing+"]", "map", `{"a":["0.variables.i.first"]}`, "a", "1"), 400, "BATCHES_NOT_SUPPORTED"},
		"broken map":             {form("operations", storing, "map", plate, "a", "1"), 400, "BAD_REQUEST"},
		"unknown file":           {form("operations", storing, "map", oneMap, plate, plate), 400, "BAD_REQUEST"},
		"missing file":           {form("operations", storing, "map", bothMap, "a", "1"), 400, "BAD_REQUEST"},
		"path to nowhere":        {form("operations", storing, "map", `{"a":["variables.`+plate+`.0.x"]}`, "a", "1"), 400, "BAD_REQUEST"},
		"path into a list":       {form("operations", storing, "map", `{"a":["variables.i.0"]}`, "a", "1"), 400, "BAD_REQUEST"},
		"path outside":           {form("operations", storing, "map", `{"a":["query"]}`, "a", "1"), 400, "BAD_REQUEST"},
		"path over another file": {form("operations", storing, "map", `{"a":["variables.i.first","variables.i.first"]}`, "a", "1"), 400, "BAD_REQUEST"},
		"no path":                {form("operations", storing, "map", `{"a":[]}`, "a", "1"), 400, "BAD_REQUEST"},
		"no file at all":         {form("operations", storing, "map", oneMap), 400, "BAD_REQUEST"},
		"one file twice":         {form("operations", storing, "map", bothMap, "a", "1", "a", "2"), 400, "BAD_REQUEST"},
		"more than the map says": {form("operations", storing, "map", oneMap, "a", "1", "b", plate), 400, "BAD_REQUEST"},
		"file for no variable":   {form("operations", storing, "map", `{"a":["variables.i.`+plate+`"]}`, "a", "1"), 400, "BAD_REQUEST"},
		"map that is a list":     {form("operations", storing, "map", `["variables.i.first"]`, "a", "1"), 400, "BAD_REQUEST"},
		"file in three places":   {form("operations", storing, "map", `{"a":["variables.i.first","variables.i.second","variables.i.third"]}`, "a", "1"), 400, "BAD_REQUEST"},
		"name that climbs":       {form("operations", storing, "map", `{"../../`+plate+`":["variables.i.first"]}`, "a", "1"), 400, "BAD_REQUEST"},
		"21 files":               {form("operations", storing, "map", mapOf(21), "a", "1"), 400, "BAD_REQUEST"},
		"file too large":         {form("operations", storing, "map", oneMap, "a", large), 413, "PAYLOAD_TOO_LARGE"},
		"operations too large":   {form("operations", large, "map", oneMap), 413, "PAYLOAD_TOO_LARGE"},
		"all too large":          {form("operations", storing, "map", bothMap, "a", large+large+large, "b", "1"), 413, "PAYLOAD_TOO_LARGE"},
		"not multipart":          {with(post("multipart/form-data", strings.NewReader(plate)), "GraphQL-Preflight", "1"), 400, "BAD_REQUEST"},
		"broken off":             {with(post("multipart/form-data; boundary=b", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"operations\"\r\n\r\n"+plate)), "GraphQL-Preflight", "1"), 400, "BAD_REQUEST"},
	} {
		t.Run(name, func(t *testing.T) {
			h.does(test.request).is(test.status, coded(test.code)).hides(plate)
		})
	}
}

func TestAFileIsNoString(t *testing.T) {
	h := newHouse(t)
	echo := `{"query":"query($t: String!) { echo(text: $t) }","variables":{"t":null}}`

	h.does(form("operations", echo, "map", `{"a":["variables.t"]}`, "a", plate)).
		is(http.StatusOK, coded("GRAPHQL_VALIDATION_FAILED")).hides(plate)
	h.posts(strings.Replace(storing, `"first":null`, `"first":"`+plate+`"`, 1)).
		is(http.StatusOK, coded("BAD_USER_INPUT")).hides(plate)
}
