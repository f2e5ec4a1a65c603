package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"time"

	"modernc.org/sqlite"
)

// recordsBusy is how long a statement of a slice waits for another process outside a
// transaction.
const recordsBusy = 5 * time.Second

// DB implements ledger.Store. Its transactions queue for the process's write lock with the
// kernel's commits instead of competing for the file's, where SQLite would let one of them
// starve. They count towards the next checkpoint, and their failed sync stops everybody's
// writes.
func (s *Store) DB() *sql.DB { return s.records }

func (s *Store) openRecords() error {
	c, err := sqlite.NewConnector(dsn(s.path, recordsBusy) + "&_txlock=immediate")
	if err != nil {
		return err
	}
	s.records = sql.OpenDB(recordConnector{c, s})
	s.records.SetMaxOpenConns(8)
	s.records.SetMaxIdleConns(8)
	return nil
}

// recordConnector opens connections for slices.
type recordConnector struct {
	driver.Connector
	s *Store
}

// Connect implements driver.Connector.
func (c recordConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &recordConn{sqliteConn: conn.(sqliteConn), s: c.s}, nil
}

// sqliteConn is what the driver's connections are.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// recordConn is a connection whose write transactions hold the store's lock.
type recordConn struct {
	sqliteConn
	s    *Store
	inTx bool
	bad  bool // a commit failed: the connection is not to be used again
}

// IsValid implements driver.Validator.
func (c *recordConn) IsValid() bool { return !c.bad && c.sqliteConn.IsValid() }

// BeginTx implements driver.ConnBeginTx.
func (c *recordConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if opts.ReadOnly {
		tx, err := c.sqliteConn.BeginTx(ctx, opts)
		if err != nil {
			return nil, err
		}
		c.inTx = true
		return &readTx{tx, c}, nil
	}
	c.s.lock.Lock()
	tx, err := c.begin(ctx, opts)
	if err != nil {
		c.s.lock.Unlock()
		return nil, err
	}
	c.inTx = true
	return &recordTx{tx, c}, nil
}

// begin takes the file's write lock.
func (c *recordConn) begin(ctx context.Context, opts driver.TxOptions) (tx driver.Tx, err error) {
	if c.s.failed != nil {
		return nil, c.s.failed
	}
	if err := c.pragma(ctx, "PRAGMA busy_timeout = 0"); err != nil {
		return nil, err
	}
	err = c.s.turn(ctx, func() error {
		tx, err = c.sqliteConn.BeginTx(ctx, opts)
		return err
	})
	if err := c.pragma(context.WithoutCancel(ctx), "PRAGMA busy_timeout = 5000"); err != nil {
		c.bad = true
	}
	return tx, err
}

func (c *recordConn) pragma(ctx context.Context, text string) error {
	_, err := c.sqliteConn.ExecContext(ctx, text, nil)
	return err
}

// ExecContext implements driver.ExecerContext. Outside a transaction the statement is one.
func (c *recordConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if c.inTx {
		return c.sqliteConn.ExecContext(ctx, text, args)
	}
	tx, err := c.BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		return nil, err
	}
	result, err := c.sqliteConn.ExecContext(ctx, text, args)
	if err != nil {
		_ = tx.Rollback()
		return nil, err
	}
	return result, tx.Commit()
}

// readTx is a transaction that reads one moment.
type readTx struct {
	driver.Tx
	c *recordConn
}

// Commit implements driver.Tx.
func (t *readTx) Commit() error { t.c.inTx = false; return t.Tx.Commit() }

// Rollback implements driver.Tx.
func (t *readTx) Rollback() error { t.c.inTx = false; return t.Tx.Rollback() }

// recordTx is a write transaction of a slice; it holds the store's lock.
type recordTx struct {
	driver.Tx
	c *recordConn
}

// Commit implements driver.Tx.
func (t *recordTx) Commit() error {
	defer t.end()
	if err := t.Tx.Commit(); err != nil {
		t.c.bad = true
		return t.c.s.note(mapError(err))
	}
	t.c.s.checkpoint(func(pragma string) error { return t.c.pragma(context.Background(), pragma) })
	return nil
}

// Rollback implements driver.Tx.
func (t *recordTx) Rollback() error {
	defer t.end()
	err := t.Tx.Rollback()
	if err != nil {
		t.c.bad = true
	}
	return err
}

func (t *recordTx) end() {
	t.c.inTx = false
	t.c.s.lock.Unlock()
}
