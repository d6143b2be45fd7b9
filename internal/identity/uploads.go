package identity

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"mime"
	"net/http"
	"slices"

	"parkbff/internal/fault"
)

// Picture is an upload: what it was taken for, what the client says it is (a media type, or empty) and what
// it holds.
type Picture struct {
	Purpose   UploadPurpose
	MediaType string
	Content   io.Reader
}

// Most that a picture may have. A small file can be made to unfold into more than a reader's memory.
const (
	maxSide   = 10_000 // pixels
	maxPixels = 50_000_000
)

const typeJSON = "application/json"

// frames read a picture's size and nothing else of it.
var frames = map[string]func(io.Reader) (image.Config, error){
	"image/jpeg": jpeg.DecodeConfig,
	"image/png":  png.DecodeConfig,
}

// otherNames are media types by which clients call others.
var otherNames = map[string]string{"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg"}

// takenFor checks that pictures were taken for one purpose, and are used for nothing else (R066).
// Error: BAD_USER_INPUT.
func takenFor(purpose UploadPurpose, pictures ...Picture) error {
	for _, p := range pictures {
		if p.Purpose != purpose {
			return fault.BadInput.At("purpose")
		}
	}
	return nil
}

// readDocument reads a document's picture whole and checks that it is one that the reader takes; see
// readPicture for the copy it answers. What the content is counts, and the client must not call it otherwise.
//
// Errors: DOCUMENT_EMPTY; DOCUMENT_TOO_LARGE; DOCUMENT_TYPE_REFUSED.
func (s *Service) readDocument(p Picture) ([]byte, error) {
	content, err := readPicture(p.Content)
	if err == nil {
		err = s.checkDocument(content, p.MediaType)
	}
	if err != nil {
		clear(content)
		return nil, err
	}
	return content, nil
}

func (s *Service) checkDocument(content []byte, declared string) error {
	if len(content) == 0 {
		return DocumentEmpty
	}
	is := typeOf(content)
	if !slices.Contains(s.reader.Takes(), is) || !agrees(declared, is) {
		return DocumentTypeRefused
	}
	frame, isPicture := frames[is]
	if !isPicture {
		return nil
	}
	size, err := frame(bytes.NewReader(content))
	switch {
	case err != nil || size.Width <= 0 || size.Height <= 0:
		return DocumentTypeRefused // the decoder's error may quote the picture
	case size.Width > maxSide || size.Height > maxSide || size.Width*size.Height > maxPixels:
		return DocumentTooLarge
	}
	return nil
}

// typeOf tells a media type by the content (WHATWG MIME Sniffing), and JSON apart from other text.
func typeOf(content []byte) string {
	found, _, _ := mime.ParseMediaType(http.DetectContentType(content)) // always one that can be parsed
	if found == "text/plain" && json.Valid(content) {
		return typeJSON
	}
	return found
}

// agrees tells whether a declared type is the one that was found. Clients that know none declare nothing, or
// "bytes" (RFC 2046 section 4.5.1).
func agrees(declared, found string) bool {
	if declared == "" {
		return true
	}
	name, _, err := mime.ParseMediaType(declared)
	if usual, ok := otherNames[name]; ok {
		name = usual
	}
	return err == nil && (name == found || name == "application/octet-stream")
}
