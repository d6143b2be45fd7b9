package vault

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	keyFileMode    = 0o600
	keyFileMaximum = 1 << 20 // bytes
)

// LoadKeys reads the key file that PARKBFF_KEYS names.
//
// Errors name that setting and the file, never its content: fs.ErrNotExist when there is none; a file
// that others may read is refused; so is a damaged one, which is never replaced, because every
// column, id and token of the store depends on it.
func LoadKeys(path string) (*Keys, error) {
	content, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("PARKBFF_KEYS: %w", err)
	}
	keys, err := decodeKeys(content)
	if err != nil {
		return nil, fmt.Errorf("PARKBFF_KEYS: %s is damaged, restore it from a backup: %w", path, err)
	}
	return keys, nil
}

// CreateKeys draws fresh keys and writes them to a new file, mode 0600, on disk when it returns. A
// file that exists is left alone (fs.ErrExist). random is crypto/rand.Reader outside tests.
func CreateKeys(path string, random io.Reader) (*Keys, error) {
	keys, err := NewKeys(random)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, keyFileMode)
	if err != nil {
		return nil, fmt.Errorf("PARKBFF_KEYS: %w", err)
	}
	if err := keys.writeTo(file); err != nil {
		_ = os.Remove(path) // half a key file would only stop the next start
		return nil, fmt.Errorf("PARKBFF_KEYS: %w", err)
	}
	return keys, syncFolder(path)
}

// Replace writes rotated keys over the key file. At no moment is there half a file under that name.
func (k *Keys) Replace(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return fmt.Errorf("PARKBFF_KEYS: %w", err)
	}
	if err := k.writeTo(file); err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("PARKBFF_KEYS: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("PARKBFF_KEYS: %w", err)
	}
	return syncFolder(path)
}

// writeTo writes, flushes to disk and closes.
func (k *Keys) writeTo(file *os.File) (err error) {
	defer func() {
		if closed := file.Close(); err == nil {
			err = closed
		}
	}()
	content, err := k.encode()
	if err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		return err
	}
	return file.Sync()
}

func readPrivate(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("others may read or write %s (mode %04o); set mode 0600", path, mode)
	}
	return io.ReadAll(io.LimitReader(file, keyFileMaximum))
}

// syncFolder makes the name of a new file survive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("PARKBFF_KEYS: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("PARKBFF_KEYS: %w", err)
	}
	return nil
}
