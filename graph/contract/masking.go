package contract

import (
	"parkbff/graph/directive"
	"parkbff/internal/viewer"
)

// MaskingRule says how one field is masked, and the fact that lifts the mask (R094).
type MaskingRule struct {
	Type    string
	Field   string
	Formula directive.Formula
	Unless  viewer.Fact
}
