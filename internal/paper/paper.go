// Package paper renders documents that people open, as PDF. Equal documents are equal bytes.
package paper

import (
	_ "embed"
	"fmt"

	"github.com/signintech/gopdf"
	"golang.org/x/image/font/gofont/goregular"

	"parkbff/internal/fault"
)

// Faults of this package. Both name the field at fault, and repeat nothing of it.
var (
	// Invalid is answered for a document that cannot be what it says.
	Invalid = fault.New("DOCUMENT_INVALID", "The document is not complete, or contradicts itself.")
	// TooLong is answered for what finds no room on its sheet, however small it is written.
	TooLong = fault.New("DOCUMENT_TOO_LONG", "The text finds no room on the document.")
)

// chinese is Droid Sans Fallback (Apache-2.0, see font/LICENSE): the 20,902 characters of GBK and extension A,
// but no letters.
//
//go:embed font/DroidSansFallbackFull.ttf
var chinese []byte

// Fonts by what they are asked for first.
const (
	latinFont   = "latin"
	chineseFont = "chinese"
)

// unknown (下駄) is what printers put where they have no type for a character: readers see that one is missing.
const unknown = '〓'

// Press renders documents. It may be used by many goroutines at once, and holds a few megabytes.
type Press struct{ fonts gopdf.FontContainer }

// NewPress answers a press with its fonts read.
func NewPress() (*Press, error) {
	p := &Press{}
	for name, data := range map[string][]byte{latinFont: goregular.TTF, chineseFont: chinese} {
		if err := p.fonts.AddTTFFontData(name, data); err != nil {
			return nil, fmt.Errorf("paper: read the font: %w", err)
		}
	}
	return p, nil
}
