package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// TestEveryConnectionIsDurable takes as many connections as the pools give and reads back
// what makes a commit durable: SQLite keeps synchronous by connection, not by file.
func TestEveryConnectionIsDurable(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "odd name? 100%.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	check := func(name string, conn *sql.Conn) {
		t.Helper()
		for pragma, want := range map[string]string{
			"PRAGMA synchronous": "2", "PRAGMA journal_mode": "wal", "PRAGMA wal_autocheckpoint": "0",
		} {
			var have string
			if err := conn.QueryRowContext(ctx, pragma).Scan(&have); err != nil || have != want {
				t.Errorf("%s: %s is %q, want %s: %v", name, pragma, have, want, err)
			}
		}
	}
	// one of the readers is with the watcher
	if most := s.readers.Stats().MaxOpenConnections; most < 2 {
		t.Fatalf("the pool has %d connections", most)
	}
	var readers []*sql.Conn
	for i := range s.readers.Stats().MaxOpenConnections - 1 {
		c, err := s.readers.Conn(ctx)
		if err != nil {
			t.Fatalf("reader %d: %v", i, err)
		}
		readers = append(readers, c)
		check("reader", c)
	}
	for _, c := range readers {
		c.Close()
	}
	var records []*sql.Conn
	for i := range s.DB().Stats().MaxOpenConnections {
		c, err := s.DB().Conn(ctx)
		if err != nil {
			t.Fatalf("records %d: %v", i, err)
		}
		records = append(records, c)
		check("records", c)
	}
	for _, c := range records {
		c.Close()
	}
	// the writer, and the one that takes its place after an error
	for range 2 {
		if err := s.acquire(ctx); err != nil {
			t.Fatal(err)
		}
		check("writer", s.conn)
		before := identity(t, s.conn)
		s.dropConn()
		s.release()
		if err := s.acquire(ctx); err != nil {
			t.Fatal(err)
		}
		if identity(t, s.conn) == before {
			t.Error("a dropped connection is used again")
		}
		s.release()
	}
}

// identity returns what tells driver connections apart.
func identity(t *testing.T, c *sql.Conn) (same any) {
	t.Helper()
	if err := c.Raw(func(conn any) error { same = conn; return nil }); err != nil {
		t.Fatal(err)
	}
	return same
}

// TestRecordsAreCheckpointed: slices alone write, and the log does not grow for ever.
func TestRecordsAreCheckpointed(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.DB().ExecContext(ctx, `CREATE TABLE lines(line TEXT)`); err != nil {
		t.Fatal(err)
	}
	for range 80 { // each of some 500 pages
		if _, err := s.DB().ExecContext(ctx, `INSERT INTO lines VALUES (hex(randomblob(1000000)))`); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DB().ExecContext(ctx, `DELETE FROM lines`); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(2 * walPages * 4096); info.Size() > most {
		t.Errorf("the log has %d bytes", info.Size())
	}
}

// TestABrokenFileIsNotWritten: what failed for the kernel has failed for the slices too.
func TestABrokenFileIsNotWritten(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.note(ledger.ErrBroken)
	if _, err := s.DB().ExecContext(ctx, `CREATE TABLE lines(line TEXT)`); !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("a slice writes: %v", err)
	}
	if _, err := s.Lease(ctx, "x", [16]byte{1}, 1, 2); !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("the kernel writes: %v", err)
	}
	if err := s.DB().QueryRowContext(ctx, `SELECT count(*) FROM record_migrations`).Scan(new(int)); err != nil {
		t.Errorf("nobody reads: %v", err)
	}
}

// TestClosesAfterAnError: the connection is gone and must not be missed.
func TestClosesAfterAnError(t *testing.T) {
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.write(t.Context(), func() error { return s.exec(t.Context(), "SELECT nothing") }); err == nil {
		t.Fatal("nonsense is taken")
	}
	if _, err := s.Lease(t.Context(), "x", [16]byte{1}, 1, 2); err != nil {
		t.Errorf("after an error: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
