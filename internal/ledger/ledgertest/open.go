package ledgertest

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/postgres"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
	"github.com/throughline-pm/throughline/internal/ledger/sqlite"
)

// Engine is a database engine under test: Open returns a way to open stores on one
// fresh database, as several processes would.
type Engine struct {
	Name string
	Open func(t testing.TB) func() ledger.Store
}

// Engines are both of them.
var Engines = []Engine{
	{"sqlite", func(t testing.TB) func() ledger.Store {
		return SQLiteAt(filepath.Join(t.TempDir(), "ledger.db"))(t)
	}},
	{"postgres", func(t testing.TB) func() ledger.Store { return postgresAt(t, pgtest.DSN(t)) }},
}

// Durable are the engines with the durability of a real installation, for benchmarks:
// the shared PostgreSQL of the tests does without.
var Durable = []Engine{
	Engines[0],
	{"postgres", func(t testing.TB) func() ledger.Store { return postgresAt(t, pgtest.Server(t).DSN()) }},
}

func postgresAt(t testing.TB, dsn string) func() ledger.Store {
	return func() ledger.Store {
		s, err := postgres.Open(context.Background(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// SQLiteAt opens stores on the file at path.
func SQLiteAt(path string) func(t testing.TB) func() ledger.Store {
	return func(t testing.TB) func() ledger.Store {
		return func() ledger.Store {
			s, err := sqlite.Open(context.Background(), path)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
}

// Each runs a test on every engine.
func Each(t *testing.T, f func(t *testing.T, open func() ledger.Store)) {
	for _, e := range Engines {
		t.Run(e.Name, func(t *testing.T) { f(t, e.Open(t)) })
	}
}

// Clock is a clock that a test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at noon on 2 March 2026, UTC.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Add moves the clock, backwards too.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Open returns a ledger of the domain on the store, closed with the test. Without a
// policy in opts everybody may do everything.
func Open(t testing.TB, store ledger.Store, opts ledger.Options) *ledger.Ledger {
	t.Helper()
	if opts.Registry == nil {
		opts.Registry = Registry()
	}
	if opts.Policy == nil {
		opts.Policy = AllowAll{}
	}
	if opts.SecretKey == nil {
		opts.SecretKey = []byte("a key for tests")
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if opts.Stuck == 0 {
		opts.Stuck = time.Minute // a loaded test machine is no reason to refuse
	}
	l, err := ledger.Open(t.Context(), store, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

// Ann and Bob act in tests.
var (
	Ann = ledger.Actor{ID: ledger.MustID("0195a000-0000-7000-8000-00000000000a")}
	Bob = ledger.Actor{ID: ledger.MustID("0195a000-0000-7000-8000-00000000000b")}
)
