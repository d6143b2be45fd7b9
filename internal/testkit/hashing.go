package testkit

import "github.com/alexedwards/argon2id"

// LightHashing is what a password costs in tests that are not about passwords: next to nothing.
func LightHashing() *argon2id.Params {
	return &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}
