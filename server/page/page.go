// Package page serves the one web page of the program: what is there, and what each tier sees of it. It
// is plain HTML, CSS and ES modules, embedded and without a build step, and asks nothing of any other
// host. It is a client of the public API like any other.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

const (
	front = "index.html"
	// prefix is where every file but the front page is found.
	prefix = "/page/"
	// policy lets the page load from and talk to its own host only; 'self' covers its WebSocket.
	policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// contentTypes are set here, because the tables of the machine differ.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// file is one embedded file, ready to be sent.
type file struct {
	body        []byte
	contentType string
	tag         string // ETag, of the content
}

// Handler serves the page at / and its files below /page/. Every other path is not found, and methods
// other than GET and HEAD are refused. Files are checked for a newer version with each use, which costs
// an empty answer.
// An error is a mistake in what was embedded.
func Handler() (http.Handler, error) {
	files, err := load(static)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		f.serve(w, r)
	}), nil
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", f.tag)
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}

// load answers the files by the paths they are served at.
func load(from fs.FS) (map[string]*file, error) {
	files := map[string]*file{}
	err := fs.WalkDir(from, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		contentType, ok := contentTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("%s is of no known type", name)
		}
		sum := sha256.Sum256(body)
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		files[servedAt(strings.TrimPrefix(name, "static/"))] = &file{body: body, contentType: contentType, tag: tag}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the page: %w", err)
	}
	return files, nil
}

func servedAt(name string) string {
	if name == front {
		return "/"
	}
	return prefix + name
}
