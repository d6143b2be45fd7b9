// Package place holds the published facts of a lot (P01), after APDS Place. They are public and
// describe no person.
package place

// Facts of a lot that its operator publishes.
type Facts struct {
	OpeningHours         string     `json:"openingHours,omitempty"`
	MaxHeightCentimetres int        `json:"maxHeightCentimetres,omitempty"` // 0: not stated
	EVBays               int        `json:"evBays,omitempty"`
	AccessibleBays       int        `json:"accessibleBays,omitempty"`
	Phone                string     `json:"phone,omitempty"`
	Entrances            []Entrance `json:"entrances,omitempty"`
	Pictures             []Picture  `json:"pictures,omitempty"`
}

// Entrance is where a car may drive in; coordinates as the lot's datum.
type Entrance struct {
	Name      string  `json:"name,omitempty"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Address   string  `json:"address,omitempty"`
}

// Picture of a lot, with the text that stands for it where it cannot be seen.
type Picture struct {
	URL     string `json:"url"`
	AltText string `json:"altText"`
}
