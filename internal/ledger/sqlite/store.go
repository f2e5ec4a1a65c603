// Package sqlite keeps a ledger in one SQLite file: the engine for a single node.
//
// Several processes may open the file at once, as a server and a command line do. The
// file is in WAL mode and every commit is synced to disk before it is acknowledged.
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/throughline-pm/throughline/internal/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store implements ledger.Store on one file.
type Store struct {
	path    string
	readers *sql.DB
	writers *sql.DB // one connection
	records *sql.DB // of the slices, see records.go

	lock      sync.Mutex // the process's one write transaction
	conn      *sql.Conn
	prepared  map[string]*sql.Stmt
	groups    int
	contended bool  // another process writes too
	failed    error // a sync's; there are no more writes

	changed chan struct{}
	stop    context.CancelFunc
	done    chan struct{}
}

var _ ledger.Store = (*Store)(nil)

// walPages is the length of the write-ahead log, in pages of 4 kB, from which it is
// copied into the database.
const walPages = 10000

func dsn(path string, busy time.Duration) string {
	q := url.Values{}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()))
	for _, p := range []string{
		"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-32768)",
		// the store checkpoints itself: SQLite would not report a failed sync there
		"wal_autocheckpoint(0)",
	} {
		q.Add("_pragma", p)
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Open opens or creates the database file and brings it to this program's schema. Its
// folder is made, readable by the owner alone, if it does not exist.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	s := &Store{path: path, changed: make(chan struct{}, 1), done: make(chan struct{}), prepared: map[string]*sql.Stmt{}}
	var err error
	if s.writers, err = sql.Open("sqlite", dsn(path, 0)); err != nil {
		return nil, err
	}
	s.writers.SetMaxOpenConns(1)
	if s.readers, err = sql.Open("sqlite", dsn(path, 5*time.Second)); err != nil {
		return nil, err
	}
	s.readers.SetMaxOpenConns(8)
	s.readers.SetMaxIdleConns(8)
	if err := s.openRecords(); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), s.closePools())
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	go s.watch(watch)
	return s, nil
}

// Close implements ledger.Store.
func (s *Store) Close() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.stop == nil {
		return nil
	}
	s.stop()
	<-s.done
	s.stop = nil
	s.dropConn()
	return s.closePools()
}

func (s *Store) closePools() error {
	return errors.Join(s.records.Close(), s.readers.Close(), s.writers.Close())
}

// Lanes implements ledger.Store: SQLite has one writer.
func (s *Store) Lanes() ledger.Lanes { return ledger.LaneADatabase }

// Changed implements ledger.Store.
func (s *Store) Changed() <-chan struct{} { return s.changed }

// watch looks every 50 ms whether another connection has written. data_version costs
// 4 µs and no lock.
func (s *Store) watch(ctx context.Context) {
	defer close(s.done)
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return // the ledger's poll does without
	}
	defer conn.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var v int64
		if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v); err != nil || v == last {
			continue
		}
		last = v
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
}

// migrate applies the migrations that the file has not had, all in one transaction.
// Numbers above this program's are left alone: a newer release only adds.
func (s *Store) migrate(ctx context.Context) error {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	// the usual case takes no lock, so a second process opens while the first one writes
	var have int
	err = s.readers.QueryRowContext(ctx, `SELECT count(*) FROM schema_migrations WHERE number <= ?`, len(files)).Scan(&have)
	if err == nil && have == len(files) {
		return nil
	}
	return s.write(ctx, func() error {
		if _, err := s.conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT`); err != nil {
			return err
		}
		for i, f := range files {
			var n int
			if err := s.conn.QueryRowContext(ctx, `SELECT count(*) FROM schema_migrations WHERE number = ?`, i+1).Scan(&n); err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			text, err := migrations.ReadFile("migrations/" + f.Name())
			if err != nil {
				return err
			}
			if _, err := s.conn.ExecContext(ctx, string(text)); err != nil {
				return fmt.Errorf("migration %s: %w", f.Name(), err)
			}
			if _, err := s.conn.ExecContext(ctx, `INSERT INTO schema_migrations VALUES(?, ?, ?)`, i+1, f.Name(), time.Now().UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
}

// acquire takes the process's write lock and a sound connection.
func (s *Store) acquire(ctx context.Context) error {
	s.lock.Lock()
	if s.failed != nil {
		s.lock.Unlock()
		return s.failed
	}
	if s.conn != nil {
		return nil
	}
	for {
		conn, err := s.writers.Conn(ctx)
		if err == nil {
			s.conn = conn
			return nil
		}
		// turning WAL on waits for nobody when the busy time is 0
		if !isBusy(err) || !pause(ctx, time.Millisecond) {
			s.lock.Unlock()
			return fmt.Errorf("connect to %s: %w", s.path, err)
		}
	}
}

func (s *Store) release() { s.lock.Unlock() }

// dropConn closes the write connection; the next write opens another.
func (s *Store) dropConn() {
	for _, st := range s.prepared {
		st.Close()
	}
	s.prepared = map[string]*sql.Stmt{}
	if s.conn != nil {
		// a connection whose last transaction failed is not to be used again
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
		s.conn.Close()
		s.conn = nil
	}
}

// immediate begins a write transaction on the kernel's connection.
func (s *Store) immediate(ctx context.Context) error {
	err := s.turn(ctx, func() error {
		_, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		return err
	})
	if err != nil && !isBusy(err) {
		return s.fail(err)
	}
	return err
}

// turn begins a write transaction, in turn with other processes. SQLite's own waiting
// backs off to 100 ms and starves one of two busy processes; asking again every 200 µs is
// fair, and a pause every 20 groups lets the other one in.
func (s *Store) turn(ctx context.Context, begin func() error) error {
	if s.groups++; s.contended && s.groups%20 == 0 {
		s.contended = false
		pause(ctx, time.Millisecond)
	}
	for {
		err := begin()
		if !isBusy(err) {
			return err
		}
		s.contended = true
		if !pause(ctx, 200*time.Microsecond) {
			return fmt.Errorf("another process keeps writing: %w: %w", ctx.Err(), err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Store) rollback() {
	if _, err := s.conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
		s.dropConn() // SQLite has rolled back itself, or cannot
	}
}

// stmt returns a prepared statement of the write connection.
func (s *Store) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if st := s.prepared[text]; st != nil {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, text)
	if err == nil {
		s.prepared[text] = st
	}
	return st, err
}

func (s *Store) exec(ctx context.Context, text string, args ...any) error {
	st, err := s.stmt(ctx, text)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx, args...)
	return err
}

// write runs f in a write transaction of its own: for records outside the journal.
func (s *Store) write(ctx context.Context, f func() error) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	if err := s.immediate(ctx); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = s.exec(ctx, "COMMIT")
	}
	if err != nil {
		return s.fail(err)
	}
	return nil
}

// fail takes the open transaction back and tells the kernel what its error means. Unless
// that is about the data, the connection goes too: one that was opened while files were
// short, for example, reads only, for ever.
func (s *Store) fail(err error) error {
	s.rollback()
	err = s.note(mapError(err))
	if !errors.Is(err, ledger.ErrData) && !errors.Is(err, ledger.ErrFull) {
		s.dropConn()
	}
	return err
}

// note returns err; after one that is ErrBroken the file is written no more, neither by the
// kernel nor by the slices: they share one write-ahead log, and what follows a frame that
// was lost in it is lost too.
func (s *Store) note(err error) error {
	if errors.Is(err, ledger.ErrBroken) {
		s.failed = err
	}
	return err
}

func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

func isBusy(err error) bool {
	c := code(err) & 0xff
	return c == sqlite3.SQLITE_BUSY || c == sqlite3.SQLITE_LOCKED
}

func isUnique(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_CONSTRAINT_UNIQUE || c == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// mapError tells the kernel what an error means.
func mapError(err error) error {
	switch c := code(err); {
	case c == sqlite3.SQLITE_IOERR_FSYNC, c == sqlite3.SQLITE_IOERR_DIR_FSYNC, c == sqlite3.SQLITE_IOERR_TRUNCATE,
		c&0xff == sqlite3.SQLITE_CORRUPT, c&0xff == sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ledger.ErrBroken, err)
	}
	switch code(err) & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ledger.ErrFull, err)
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
		return fmt.Errorf("%w: %w", ledger.ErrData, err)
	}
	return err
}
