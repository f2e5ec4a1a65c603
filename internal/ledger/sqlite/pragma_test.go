package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
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
