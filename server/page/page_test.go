package page

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestThePageIsServedWithItsTypePolicyAndTag(t *testing.T) {
	for address, contentType := range map[string]string{
		"/": "text/html; charset=utf-8", "/page/main.js": "text/javascript; charset=utf-8",
		"/page/base.css": "text/css; charset=utf-8", "/page/icon.svg": "image/svg+xml",
	} {
		response := get(t, address, nil)
		header := response.Header
		if response.StatusCode != http.StatusOK || header.Get("Content-Type") != contentType {
			t.Errorf("%s: %d %s", address, response.StatusCode, header.Get("Content-Type"))
		}
		if header.Get("Cache-Control") != "no-cache" || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", address, header)
		}
		if p := header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "unsafe") {
			t.Errorf("%s: policy %s", address, p)
		}
		again := get(t, address, http.Header{"If-None-Match": {header.Get("ETag")}})
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %d when it has not changed", address, again.StatusCode)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	for _, address := range []string{"/page/", "/page/index.html", "/page/none.js", "/static/main.js", "/page/../page.go", "/other"} {
		if response := get(t, address, nil); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", address, response.StatusCode)
		}
	}
}

func TestThePageIsReadOnly(t *testing.T) {
	response := httptest.NewRecorder()
	handler(t).ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/", nil))
	if response.Code != http.StatusMethodNotAllowed {
		t.Error(response.Code)
	}
}

// outside matches addresses of other hosts. Namespaces of SVG and HTML are names and are never fetched.
var outside = regexp.MustCompile(`(?i)(?:https?:|wss?:)?//[a-z0-9]`)

func TestNoFileRefersToAnotherHost(t *testing.T) {
	for address, f := range files(t) {
		text := strings.ReplaceAll(string(f.body), "http://www.w3.org/2000/svg", "")
		for number, line := range strings.Split(text, "\n") {
			if found := outside.FindString(line); found != "" && !isComment(line) {
				t.Errorf("%s:%d refers to %s", address, number+1, found)
			}
		}
	}
}

func isComment(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "// ") }

var (
	imports    = regexp.MustCompile(`(?m)(?:^|\s)(?:import|from)\s*\(?\s*['"]([^'"]+)['"]`)
	references = regexp.MustCompile(`(?:src|href)="([^"#]+)"|url\(['"]?([^'")]+)`)
)

func TestEveryImportAndReferenceIsThere(t *testing.T) {
	all := files(t)
	served := func(name string) bool {
		switch name {
		case "/schema.graphql", "/livez", "/readyz": // of the program, beside the page
			return true
		}
		return all[name] != nil
	}
	checked := 0
	for address, f := range all {
		for _, found := range imports.FindAllStringSubmatch(string(f.body), -1) {
			if !strings.HasPrefix(found[1], "./") || !served(path.Join(path.Dir(address), found[1])) {
				t.Errorf("%s imports %s", address, found[1])
			}
			checked++
		}
		for _, found := range references.FindAllStringSubmatch(string(f.body), -1) {
			if name := found[1] + found[2]; !served(name) {
				t.Errorf("%s refers to %s", address, name)
			}
			checked++
		}
	}
	if checked < 20 {
		t.Errorf("only %d references found: the patterns no longer fit", checked)
	}
}

func TestNothingInThePageNeedsAnInlineScriptOrStyle(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:\s[^>]*)?>[^<\s]|javascript:|innerHTML|\beval\(`)
	for address, f := range files(t) {
		if found := inline.FindString(string(f.body)); found != "" {
			t.Errorf("%s contains %q", address, found)
		}
	}
}

func TestEveryWordOfThePageHasBothLanguages(t *testing.T) {
	all := files(t)
	known := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^\s+'?([\w.]+)'?: \[\s*'[^'\n]+',\s+['"]`).FindAllStringSubmatch(string(all["/page/words.js"].body), -1) {
		known[found[1]] = true
	}
	for address, f := range all {
		for _, found := range regexp.MustCompile(`data-word(?:-\w+)?="([^"]+)"|\bword\('([^']+)'\)`).FindAllStringSubmatch(string(f.body), -1) {
			if key := found[1] + found[2]; !known[key] {
				t.Errorf("%s uses the word %s, which words.js lacks", address, key)
			}
		}
	}
	if len(known) < 40 {
		t.Errorf("only %d words found", len(known))
	}
}

func files(t *testing.T) map[string]*file {
	t.Helper()
	all, err := load(static)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func handler(t *testing.T) http.Handler {
	t.Helper()
	h, err := Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(t *testing.T, address string, header http.Header) *http.Response {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.URL.Path = address
	for key, values := range header {
		request.Header[key] = values
	}
	response := httptest.NewRecorder()
	handler(t).ServeHTTP(response, request)
	result := response.Result()
	_, _ = io.Copy(io.Discard, result.Body) // a recorder's body cannot fail
	return result
}
