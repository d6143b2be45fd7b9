// Package migrations holds the scripts that make PostgreSQL's schema, oldest first. They are written by
// internal/store/cmd/newmigration, and never changed once released.
package migrations

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed *.sql
var files embed.FS

// Script is one step of the schema.
type Script struct {
	// Version is the time of writing, UTC, as the number yyyymmddhhmmss. It begins the file's name.
	Version int64
	// Name of the file.
	Name string
	// SQL is several statements, run in one transaction.
	SQL string
	// Checksum is the SHA-256 of SQL in hexadecimal.
	Checksum string
}

// All answers every script, oldest first.
func All() ([]Script, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("migrations: list: %w", err)
	}
	scripts := make([]Script, 0, len(names))
	for _, name := range names { // Glob sorts, and versions are of one length
		script, err := read(name)
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, script)
	}
	return scripts, nil
}

func read(name string) (Script, error) {
	text, err := files.ReadFile(name)
	if err != nil {
		return Script{}, fmt.Errorf("migrations: read: %w", err)
	}
	digits, _, _ := strings.Cut(name, "_")
	version, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || len(digits) != len("yyyymmddhhmmss") {
		return Script{}, fmt.Errorf("migrations: %s does not begin with its time", name)
	}
	sum := sha256.Sum256(text)
	return Script{Version: version, Name: name, SQL: string(text), Checksum: hex.EncodeToString(sum[:])}, nil
}
