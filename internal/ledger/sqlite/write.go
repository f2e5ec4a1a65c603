package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// txn is the open write transaction; it holds the process's write lock.
type txn struct {
	s     *Store
	ended bool
}

// Begin implements ledger.Store.
func (s *Store) Begin(ctx context.Context, ws []ledger.ID) (ledger.Txn, map[ledger.ID]ledger.Head, error) {
	if err := s.acquire(ctx); err != nil {
		return nil, nil, err
	}
	if err := s.immediate(ctx); err != nil {
		s.release()
		return nil, nil, err
	}
	heads := make(map[ledger.ID]ledger.Head, len(ws))
	for _, id := range ws {
		st, err := s.stmt(ctx, selectHead)
		var h ledger.Head
		if err == nil {
			h, err = scanHead(st.QueryRowContext(ctx, id[:]))
		}
		if err != nil {
			s.rollback()
			s.release()
			return nil, nil, fmt.Errorf("lock workspace %s: %w", id, err)
		}
		heads[id] = h
	}
	return &txn{s: s}, heads, nil
}

// Rollback implements ledger.Txn.
func (t *txn) Rollback() error {
	if t.ended {
		return nil
	}
	t.ended = true
	t.s.rollback()
	t.s.release()
	return nil
}

// Commit implements ledger.Txn.
func (t *txn) Commit(ctx context.Context, writes []ledger.Writes) error {
	t.ended = true
	defer t.s.release()
	for i := range writes {
		if err := t.s.put(ctx, &writes[i]); err != nil {
			return t.s.fail(err)
		}
	}
	if err := t.s.exec(ctx, "COMMIT"); err != nil {
		return t.s.fail(err)
	}
	t.s.checkpoint(func(pragma string) error {
		_, err := t.s.conn.ExecContext(ctx, pragma)
		return err
	})
	return nil
}

// checkpoint copies the write-ahead log into the database when it has grown long. The
// commit has happened whatever becomes of that; but after a failed sync of the database
// file the log may not be reused, so that the next write is refused.
func (s *Store) checkpoint(exec func(pragma string) error) {
	if s.groups%32 != 0 {
		return
	}
	info, err := os.Stat(s.path + "-wal")
	if err != nil || info.Size() < walPages*4096 {
		return
	}
	if err := exec("PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
		_ = s.note(mapError(err)) // what it means for the next write
	}
}

// Statements come in two sizes: for one row and for sixteen. Most of the time of a small
// row goes into calling SQLite, not into SQLite.
const (
	commitRow = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	entryRow  = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertCommits = `INSERT INTO commits(workspace_id, seq, at, actor, behalf, verb, branch, merges, undoes, origin, salt, digest, hash) VALUES `
	insertEntries = `INSERT INTO journal(workspace_id, seq, n, at, op, kind, id, actor, schema, was_at, was_by, changes) VALUES `
	insertDocs    = `INSERT INTO entities(workspace_id, kind, id, version, born, created_at, created_by, updated_at, updated_by, schema, batch, doc) VALUES `
	orUpdateDocs  = ` ON CONFLICT(workspace_id, kind, id) DO UPDATE SET version = excluded.version, born = excluded.born, updated_at = excluded.updated_at,
		updated_by = excluded.updated_by, schema = excluded.schema, batch = excluded.batch, doc = excluded.doc`

	fourCommits    = commitRow + `, ` + commitRow + `, ` + commitRow + `, ` + commitRow
	sixteenCommits = fourCommits + `, ` + fourCommits + `, ` + fourCommits + `, ` + fourCommits
	fourEntries    = entryRow + `, ` + entryRow + `, ` + entryRow + `, ` + entryRow
	sixteenEntries = fourEntries + `, ` + fourEntries + `, ` + fourEntries + `, ` + fourEntries
)

// bulk is an insert in its two sizes; entities have as many columns as entries.
type bulk struct{ one, sixteen string }

var (
	putCommits = bulk{insertCommits + commitRow, insertCommits + sixteenCommits}
	putEntries = bulk{insertEntries + entryRow, insertEntries + sixteenEntries}
	putDocs    = bulk{insertDocs + entryRow + orUpdateDocs, insertDocs + sixteenEntries + orUpdateDocs}
)

// execRows writes the rows, whose columns stand one behind the other in args.
func (s *Store) execRows(ctx context.Context, b bulk, columns int, args []any) error {
	for n := 16 * columns; len(args) >= n; args = args[n:] {
		if err := s.exec(ctx, b.sixteen, args[:n]...); err != nil {
			return err
		}
	}
	for ; len(args) > 0; args = args[columns:] {
		if err := s.exec(ctx, b.one, args[:columns]...); err != nil {
			return err
		}
	}
	return nil
}

const (
	updateHead  = `UPDATE workspaces SET seq = ?, last_at = ?, hash = ?, counters = ? WHERE id = ?`
	insertBlob  = `INSERT INTO blobs(workspace_id, hash, body) VALUES(?, ?, ?) ON CONFLICT DO NOTHING`
	upsertBatch = `INSERT INTO batches(workspace_id, id, state, begun, ended) VALUES(?, ?, ?, ?, ?)
		ON CONFLICT(workspace_id, id) DO UPDATE SET state = excluded.state, ended = excluded.ended`
	deleteDue    = `DELETE FROM due WHERE workspace_id = ? AND kind = ? AND id = ?`
	insertDue    = `INSERT INTO due(workspace_id, at, kind, id, name) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	deleteOneDue = `DELETE FROM due WHERE workspace_id = ? AND kind = ? AND id = ? AND name = ? AND at = ?`
	dropDocs     = `DELETE FROM entities WHERE workspace_id = ? AND batch = ?`
	dropDue      = `DELETE FROM due WHERE workspace_id = ?1 AND EXISTS(SELECT 1 FROM entities e
		WHERE e.workspace_id = ?1 AND e.batch = ?2 AND e.kind = due.kind AND e.id = due.id)`
	dropEntries = `DELETE FROM journal WHERE workspace_id = ?1 AND seq IN (SELECT seq FROM commits WHERE workspace_id = ?1 AND branch = ?2)`
)

// put writes what one disk commit holds for one workspace.
func (s *Store) put(ctx context.Context, w *ledger.Writes) error {
	ws := w.Workspace[:]
	var commits, entries, docs []any
	for i := range w.Commits {
		c := &w.Commits[i]
		commits = append(commits, ws, int64(c.Seq), int64(c.At), c.Actor.ID[:], opt(c.Actor.Via), c.Verb,
			opt(c.Branch), opt(c.Merges), optSeq(c.Undoes), c.Origin, c.Salt[:], c.Digest[:], c.Hash[:])
		for j := range c.Entries {
			e := &c.Entries[j]
			changes, err := e.Text()
			if err != nil {
				return err
			}
			entries = append(entries, ws, int64(c.Seq), int64(e.N), int64(e.At), string(e.Op), e.Kind, e.ID[:], opt(e.Actor),
				int64(e.Schema), int64(e.WasAt), opt(e.WasBy), string(changes))
		}
	}
	for i := range w.Docs {
		d := &w.Docs[i]
		m := &d.Meta
		var doc any
		if d.JSON != nil {
			doc = string(d.JSON)
		}
		docs = append(docs, ws, d.Kind, m.ID[:], m.Version, int64(m.Born), int64(m.CreatedAt), m.CreatedBy[:],
			int64(m.UpdatedAt), m.UpdatedBy[:], int64(d.Schema), opt(d.Batch), doc)
	}
	if err := s.execRows(ctx, putCommits, 13, commits); err != nil {
		return err
	}
	if err := s.execRows(ctx, putEntries, 12, entries); err != nil {
		return err
	}
	if err := s.execRows(ctx, putDocs, 12, docs); err != nil {
		return err
	}
	for i := range w.Docs {
		d := &w.Docs[i]
		if !d.DueEdited {
			continue
		}
		if err := s.exec(ctx, deleteDue, ws, d.Kind, d.Meta.ID[:]); err != nil {
			return err
		}
		for _, due := range d.Due {
			if err := s.exec(ctx, insertDue, ws, int64(due.At), d.Kind, d.Meta.ID[:], due.Name); err != nil {
				return err
			}
		}
	}
	for _, b := range w.Blobs {
		if err := s.exec(ctx, insertBlob, ws, b.Hash, b.Body); err != nil {
			return err
		}
	}
	for _, b := range w.Batch {
		if err := s.exec(ctx, upsertBatch, ws, b.ID[:], string(b.State), int64(b.Begun), int64(b.Ended)); err != nil {
			return err
		}
	}
	for _, id := range w.DropDocs {
		for _, text := range []string{dropDue, dropDocs, dropEntries} {
			if err := s.exec(ctx, text, ws, id[:]); err != nil {
				return err
			}
		}
	}
	for _, d := range w.Done {
		if err := s.exec(ctx, deleteOneDue, ws, d.Kind, d.ID[:], d.Name, int64(d.At)); err != nil {
			return err
		}
	}
	counters, err := json.Marshal(w.Head.Counters)
	if err != nil {
		return err
	}
	return s.exec(ctx, updateHead, int64(w.Head.Seq), int64(w.Head.LastAt), w.Head.Hash[:], string(counters), ws)
}

// opt stores the zero identifier as NULL.
func opt(id ledger.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

func optSeq(s ledger.Seq) any {
	if s == 0 {
		return nil
	}
	return int64(s)
}

// Outcome implements ledger.Store. A write transaction waits for every other one.
func (s *Store) Outcome(ctx context.Context, ws ledger.ID, first ledger.Seq, origin int64) (bool, error) {
	happened := false
	err := s.write(ctx, func() error {
		return s.conn.QueryRowContext(ctx, `SELECT EXISTS(SELECT 1 FROM commits WHERE workspace_id = ? AND seq = ? AND origin = ?)`,
			ws[:], int64(first), origin).Scan(&happened)
	})
	return happened, err
}

// CreateWorkspace implements ledger.Store.
func (s *Store) CreateWorkspace(ctx context.Context, w ledger.WorkspaceRow) error {
	err := s.write(ctx, func() error {
		return s.exec(ctx, `INSERT INTO workspaces(id, slug, hash) VALUES(?, ?, ?)`, w.ID[:], w.Slug, w.Head.Hash[:])
	})
	if isUnique(err) {
		return fault.New(fault.Conflict, "there is already a workspace %q", w.Slug)
	}
	return err
}

// removal deletes everything of a workspace. The words go before what leads to them.
var removal = []string{
	`DELETE FROM words WHERE rowid IN (SELECT rowid_in_words FROM texts WHERE workspace_id = ?)`,
	`DELETE FROM texts WHERE workspace_id = ?`,
	`DELETE FROM cursors WHERE workspace_id = ?`,
	`DELETE FROM due WHERE workspace_id = ?`,
	`DELETE FROM batches WHERE workspace_id = ?`,
	`DELETE FROM blobs WHERE workspace_id = ?`,
	`DELETE FROM journal WHERE workspace_id = ?`,
	`DELETE FROM commits WHERE workspace_id = ?`,
	`DELETE FROM entities WHERE workspace_id = ?`,
}

// RemoveWorkspace implements ledger.Store.
func (s *Store) RemoveWorkspace(ctx context.Context, ws ledger.ID) error {
	found := false
	err := s.write(ctx, func() error {
		res, err := s.conn.ExecContext(ctx, `DELETE FROM workspaces WHERE id = ?`, ws[:])
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if found = n > 0; err != nil || !found {
			return err
		}
		for _, text := range removal {
			if err := s.exec(ctx, text, ws[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && !found {
		err = noWorkspace()
	}
	return err
}

// Lease implements ledger.Store.
func (s *Store) Lease(ctx context.Context, name string, holder ledger.ID, now, until ledger.Time) (bool, error) {
	held := false
	err := s.write(ctx, func() error {
		res, err := s.conn.ExecContext(ctx, `INSERT INTO leases(name, holder, until) VALUES(?1, ?2, ?4)
			ON CONFLICT(name) DO UPDATE SET holder = excluded.holder, until = excluded.until
			WHERE leases.holder = excluded.holder OR leases.until <= ?3`, name, holder[:], int64(now), int64(until))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		held = n > 0
		return err
	})
	return held, err
}

// SetCursor implements ledger.Store.
func (s *Store) SetCursor(ctx context.Context, ws ledger.ID, follower string, at ledger.Seq) error {
	return s.write(ctx, func() error {
		return s.exec(ctx, `INSERT INTO cursors(workspace_id, follower, seq) VALUES(?, ?, ?)
			ON CONFLICT(workspace_id, follower) DO UPDATE SET seq = excluded.seq`, ws[:], follower, int64(at))
	})
}
