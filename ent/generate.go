// Package ent is the model: what is generated from ent/schema, and the versioned migrations.
package ent

//go:generate go tool ent generate --feature privacy,sql/modifier,sql/upsert,sql/lock,sql/versioned-migration,sql/execquery ./schema
