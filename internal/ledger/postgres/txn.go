package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

const (
	sqlBegin    = `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`
	sqlCommit   = `COMMIT`
	sqlRollback = `ROLLBACK`

	// The limit on idleness frees the lock of a node that vanished without a word; it is
	// below the time for which the kernel asks after an outcome.
	sqlTimeouts = `SELECT set_config('lock_timeout', '8s', true), set_config('statement_timeout', '9s', true),
		set_config('idle_in_transaction_session_timeout', '8s', true)`

	// The order makes two transactions that lock several workspaces wait, not deadlock.
	sqlLock = `SELECT id, seq, last_at, hash, counters::text FROM workspaces
		WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`

	sqlHappened = `SELECT EXISTS (SELECT FROM commits WHERE workspace_id = $1::uuid AND seq = $2 AND origin = $3)`
)

// errEnded answers the use of a transaction that has ended.
var errEnded = errors.New("postgres: the transaction has ended")

// txn is an open write transaction and the locks it holds.
type txn struct {
	s    *Store
	conn *pgxpool.Conn // nil: ended
}

// Begin implements ledger.Store in one round trip.
func (s *Store) Begin(ctx context.Context, ws []ledger.ID) (ledger.Txn, map[ledger.ID]ledger.Head, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case s.writers <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	var heads map[ledger.ID]ledger.Head
	conn, err := s.acquire(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(sqlBegin)
		b.Queue(sqlTimeouts)
		b.Queue(sqlLock, uids(ws)).Query(func(rows pgx.Rows) (err error) {
			heads, err = readHeads(rows)
			return err
		})
		return send(ctx, conn, b)
	})
	if err != nil {
		<-s.writers
		return nil, nil, err
	}
	t := &txn{s: s, conn: conn}
	for _, id := range ws {
		if _, ok := heads[id]; !ok {
			t.Rollback()
			return nil, nil, noWorkspace(id)
		}
	}
	return t, heads, nil
}

func noWorkspace(id ledger.ID) error {
	return fault.New(fault.NotFound, "there is no workspace %s", id)
}

// end gives the connection back. The pool throws it away unless it is idle and sound.
func (t *txn) end() {
	t.conn.Release()
	t.conn = nil
	<-t.s.writers
}

// Rollback implements ledger.Txn. If the connection is broken there is nothing to undo:
// the server does so when it notices.
func (t *txn) Rollback() error {
	if t.conn == nil {
		return nil
	}
	defer t.end()
	if t.conn.Conn().IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience/2)
	defer cancel()
	_, err := t.conn.Exec(ctx, sqlRollback)
	return err
}

// Commit implements ledger.Txn in one round trip. After an error the server skips what
// follows in the batch, COMMIT too.
func (t *txn) Commit(ctx context.Context, writes []ledger.Writes) error {
	if t.conn == nil {
		return errEnded
	}
	defer t.Rollback() // nothing after a success
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b := &pgx.Batch{}
	if err := queue(b, writes); err != nil {
		return fmt.Errorf("%w: %w", ledger.ErrData, err)
	}
	var tag pgconn.CommandTag
	b.Queue(sqlCommit).Exec(func(ct pgconn.CommandTag) error { tag = ct; return nil })
	if err := send(ctx, t.conn.Conn(), b); err != nil {
		return refine(err)
	}
	if tag.String() != "COMMIT" {
		return fmt.Errorf("postgres: COMMIT was answered by %s", tag)
	}
	t.end()
	select {
	case t.s.wrote <- struct{}{}:
	default:
	}
	return nil
}

// Outcome implements ledger.Store. The row lock makes it wait for a server process that
// has not yet noticed that its client is gone and may still commit.
func (s *Store) Outcome(ctx context.Context, ws ledger.ID, first ledger.Seq, origin int64) (bool, error) {
	var happened bool
	err := s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(sqlBegin)
		b.Queue(sqlTimeouts)
		b.Queue(sqlLock, uids([]ledger.ID{ws}))
		b.Queue(sqlHappened, uid(ws), int64(first), origin).QueryRow(func(row pgx.Row) error { return row.Scan(&happened) })
		b.Queue(sqlCommit)
		return send(ctx, conn, b)
	})
	return happened, err
}

// readHeads reads id, seq, last_at, hash and counters.
func readHeads(rows pgx.Rows) (map[ledger.ID]ledger.Head, error) {
	heads := map[ledger.ID]ledger.Head{}
	var id pgtype.UUID
	var h headScan
	for rows.Next() {
		if err := rows.Scan(append([]any{&id}, h.columns()...)...); err != nil {
			return nil, err
		}
		head, err := h.head()
		if err != nil {
			return nil, err
		}
		heads[id.Bytes] = head
	}
	return heads, rows.Err()
}

// headScan is where the columns seq, last_at, hash and counters::text go.
type headScan struct {
	seq, lastAt    int64
	hash, counters []byte
}

func (h *headScan) columns() []any { return []any{&h.seq, &h.lastAt, &h.hash, &h.counters} }

func (h *headScan) head() (ledger.Head, error) {
	head := ledger.Head{Seq: ledger.Seq(h.seq), LastAt: ledger.Time(h.lastAt)}
	copy(head.Hash[:], h.hash)
	err := json.Unmarshal(h.counters, &head.Counters)
	return head, err
}

func encodeCounters(c map[string]int64) (string, error) {
	if c == nil {
		return "{}", nil
	}
	b, err := json.Marshal(c)
	return string(b), err
}
