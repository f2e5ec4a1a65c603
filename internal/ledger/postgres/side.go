package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// This file holds what stands beside the journal: the list of workspaces, what is due,
// leases, cursors and the words of long texts.

const (
	sqlCreateWorkspace = `INSERT INTO workspaces(id, slug, seq, last_at, hash, counters)
		VALUES ($1::uuid, $2, $3, $4, $5::bytea, $6::text::jsonb) ON CONFLICT DO NOTHING`
	sqlSlugOf     = `SELECT id FROM workspaces WHERE slug = $1`
	sqlWorkspaces = `SELECT id, slug, seq, last_at, hash, counters::text FROM workspaces ORDER BY slug`

	sqlBatches = `SELECT workspace_id, id, state, begun, ended FROM batches WHERE state = $1 ORDER BY workspace_id, begun, id`

	// What an import brings is not due before its merge.
	sqlDueBefore = `SELECT d.workspace_id, d.kind, d.id, d.at, d.name FROM due d
		WHERE d.at <= $1 AND NOT EXISTS (
			SELECT FROM entities e LEFT JOIN batches b ON b.workspace_id = e.workspace_id AND b.id = e.batch
			WHERE e.workspace_id = d.workspace_id AND e.kind = d.kind AND e.id = d.id
				AND e.batch IS NOT NULL AND b.state IS DISTINCT FROM 'merged')
		ORDER BY d.at, d.workspace_id, d.kind, d.id, d.name LIMIT $2`

	sqlLease = `INSERT INTO leases AS l (name, holder, until) VALUES ($1, $2::uuid, $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE l.holder = excluded.holder OR l.until <= $4`

	sqlCursor    = `SELECT seq FROM cursors WHERE workspace_id = $1::uuid AND follower = $2`
	sqlSetCursor = `INSERT INTO cursors(workspace_id, follower, seq) VALUES ($1::uuid, $2, $3)
		ON CONFLICT (workspace_id, follower) DO UPDATE SET seq = excluded.seq`

	sqlIndexText = `INSERT INTO texts(workspace_id, kind, id, words) VALUES ($1::uuid, $2, $3::uuid, array_to_tsvector($4::text[]))
		ON CONFLICT (workspace_id, kind, id) DO UPDATE SET words = excluded.words`
	sqlForgetText = `DELETE FROM texts WHERE workspace_id = $1::uuid AND kind = $2 AND id = $3::uuid`
	sqlSearchText = `SELECT t.kind, t.id, ts_rank(t.words, q)::float8 AS rank FROM texts t, CAST($2::text AS tsquery) q
		WHERE t.workspace_id = $1::uuid AND t.words @@ q ORDER BY rank DESC, t.kind COLLATE "C", t.id LIMIT $3`
)

// CreateWorkspace implements ledger.Store. It may be repeated, because the identifier
// tells our row from another of the same slug.
func (s *Store) CreateWorkspace(ctx context.Context, w ledger.WorkspaceRow) error {
	counters, err := encodeCounters(w.Head.Counters)
	if err != nil {
		return err
	}
	var owner pgtype.UUID
	err = s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(sqlCreateWorkspace, uid(w.ID), w.Slug, int64(w.Head.Seq), int64(w.Head.LastAt), w.Head.Hash[:], counters)
		b.Queue(sqlSlugOf, w.Slug).QueryRow(func(row pgx.Row) error { return row.Scan(&owner) })
		return send(ctx, conn, b)
	})
	if err == nil && owner.Bytes != w.ID {
		return fault.New(fault.Conflict, "there is already a workspace %q", w.Slug)
	}
	return err
}

// sqlRemoval deletes everything of a workspace. The row of the workspace goes first: it
// is the lock.
var sqlRemoval = []string{
	`DELETE FROM workspaces WHERE id = $1::uuid`,
	`DELETE FROM texts WHERE workspace_id = $1::uuid`,
	`DELETE FROM cursors WHERE workspace_id = $1::uuid`,
	`DELETE FROM due WHERE workspace_id = $1::uuid`,
	`DELETE FROM batches WHERE workspace_id = $1::uuid`,
	`DELETE FROM blobs WHERE workspace_id = $1::uuid`,
	`DELETE FROM journal WHERE workspace_id = $1::uuid`,
	`DELETE FROM commits WHERE workspace_id = $1::uuid`,
	`DELETE FROM entities WHERE workspace_id = $1::uuid`,
}

// RemoveWorkspace implements ledger.Store. How long it takes depends on the workspace, so
// the caller's context alone bounds it.
func (s *Store) RemoveWorkspace(ctx context.Context, ws ledger.ID) error {
	conn, err := s.acquire(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for i, text := range sqlRemoval {
				tag, err := tx.Exec(ctx, text, uid(ws))
				if err != nil {
					return err
				}
				if i == 0 && tag.RowsAffected() == 0 {
					return noWorkspace(ws)
				}
			}
			return nil
		})
	})
	if err == nil {
		conn.Release()
	}
	return err
}

// Workspaces implements ledger.Store.
func (s *Store) Workspaces(ctx context.Context) ([]ledger.WorkspaceRow, error) {
	return collect(ctx, s, func(row pgx.CollectableRow) (ledger.WorkspaceRow, error) {
		var id pgtype.UUID
		var w ledger.WorkspaceRow
		var h headScan
		err := row.Scan(append([]any{&id, &w.Slug}, h.columns()...)...)
		if err != nil {
			return w, err
		}
		w.ID = id.Bytes
		w.Head, err = h.head()
		return w, err
	}, sqlWorkspaces)
}

// collect returns all rows of a statement.
func collect[T any](ctx context.Context, s *Store, one pgx.RowToFunc[T], sql string, args ...any) (all []T, err error) {
	err = s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, one)
		return err
	})
	return all, err
}

// Batches implements ledger.Store.
func (s *Store) Batches(ctx context.Context, in ledger.BatchState) ([]ledger.BatchRow, error) {
	return collect(ctx, s, func(row pgx.CollectableRow) (ledger.BatchRow, error) {
		var ws, id pgtype.UUID
		var have string
		var begun, ended int64
		err := row.Scan(&ws, &id, &have, &begun, &ended)
		return ledger.BatchRow{
			Workspace: ws.Bytes, ID: id.Bytes, State: ledger.BatchState(have), Begun: ledger.Seq(begun), Ended: ledger.Seq(ended),
		}, err
	}, sqlBatches, string(in))
}

// DueBefore implements ledger.Store.
func (s *Store) DueBefore(ctx context.Context, now ledger.Time, limit int) ([]ledger.DueRow, error) {
	return collect(ctx, s, func(row pgx.CollectableRow) (ledger.DueRow, error) {
		var ws, id pgtype.UUID
		var d ledger.DueRow
		var at int64
		err := row.Scan(&ws, &d.Kind, &id, &at, &d.Name)
		d.Workspace, d.ID, d.At = ws.Bytes, id.Bytes, ledger.Time(at)
		return d, err
	}, sqlDueBefore, int64(now), limit)
}

// Lease implements ledger.Store.
func (s *Store) Lease(ctx context.Context, name string, holder ledger.ID, now, until ledger.Time) (held bool, err error) {
	err = s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		tag, err := conn.Exec(ctx, sqlLease, name, uid(holder), int64(until), int64(now))
		held = tag.RowsAffected() == 1
		return err
	})
	return held, err
}

// Cursor implements ledger.Store; a follower that has none stands at the beginning.
func (s *Store) Cursor(ctx context.Context, ws ledger.ID, follower string) (ledger.Seq, error) {
	var at int64
	err := s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, sqlCursor, uid(ws), follower).Scan(&at)
	})
	if noDoc(err) == ledger.ErrNoDoc {
		err = nil
	}
	return ledger.Seq(at), err
}

// SetCursor implements ledger.Store.
func (s *Store) SetCursor(ctx context.Context, ws ledger.ID, follower string, at ledger.Seq) error {
	return s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sqlSetCursor, uid(ws), follower, int64(at))
		return err
	})
}

// Limits of PostgreSQL's text search. What exceeds them is not found by its rest; the
// alternative would be a text that is not found at all.
const (
	longestWord = 2046
	mostBytes   = 1_000_000
)

// IndexText implements ledger.Store, all rows or none.
func (s *Store) IndexText(ctx context.Context, ws ledger.ID, rows []ledger.TextRow) error {
	if len(rows) == 0 {
		return nil
	}
	return s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		b := &pgx.Batch{} // without a BEGIN a batch is one transaction
		for _, r := range rows {
			if r.Words == nil {
				b.Queue(sqlForgetText, uid(ws), r.Kind, uid(r.ID))
			} else {
				b.Queue(sqlIndexText, uid(ws), r.Kind, uid(r.ID), indexable(r.Words))
			}
		}
		return send(ctx, conn, b)
	})
}

// indexable returns the distinct words that fit into a tsvector.
func indexable(words []string) []string {
	out := make([]string, 0, len(words))
	seen := make(map[string]bool, len(words))
	size := 0
	for _, w := range words {
		if w == "" || len(w) > longestWord || seen[w] || size+len(w) > mostBytes {
			continue
		}
		seen[w] = true
		size += len(w)
		out = append(out, w)
	}
	return out
}

// SearchText implements ledger.Store: every word is the beginning of one that the text
// holds.
func (s *Store) SearchText(ctx context.Context, ws ledger.ID, words []string, limit int) ([]ledger.TextHit, error) {
	var query strings.Builder
	for _, w := range words {
		if len(w) > longestWord {
			return nil, nil // such a word is in no index
		}
		if w == "" {
			continue
		}
		if query.Len() > 0 {
			query.WriteString(" & ")
		}
		query.WriteByte('\'')
		quoteLexeme.WriteString(&query, w)
		query.WriteString("':*")
	}
	if query.Len() == 0 {
		return nil, nil
	}
	return collect(ctx, s, func(row pgx.CollectableRow) (ledger.TextHit, error) {
		var id pgtype.UUID
		var hit ledger.TextHit
		err := row.Scan(&hit.Kind, &id, &hit.Rank)
		hit.ID = id.Bytes
		return hit, err
	}, sqlSearchText, uid(ws), query.String(), limit)
}

// quoteLexeme escapes a word inside the quotes of a tsquery, which is a value and no SQL.
var quoteLexeme = strings.NewReplacer(`\`, `\\`, `'`, `''`)
