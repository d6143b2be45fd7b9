// Package appconfig tells clients what they must know when they start: which versions are out, and which
// features are switched on (R088, P06).
package appconfig

// Config is what one client is told.
type Config struct {
	MinimumVersion  string
	LatestVersion   string
	UpdateRequired  bool
	UpdateAvailable bool
	PackageSha256   *string
	Switches        []Switch
}

// Switch is a feature that is on or off.
type Switch struct {
	Name string
	On   bool
}
