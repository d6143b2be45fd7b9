package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"parkbff/internal/viewer"
)

const memoryFile = "demo.json"

// memory is what a start must know of those before it: since when the accounts park, and under which
// sign-ins they were settled. Row ids only; nothing in it opens anything.
type memory struct {
	Since   time.Time                `json:"since"`
	SignIns map[viewer.Tier]signedIn `json:"signIns"`
}

type signedIn struct {
	Account int64 `json:"account"`
	SignIn  int64 `json:"signIn"`
}

// recall reads the memory in a folder; where there is none, it is empty.
func recall(folder string) (memory, error) {
	m := memory{}
	text, err := os.ReadFile(filepath.Join(folder, memoryFile))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return memory{}, fmt.Errorf("read what the demo remembers: %w", err)
	}
	if m.SignIns == nil {
		m.SignIns = map[viewer.Tier]signedIn{}
	}
	return m, nil
}

// keep writes the memory whole or not at all.
func (m memory) keep(folder string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write what the demo remembers: %w", err)
	}
	fresh := filepath.Join(folder, memoryFile+".new")
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		return fmt.Errorf("write what the demo remembers: %w", err)
	}
	if err := os.Rename(fresh, filepath.Join(folder, memoryFile)); err != nil {
		return fmt.Errorf("write what the demo remembers: %w", err)
	}
	return nil
}
