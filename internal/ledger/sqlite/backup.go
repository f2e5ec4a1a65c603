package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Dump writes the database, as it is at one moment, as a database file. A copy of it lies
// beside the database meanwhile.
func (s *Store) Dump(ctx context.Context, begin func([]ledger.WorkspaceRow) (io.Writer, error)) error {
	dir, err := os.MkdirTemp(filepath.Dir(s.path), "backup-*") // mode 0700
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "copy.db")
	if _, err := s.readers.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	rows, err := inspect(ctx, path)
	if err != nil {
		return fmt.Errorf("look at the copy: %w", err)
	}
	w, err := begin(rows)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, reader{ctx, f})
	return errors.Join(err, f.Close())
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// inspect checks a database file that nobody writes to, and returns its workspaces.
func inspect(ctx context.Context, path string) ([]ledger.WorkspaceRow, error) {
	db, err := sql.Open("sqlite", fileURL(path)+"?mode=ro&immutable=1")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if err := integrity(ctx, db); err != nil {
		return nil, err
	}
	return workspaces(ctx, db)
}

func fileURL(path string) string { return "file:" + (&url.URL{Path: path}).EscapedPath() }

// Check lets SQLite look through the whole file and returns what it finds wrong.
func (s *Store) Check(ctx context.Context) error { return integrity(ctx, s.readers) }

func integrity(ctx context.Context, db *sql.DB) error {
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("the database file is damaged: %s", found)
	}
	return nil
}

// Restore fills the database at path, which it makes if there is none, with what Dump
// wrote: whole or not at all.
//
// Errors: fault.Conflict if another process has the database open, or if it holds a
// workspace.
func Restore(ctx context.Context, path string, from io.Reader) error {
	dir, err := os.MkdirTemp(filepath.Dir(path), "restore-*") // mode 0700
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	unpacked := filepath.Join(dir, "copy.db")
	f, err := os.OpenFile(unpacked, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, reader{ctx, from})
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if _, err := inspect(ctx, unpacked); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(path, 0)+"&_pragma=locking_mode(EXCLUSIVE)")
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return inUse(path, err)
	}
	defer conn.Close()
	if err := claim(ctx, conn); err != nil {
		return inUse(path, err)
	}
	return conn.Raw(func(c any) error { return replace(c.(driver.Conn), unpacked) })
}

// claim keeps every other process from the database, as long as conn is open, and makes
// sure that it holds no workspace.
func claim(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `BEGIN EXCLUSIVE`); err != nil {
		return err
	}
	var tables, rows int
	err := conn.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'workspaces'`).Scan(&tables)
	if err == nil && tables > 0 {
		err = conn.QueryRowContext(ctx, `SELECT count(*) FROM workspaces`).Scan(&rows)
	}
	if err == nil && rows > 0 {
		err = fault.New(fault.Conflict, "the database holds %d workspaces; restore into an empty one", rows)
	}
	_, ended := conn.ExecContext(ctx, `COMMIT`) // the exclusive lock stays with the connection
	return errors.Join(err, ended)
}

func inUse(path string, err error) error {
	if isBusy(err) {
		return fault.Wrap(fault.Conflict, err, "%s is in use; stop the server and other commands first", path)
	}
	return err
}

// replace copies the database file at from into the open one, in one transaction.
func replace(into driver.Conn, from string) error {
	b, err := into.(interface {
		NewRestore(string) (*sqlite.Backup, error)
	}).NewRestore(fileURL(from) + "?mode=ro&immutable=1")
	if err != nil {
		return err
	}
	_, err = b.Step(-1)
	return errors.Join(err, b.Finish())
}
