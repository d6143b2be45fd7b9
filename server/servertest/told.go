package servertest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// leastHidden is the shortest text that is looked for inside of base64: many a word looks like it.
const leastHidden = 12

// inside64 is what a text inside of base64 is called, whatever its field: documents are sent as such.
const inside64 = "picture"

// Told is what each partner was told: every request that its stand-in received, in the words in which it was meant.
// Options.Overhear of a house is its Overhear.
type Told struct {
	mu   sync.Mutex
	said map[string]map[string][]string // by partner and name of the field, its values
}

// Overhear notes what a stand-in is asked, and has it answer.
func (o *Told) Overhear(partner string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		o.note(partner, r, body)
		h.ServeHTTP(w, r)
	})
}

func (o *Told) note(partner string, r *http.Request, body []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.said == nil {
		o.said = map[string]map[string][]string{}
	}
	if o.said[partner] == nil {
		o.said[partner] = map[string][]string{}
	}
	o.add(partner, "path", r.URL.Path)
	o.form(partner, r.URL.Query())
	for _, values := range r.Header {
		o.add(partner, "header", strings.Join(values, " "))
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // of another kind than a form, it is a text
	form, err := url.ParseQuery(string(body))
	if kind == "application/x-www-form-urlencoded" && err == nil {
		o.form(partner, form)
		return
	}
	if len(body) > 0 {
		o.text(partner, "", string(body))
	}
}

func (o *Told) form(partner string, form url.Values) {
	for name, values := range form {
		for _, value := range values {
			o.text(partner, name, value)
		}
	}
}

// text notes a value, and what is inside of one that holds others.
func (o *Told) text(partner, name, value string) {
	var inside any
	if json.Unmarshal([]byte(value), &inside) == nil {
		switch inside.(type) {
		case map[string]any, []any:
			o.values(partner, name, inside)
			return
		}
	}
	o.add(partner, name, value)
	if plain, err := base64.StdEncoding.DecodeString(value); err == nil && len(plain) >= leastHidden && utf8.Valid(plain) {
		o.text(partner, inside64, string(plain))
	}
}

func (o *Told) values(partner, name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for inner, v := range value {
			o.values(partner, strings.TrimPrefix(name+"."+inner, "."), v)
		}
	case []any:
		for _, v := range value {
			o.values(partner, name+"[]", v)
		}
	case string:
		o.text(partner, name, value)
	default:
		raw, _ := json.Marshal(value) // it was read as JSON
		o.add(partner, name, string(raw))
	}
}

func (o *Told) add(partner, name, value string) {
	o.said[partner][name] = append(o.said[partner][name], value)
}

// Partners are those who were told anything.
func (o *Told) Partners() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.said))
}

// Fields are the names of what a partner was told, but for path and headers, sorted.
func (o *Told) Fields(partner string) (names []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name := range o.said[partner] {
		if name != "path" && name != "header" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Names answers the fields of a partner in whose values a text stands.
func (o *Told) Names(partner, text string) (in []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, values := range o.said[partner] {
		if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, text) }) {
			in = append(in, name)
		}
	}
	slices.Sort(in)
	return in
}
