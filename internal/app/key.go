package app

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// secretKey returns the key that seals secrets: the one that was told, else the one in
// the data folder, which is made if there is none.
func secretKey(c *config.Config, log *slog.Logger) ([]byte, error) {
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
	if err := closeToOthers(path, 0o600, log); err != nil {
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

//go:embed migrations/*.sql
var migrations embed.FS

// keyMark is the name under which a database keeps the mark of its key.
const keyMark = "secret key"

// matchKey refuses a key other than the one that sealed what the database holds: a node
// without its data folder would else make a key of its own, and a part of the secrets
// could be read by nobody. The mark tells nothing of the key.
func matchKey(ctx context.Context, db *sql.DB, key []byte) error {
	if err := ledger.MigrateRecords(ctx, db, "app", migrations); err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("mark of the secret key"))
	ours := hex.EncodeToString(mac.Sum(nil))
	const read = `SELECT value FROM installation WHERE name = $1`
	var mark string
	err := db.QueryRowContext(ctx, read, keyMark).Scan(&mark)
	if errors.Is(err, sql.ErrNoRows) {
		if _, err := db.ExecContext(ctx, `INSERT INTO installation(name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, keyMark, ours); err != nil {
			return err
		}
		err = db.QueryRowContext(ctx, read, keyMark).Scan(&mark)
	}
	if err != nil {
		return err
	}
	if mark != ours {
		return fault.New(fault.Conflict, "the secrets in this database were sealed with another secret key; "+
			"put back the key of this installation, by --secret-key or as secret.key in the data folder, "+
			"or give its secrets up with 'throughline migrate --adopt-key'")
	}
	return nil
}

// AdoptKey makes the key of the data folder, or the one that was told, the key of the
// database. What another key has sealed cannot be read any more.
func AdoptKey(ctx context.Context, c *config.Config, log *slog.Logger) error {
	if err := prepareFolder(c, false, log); err != nil {
		return err
	}
	engine, err := openEngine(ctx, c)
	if err != nil {
		return err
	}
	err = ledger.MigrateRecords(ctx, engine.DB(), "app", migrations)
	if err == nil {
		_, err = engine.DB().ExecContext(ctx, `DELETE FROM installation WHERE name = $1`, keyMark)
	}
	return errors.Join(err, engine.Close())
}
