package edge

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// Limits of an upload, in bytes but for the number of files.
const (
	maxFile       = 6 << 20  // more than any upload may have, so that the service refuses it by its own code
	maxFiles      = 20       // the driving licences of a fleet's vehicles; all of them within maxUpload
	maxOperations = 64 << 10 // of the parts `operations` and `map`, each
	maxUpload     = 2*maxFile + 256<<10
	uploadTime    = 60 * time.Second
)

// readUpload takes the parameters and the files out of a multipart request. Files stay in memory: they
// are identity documents, and a temporary file could outlive the process.
func (g *GraphQL) readUpload(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	if !preflighted(r.Header) {
		return nil, bad(needsPreflight)
	}
	if r.ContentLength > maxUpload {
		return nil, &refusal{http.StatusRequestEntityTooLarge, tooLarge}
	}
	select {
	case g.uploads <- struct{}{}:
		defer func() { <-g.uploads }()
	default:
		return nil, &refusal{http.StatusTooManyRequests, tooManyUploads}
	}
	// A phone's uplink is slow; without the server's deadline this one still ends.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime))
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, bad(badRequest)
	}
	return readParts(parts)
}

// readParts reads `operations`, `map` and the files, in the order that the specification demands.
func readParts(parts *multipart.Reader) (*graphql.RawParams, *refusal) {
	operations, err := part(parts, "operations", maxOperations)
	if err != nil {
		return nil, unreadable(err)
	}
	params, no := parameters(operations)
	if no != nil {
		return nil, no
	}
	text, err := part(parts, "map", maxOperations)
	if err != nil {
		return nil, unreadable(err)
	}
	var places map[string][]string
	if decode(text, &places) != nil || len(places) > maxFiles {
		return nil, bad(badRequest.At("map"))
	}
	if err := readFiles(parts, places, params.Variables); err != nil {
		return nil, unreadable(err)
	}
	return params, nil
}

// part reads the next part, which must bear the name.
func part(parts *multipart.Reader, name string, limit int64) ([]byte, error) {
	p, err := parts.NextPart()
	if err != nil {
		return nil, err
	}
	if p.FormName() != name {
		return nil, badRequest.At(name)
	}
	return limited(p, limit)
}

func limited(from io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = &http.MaxBytesError{Limit: limit}
	}
	return content, err
}

// readFiles puts every file of the map into its places, and demands every one.
func readFiles(parts *multipart.Reader, places map[string][]string, variables map[string]any) error {
	for {
		p, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF) && len(places) == 0:
			return nil
		case errors.Is(err, io.EOF):
			return badRequest.At("map")
		case err != nil:
			return err
		}
		paths, expected := places[p.FormName()]
		if !expected || len(paths) == 0 || len(paths) > maxFiles {
			return badRequest.At("map")
		}
		delete(places, p.FormName())
		content, err := limited(p, maxFile)
		if err != nil {
			return err
		}
		for _, path := range paths {
			if !place(variables, path, file(p, content)) {
				return badRequest.At("map")
			}
		}
	}
}

func file(p *multipart.Part, content []byte) graphql.Upload {
	return graphql.Upload{
		File: bytes.NewReader(content), Size: int64(len(content)),
		Filename: p.FileName(), ContentType: p.Header.Get("Content-Type"),
	}
}

// place puts the file where the path says (`variables.input.idCard`, `variables.files.0`), which must
// be a null of the variables.
func place(variables map[string]any, path string, f graphql.Upload) bool {
	steps := strings.Split(path, ".")
	if len(steps) < 2 || steps[0] != "variables" {
		return false
	}
	var at any = variables
	for i, step := range steps[1:] {
		next, set := into(at, step)
		if set == nil {
			return false
		}
		if i == len(steps)-2 {
			if next != nil {
				return false
			}
			set(f)
			return true
		}
		at = next
	}
	return false
}

// into looks one step into a JSON value: what stands there, and how to replace it. Set is nil when
// there is no such place.
func into(at any, step string) (there any, set func(any)) {
	switch in := at.(type) {
	case map[string]any:
		if there, ok := in[step]; ok {
			return there, func(v any) { in[step] = v }
		}
	case []any:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(in) {
			return in[i], func(v any) { in[i] = v }
		}
	}
	return nil, nil
}
