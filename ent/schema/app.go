package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// AppRelease is what is out for one platform: the least version that still works, and the newest (R088).
type AppRelease struct{ ent.Schema }

// Mixin of AppRelease.
func (AppRelease) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of AppRelease. package_sha256 lets an app check what it downloads, where one is downloaded.
func (AppRelease) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("platform").Values("WECHAT_MINI", "ALIPAY_MINI", "H5", "IOS", "ANDROID").Immutable(),
		field.String("minimum"),
		field.String("latest"),
		field.String("package_sha256").Optional(),
		field.Time("published_at"),
	}
}

// Indexes of AppRelease.
func (AppRelease) Indexes() []ent.Index { return []ent.Index{index.Fields("platform").Unique()} }

// Policy of AppRelease.
func (AppRelease) Policy() ent.Policy { return policy.Published() }

// FeatureSwitch turns something on or off in clients that are out already (P06).
type FeatureSwitch struct{ ent.Schema }

// Mixin of FeatureSwitch.
func (FeatureSwitch) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of FeatureSwitch. since is the least version of the client that knows the feature.
func (FeatureSwitch) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").Immutable(),
		field.Enum("platform").Values("WECHAT_MINI", "ALIPAY_MINI", "H5", "IOS", "ANDROID").Immutable(),
		field.Bool("on"),
		field.String("since").Optional(),
		field.Time("changed_at"),
	}
}

// Indexes of FeatureSwitch.
func (FeatureSwitch) Indexes() []ent.Index {
	return []ent.Index{index.Fields("name", "platform").Unique()}
}

// Policy of FeatureSwitch.
func (FeatureSwitch) Policy() ent.Policy { return policy.Published() }
