package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/throughline-pm/throughline/internal/config"
)

// secretKey returns the key that seals secrets: the one that was told, else the one in
// the data folder, which is made if there is none.
func secretKey(c *config.Config) ([]byte, error) {
	if c.SecretKey != "" {
		return []byte(c.SecretKey), nil
	}
	path := c.KeyFile()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := makeKey(path); err != nil {
			return nil, fmt.Errorf("make a secret key: %w", err)
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, err
	}
	key := strings.TrimSpace(string(text))
	if len(key) < 32 {
		return nil, fmt.Errorf("%s holds no key of at least 32 characters; put back the one of this installation", path)
	}
	return []byte(key), nil
}

// makeKey writes a key to path, whole or not at all. If another process is first, its
// key stays.
func makeKey(path string) error {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(key[:]) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}
