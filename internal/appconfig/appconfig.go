// Package appconfig tells clients what they must know when they start: which versions are out, and which
// features are switched on (R088, P06).
package appconfig

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/mod/semver"

	"parkbff/ent"
	"parkbff/ent/apprelease"
	"parkbff/ent/featureswitch"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Config is what one client is told.
type Config struct {
	MinimumVersion  string
	LatestVersion   string
	UpdateRequired  bool
	UpdateAvailable bool
	PackageSha256   *string // of the newest package, in hex
	Switches        []Switch
}

// Switch is a feature that is on or off.
type Switch struct {
	Name string
	On   bool
}

// Faults of this package.
var (
	InvalidVersion = fault.New("INVALID_VERSION", "A version has three numbers, such as 3.1.0.")
	InvalidDigest  = fault.New("INVALID_DIGEST", "A SHA-256 has 64 hexadecimal digits.").At("packageSha256")
	InvalidFeature = fault.New("INVALID_FEATURE", "A feature's name has 1 to 40 lower-case letters, digits and hyphens.").At("name")
)

// none is the version of a platform for which nothing was published yet: every client is new enough.
const none = "0.0.0"

// Office tells whether the viewer is staff of the platform, and whether the second factor was passed.
type Office interface {
	Office(ctx context.Context, role viewer.Role) (*viewer.Viewer, error)
	SteppedUp(ctx context.Context) error
}

// ServiceConfig is what a Service is made of.
type ServiceConfig struct {
	Store  *store.Store
	Clock  clock.Clock
	Office Office
}

// Service is safe for concurrent use.
type Service struct {
	store  *store.Store
	clock  clock.Clock
	office Office
}

// New answers a service.
func New(c ServiceConfig) *Service { return &Service{store: c.Store, clock: c.Clock, office: c.Office} }

// Of answers what a client of a version is told. Switches are those that the version knows, by name.
// Error: INVALID_VERSION.
func (s *Service) Of(ctx context.Context, platform apprelease.Platform, version string) (*Config, error) {
	if !isVersion(version) {
		return nil, InvalidVersion.At("version")
	}
	db := s.store.Client(ctx)
	release, err := db.AppRelease.Query().Where(apprelease.PlatformEQ(platform)).Only(ctx)
	if ent.IsNotFound(err) {
		release, err = &ent.AppRelease{Minimum: none, Latest: none}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the release: %w", err)
	}
	switches, err := db.FeatureSwitch.Query().Where(featureswitch.PlatformEQ(featureswitch.Platform(platform))).
		Order(featureswitch.ByName()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the switches: %w", err)
	}
	told := &Config{
		MinimumVersion: release.Minimum, LatestVersion: release.Latest,
		UpdateRequired: older(version, release.Minimum), UpdateAvailable: older(version, release.Latest),
		Switches: []Switch{},
	}
	if release.PackageSha256 != "" {
		told.PackageSha256 = &release.PackageSha256
	}
	for _, feature := range switches {
		if feature.Since == "" || !older(version, feature.Since) {
			told.Switches = append(told.Switches, Switch{feature.Name, feature.On})
		}
	}
	return told, nil
}

// isVersion holds for three numbers with points between them (https://semver.org without labels).
func isVersion(version string) bool {
	return len(version) <= 20 && strings.Count(version, ".") == 2 && semver.IsValid("v"+version) &&
		semver.Prerelease("v"+version) == "" && semver.Build("v"+version) == ""
}

func older(version, than string) bool { return semver.Compare("v"+version, "v"+than) < 0 }
