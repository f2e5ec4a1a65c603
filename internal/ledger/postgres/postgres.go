// Package postgres stores the ledger in PostgreSQL 15 or newer: the engine for several
// processes and nodes on one database.
//
// A workspace's row in the table workspaces is the lock of its writers. A disk commit is
// two round trips: one that begins and locks, one that writes and commits. The journal is
// how a process catches up with the others; NOTIFY after a commit only wakes it sooner.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/throughline-pm/throughline/internal/ledger"
)

const (
	// oldest is the first release of PostgreSQL that the tests have run on.
	oldest = 150000

	// patience bounds every operation, so that a network that swallows packets never
	// hangs a caller. The server gives up a little earlier, see sqlTimeouts, so that
	// its answer, which says more, comes first.
	patience = 10 * time.Second

	defaultConns = 20
)

// Store is a ledger.Store on one PostgreSQL database. Its methods may be called at once
// from any number of goroutines.
type Store struct {
	pool    *pgxpool.Pool
	records *sql.DB // of the slices, on connections of the pool
	name    string  // of this Store among those on the database, in notifications

	// writers holds a token for each open transaction. They may take half of the
	// connections only: a lane that holds its lock reads what other processes wrote, and
	// would wait for ever if all connections were with lanes that do the same.
	writers chan struct{}

	// planned is the leading argument of statements that are to be planned for the values
	// at hand; none behind a pooler that does not know prepared statements.
	planned []any

	wrote   chan struct{} // capacity 1: there is something to tell the other processes
	changed chan struct{} // capacity 1: another process has told us

	stop  context.CancelFunc
	loops sync.WaitGroup
	close sync.Once
}

var _ ledger.Store = (*Store)(nil)

// Option changes how a Store is opened.
type Option func(*options)

type options struct{ listen bool }

// WithoutListen keeps the Store from listening for notifications, for a connection
// through a pooler in transaction mode. The ledger then learns of other processes' writes
// by asking for heads alone. An old pooler also needs default_query_exec_mode=exec in the
// connection string.
func WithoutListen() Option { return func(o *options) { o.listen = false } }

// Open connects to the database that dsn names, a URL or a list of key=value pairs, and
// brings its tables up to date. The parameter pool_max_conns bounds the connections; 20
// if it is not given, of which writers take at most half.
func Open(ctx context.Context, dsn string, opts ...Option) (*Store, error) {
	o := options{listen: true}
	for _, opt := range opts {
		opt(&o)
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = defaultConns
	}
	config.MaxConns = max(config.MaxConns, 2)
	if !strings.Contains(dsn, "connect_timeout") {
		config.ConnConfig.ConnectTimeout = patience / 2
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "throughline"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s := &Store{
		pool:    pool,
		records: stdlib.OpenDBFromPool(pool),
		writers: make(chan struct{}, config.MaxConns/2),
		wrote:   make(chan struct{}, 1),
		changed: make(chan struct{}, 1),
	}
	if config.ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		s.planned = []any{pgx.QueryExecModeCacheDescribe}
	}
	if err := s.prepare(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	var background context.Context
	background, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.loops.Go(func() { s.tell(background) })
	if o.listen {
		s.loops.Go(func() { s.listen(background, config.ConnConfig) })
	}
	return s, nil
}

const (
	sqlServer = `SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
		current_setting('server_encoding'), gen_random_uuid()::text`
)

// prepare refuses a server that the ledger cannot run on and migrates the database.
func (s *Store) prepare(ctx context.Context) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var number int
	var version, encoding string
	if err := conn.QueryRow(ctx, sqlServer).Scan(&number, &version, &encoding, &s.name); err != nil {
		return err
	}
	if err := supported(number, version, encoding); err != nil {
		return err
	}
	return migrate(ctx, conn.Conn())
}

func supported(number int, version, encoding string) error {
	if number < oldest {
		return fmt.Errorf("the server is PostgreSQL %s; version %d or newer is needed", version, oldest/10000)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the database has the encoding %s; create it with ENCODING 'UTF8'", encoding)
	}
	return nil
}

// Lanes implements ledger.Store: row locks let workspaces commit side by side.
func (s *Store) Lanes() ledger.Lanes { return ledger.LaneAWorkspace }

// DB implements ledger.Store. How long a statement may take is in its context.
func (s *Store) DB() *sql.DB { return s.records }

// Close ends the background work and closes the connections. It waits for operations
// that run.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.stop()
		s.loops.Wait()
		s.records.Close()
		s.pool.Close()
	})
	return nil
}

// do runs f on a connection, within patience. f may run twice, so what it does must have
// one effect only.
func (s *Store) do(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := s.acquire(ctx, f)
	if err != nil {
		return err
	}
	conn.Release()
	return nil
}

// acquire takes a connection from the pool on which first has succeeded. A connection
// that broke while it lay idle is found out only by using it, so first gets a second try
// on a new one: a restart of the server fails nobody who comes after it.
func (s *Store) acquire(ctx context.Context, first func(context.Context, *pgx.Conn) error) (*pgxpool.Conn, error) {
	for again := false; ; again = true {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return nil, refine(err)
		}
		if err = first(ctx, conn.Conn()); err == nil {
			return conn, nil
		}
		dead := conn.Conn().IsClosed()
		conn.Release()
		if !dead || again || ctx.Err() != nil {
			return nil, refine(err)
		}
		s.pool.Reset() // the others are from before as well
	}
}

// send runs a batch in one round trip and returns the first error.
func send(ctx context.Context, conn *pgx.Conn, b *pgx.Batch) error {
	return conn.SendBatch(ctx, b).Close()
}

// refine marks an error with what it means to the kernel. Only a server that goes on
// (severity ERROR) has surely rolled back; what a dying one says settles nothing.
func refine(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == "58030", e.SeverityUnlocalized == "PANIC": // io_error
		return fmt.Errorf("%w: %w", ledger.ErrBroken, err)
	case e.SeverityUnlocalized != "ERROR":
		return err
	case e.Code == "53100": // disk_full
		return fmt.Errorf("%w: %w", ledger.ErrFull, err)
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "21", "22", "23", "54": // cardinality, data, constraints, limits of the program
		return fmt.Errorf("%w: %w", ledger.ErrData, err)
	}
	return err
}

// uid is an identifier as a parameter or a target of Scan.
func uid(id ledger.ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

// optional is uid for columns in which NULL stands for the zero identifier.
func optional(id ledger.ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: !id.IsZero()} }

// uids are identifiers as one parameter.
func uids(ids []ledger.ID) pgtype.FlatArray[pgtype.UUID] {
	out := make(pgtype.FlatArray[pgtype.UUID], len(ids))
	for i, id := range ids {
		out[i] = uid(id)
	}
	return out
}
