package appconfig

import (
	"context"
	"fmt"
	"regexp"

	"parkbff/ent"
	"parkbff/ent/apprelease"
	"parkbff/ent/featureswitch"
	"parkbff/internal/viewer"
)

// Release is what is out for one platform. PackageSha256 is hex, or empty where nothing is downloaded.
type Release struct {
	Platform      apprelease.Platform
	Minimum       string
	Latest        string
	PackageSha256 string
}

var (
	digest  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	feature = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
)

func (r Release) check() error {
	switch {
	case !isVersion(r.Minimum):
		return InvalidVersion.At("minimumVersion")
	case !isVersion(r.Latest), older(r.Latest, r.Minimum):
		return InvalidVersion.At("latestVersion")
	case r.PackageSha256 != "" && !digest.MatchString(r.PackageSha256):
		return InvalidDigest
	}
	return nil
}

// Publish records a release, for administrators with a second factor, and answers what a client of the
// newest version is told. Errors: FORBIDDEN; STEP_UP_REQUIRED; INVALID_VERSION; INVALID_DIGEST.
func (s *Service) Publish(ctx context.Context, r Release) (*Config, error) {
	if err := s.mayPublish(ctx); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	err := s.write(ctx, "publish a release", func(ctx context.Context, tx *ent.Tx) error {
		return tx.AppRelease.Create().SetPlatform(r.Platform).SetMinimum(r.Minimum).SetLatest(r.Latest).
			SetPackageSha256(r.PackageSha256).SetPublishedAt(s.clock.Now()).
			OnConflictColumns(apprelease.FieldPlatform).UpdateNewValues().Exec(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("publish a release: %w", err)
	}
	return s.Of(ctx, r.Platform, r.Latest)
}

// Feature turns something on or off on one platform. Since is the least version that knows it, or empty.
type Feature struct {
	Name     string
	Platform featureswitch.Platform
	On       bool
	Since    string
}

func (f Feature) check() error {
	switch {
	case !feature.MatchString(f.Name):
		return InvalidFeature
	case f.Since != "" && !isVersion(f.Since):
		return InvalidVersion.At("since")
	}
	return nil
}

// Switch records it. Viewer, answer and errors are those of Publish; INVALID_FEATURE.
func (s *Service) Switch(ctx context.Context, f Feature) (*Config, error) {
	if err := s.mayPublish(ctx); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	err := s.write(ctx, "switch a feature", func(ctx context.Context, tx *ent.Tx) error {
		return tx.FeatureSwitch.Create().SetName(f.Name).SetPlatform(f.Platform).SetOn(f.On).SetSince(f.Since).
			SetChangedAt(s.clock.Now()).
			OnConflictColumns(featureswitch.FieldName, featureswitch.FieldPlatform).UpdateNewValues().Exec(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("switch a feature: %w", err)
	}
	platform := apprelease.Platform(f.Platform)
	told, err := s.Of(ctx, platform, none)
	if err != nil {
		return nil, err
	}
	return s.Of(ctx, platform, told.LatestVersion)
}

func (s *Service) mayPublish(ctx context.Context) error {
	if _, err := s.office.Office(ctx, viewer.Admin); err != nil {
		return err
	}
	return s.office.SteppedUp(ctx)
}

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.store.WithTx(viewer.AsSystem(ctx, job), fn)
}
