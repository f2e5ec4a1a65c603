package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

const selectHead = `SELECT seq, last_at, hash, counters FROM workspaces WHERE id = ?`

type scanner interface{ Scan(...any) error }

func scanHead(row scanner) (ledger.Head, error) {
	var h ledger.Head
	var hash, counters []byte
	err := row.Scan(&h.Seq, &h.LastAt, &hash, &counters)
	if errors.Is(err, sql.ErrNoRows) {
		return h, noWorkspace()
	}
	if err != nil {
		return h, err
	}
	copy(h.Hash[:], hash)
	h.Counters = map[string]int64{}
	return h, json.Unmarshal(counters, &h.Counters)
}

func noWorkspace() error { return fault.New(fault.NotFound, "there is no such workspace") }

// Heads implements ledger.Store.
func (s *Store) Heads(ctx context.Context, ws []ledger.ID) (map[ledger.ID]ledger.Head, error) {
	heads := make(map[ledger.ID]ledger.Head, len(ws))
	for _, id := range ws {
		h, err := scanHead(s.readers.QueryRowContext(ctx, selectHead, id[:]))
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		heads[id] = h
	}
	return heads, nil
}

// Workspaces implements ledger.Store.
func (s *Store) Workspaces(ctx context.Context) ([]ledger.WorkspaceRow, error) {
	return workspaces(ctx, s.readers)
}

func workspaces(ctx context.Context, db *sql.DB) ([]ledger.WorkspaceRow, error) {
	rows, err := db.QueryContext(ctx, `SELECT id, slug, seq, last_at, hash FROM workspaces ORDER BY slug`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []ledger.WorkspaceRow
	for rows.Next() {
		var w ledger.WorkspaceRow
		var id, hash []byte
		if err := rows.Scan(&id, &w.Slug, &w.Head.Seq, &w.Head.LastAt, &hash); err != nil {
			return nil, err
		}
		copy(w.ID[:], id)
		copy(w.Head.Hash[:], hash)
		out = append(out, w)
	}
	return out, rows.Err()
}

const (
	docColumns = `e.kind, e.id, e.version, CASE WHEN e.batch IS NULL THEN e.born ELSE b.ended END,
		e.created_at, e.created_by, e.updated_at, e.updated_by, e.schema, e.doc
		FROM entities e LEFT JOIN batches b ON b.workspace_id = e.workspace_id AND b.id = e.batch`
	selectDocs = `SELECT ` + docColumns + ` WHERE e.workspace_id = ? AND (e.batch IS NULL OR b.state = 'merged')`
	selectDoc  = selectDocs + ` AND e.kind = ? AND e.id = ?`
)

func scanDoc(row scanner) (ledger.Doc, error) {
	var d ledger.Doc
	var id, createdBy, updatedBy sql.RawBytes
	m := &d.Meta
	var doc []byte
	if r, ok := row.(*sql.Row); ok { // a single row copies anyway
		var a, b, c []byte
		if err := r.Scan(&d.Kind, &a, &m.Version, &m.Born, &m.CreatedAt, &b, &m.UpdatedAt, &c, &d.Schema, &doc); err != nil {
			return d, err
		}
		id, createdBy, updatedBy = a, b, c
	} else if err := row.Scan(&d.Kind, &id, &m.Version, &m.Born, &m.CreatedAt, &createdBy, &m.UpdatedAt, &updatedBy, &d.Schema, &doc); err != nil {
		return d, err
	}
	copy(m.ID[:], id)
	copy(m.CreatedBy[:], createdBy)
	copy(m.UpdatedBy[:], updatedBy)
	d.JSON = doc
	return d, nil
}

const loadBlock = 512

// Load implements ledger.Store.
func (s *Store) Load(ctx context.Context, ws ledger.ID, each func([]ledger.Doc) error) (ledger.Head, error) {
	tx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return ledger.Head{}, err
	}
	defer tx.Rollback()
	head, err := scanHead(tx.QueryRowContext(ctx, selectHead, ws[:]))
	if err != nil {
		return head, err
	}
	rows, err := tx.QueryContext(ctx, selectDocs, ws[:])
	if err != nil {
		return head, err
	}
	defer rows.Close()
	block := make([]ledger.Doc, 0, loadBlock)
	for rows.Next() {
		d, err := scanDoc(rows)
		if err != nil {
			return head, err
		}
		if block = append(block, d); len(block) == loadBlock {
			if err := each(block); err != nil {
				return head, err
			}
			block = make([]ledger.Doc, 0, loadBlock)
		}
	}
	if err := rows.Err(); err != nil {
		return head, err
	}
	if len(block) > 0 {
		err = each(block)
	}
	return head, err
}

// Doc implements ledger.Store.
func (s *Store) Doc(ctx context.Context, ws ledger.ID, kind string, id ledger.ID) (ledger.Doc, error) {
	d, err := scanDoc(s.readers.QueryRowContext(ctx, selectDoc, ws[:], kind, id[:]))
	if errors.Is(err, sql.ErrNoRows) {
		err = ledger.ErrNoDoc
	}
	return d, err
}

// Blob implements ledger.Store.
func (s *Store) Blob(ctx context.Context, ws ledger.ID, hash string) ([]byte, error) {
	var body []byte
	err := s.readers.QueryRowContext(ctx, `SELECT body FROM blobs WHERE workspace_id = ? AND hash = ?`, ws[:], hash).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		err = ledger.ErrNoDoc
	}
	return body, err
}

// The query for commits: a page of commits chosen by one of three ways, joined with
// their entries. ?1 workspace, ?2 after, ?3 up to, ?4 since, ?5 1: live only, ?6 branch,
// ?7 actor, ?8 kind, ?9 entity, ?10 limit, ?11 1: without entries.
const (
	pageOfCommits = `SELECT * FROM commits WHERE workspace_id = ?1 AND seq > ?2 AND seq <= ?3 AND at > ?4
		AND (?5 = 0 OR branch IS NULL) AND (?7 IS NULL OR actor = ?7)`
	ofBranch   = ` AND branch = ?6`
	ofEntity   = ` AND seq IN (SELECT seq FROM journal WHERE workspace_id = ?1 AND kind = ?8 AND id = ?9)`
	commitHead = `SELECT c.seq, c.at, c.actor, c.behalf, c.verb, c.branch, c.merges, c.undoes, c.origin, c.salt, c.digest, c.hash,
		j.n, j.at, j.op, j.kind, j.id, j.actor, j.schema, j.was_at, j.was_by, j.changes FROM (`
	joinEntries = `) c LEFT JOIN journal j ON ?11 = 0 AND j.workspace_id = ?1 AND j.seq = c.seq AND (?9 IS NULL OR (j.kind = ?8 AND j.id = ?9))`
	rising      = ` ORDER BY seq LIMIT ?10`
	falling     = ` ORDER BY seq DESC LIMIT ?10`
	orderUp     = joinEntries + ` ORDER BY c.seq, j.n`
	orderDown   = joinEntries + ` ORDER BY c.seq DESC, j.n DESC`

	commitsUp         = commitHead + pageOfCommits + rising + orderUp
	commitsDown       = commitHead + pageOfCommits + falling + orderDown
	commitsBranchUp   = commitHead + pageOfCommits + ofBranch + rising + orderUp
	commitsBranchDown = commitHead + pageOfCommits + ofBranch + falling + orderDown
	commitsEntityUp   = commitHead + pageOfCommits + ofEntity + rising + orderUp
	commitsEntityDown = commitHead + pageOfCommits + ofEntity + falling + orderDown
)

// commitsPage is how many commits are read at once: no transaction stays open while the
// caller works on them.
const commitsPage = 512

// Commits implements ledger.Store.
func (s *Store) Commits(ctx context.Context, ws ledger.ID, q ledger.CommitQuery) iter.Seq2[ledger.Commit, error] {
	return func(yield func(ledger.Commit, error) bool) {
		if q.UpTo == 0 { // what exists now
			heads, err := s.Heads(ctx, []ledger.ID{ws})
			if err != nil {
				yield(ledger.Commit{}, err)
				return
			}
			q.UpTo = heads[ws].Seq
		}
		ctx, stop := context.WithCancel(ctx)
		var reading sync.WaitGroup
		defer reading.Wait()
		defer stop()
		// The next page is read while the caller works on this one.
		read := func(q ledger.CommitQuery, n int) <-chan pageRead {
			done := make(chan pageRead, 1)
			reading.Go(func() {
				page, err := s.commitsPage(ctx, ws, q, n)
				done <- pageRead{page, err}
			})
			return done
		}
		left := q.Limit
		size := func() int {
			if q.Limit > 0 {
				return min(commitsPage, left)
			}
			return commitsPage
		}
		n := size()
		for next := read(q, n); next != nil; {
			r := <-next
			if r.err != nil {
				yield(ledger.Commit{}, fmt.Errorf("read commits of %s: %w", ws, r.err))
				return
			}
			next = nil
			left -= len(r.page)
			if len(r.page) == n && (q.Limit == 0 || left > 0) {
				if last := r.page[len(r.page)-1].Seq; q.Desc {
					q.UpTo = last - 1
				} else {
					q.After = last
				}
				n = size()
				next = read(q, n)
			}
			for i := range r.page {
				if !yield(r.page[i], nil) {
					return
				}
			}
		}
	}
}

type pageRead struct {
	page []ledger.Commit
	err  error
}

func (s *Store) commitsPage(ctx context.Context, ws ledger.ID, q ledger.CommitQuery, n int) ([]ledger.Commit, error) {
	var branch, actor, kind, entity any
	live, bare := 0, 0
	if q.Branch != nil && q.Branch.IsZero() {
		live = 1
	} else if q.Branch != nil {
		branch = q.Branch[:]
	}
	if q.Actor != nil {
		actor = q.Actor[:]
	}
	if !q.ID.IsZero() {
		kind, entity = q.Kind, q.ID[:]
	}
	if q.Bare {
		bare = 1
	}
	text := commitsUp
	switch {
	case branch != nil && q.Desc:
		text = commitsBranchDown
	case branch != nil:
		text = commitsBranchUp
	case entity != nil && q.Desc:
		text = commitsEntityDown
	case entity != nil:
		text = commitsEntityUp
	case q.Desc:
		text = commitsDown
	}
	since := int64(q.Since)
	if since == 0 {
		since = -1 << 62
	}
	rows, err := s.readers.QueryContext(ctx, text, ws[:], int64(q.After), int64(q.UpTo), since, live, branch, actor, kind, entity, n, bare)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []ledger.Commit
	for rows.Next() {
		var c ledger.Commit
		var actor, behalf, branch, merges, salt, digest, hash sql.RawBytes
		var undoes sql.NullInt64
		var en, eat, eschema, ewasAt sql.NullInt64
		var eop, ekind sql.NullString
		var eid, eactor, ewasBy, changes sql.RawBytes
		if err := rows.Scan(&c.Seq, &c.At, &actor, &behalf, &c.Verb, &branch, &merges, &undoes, &c.Origin, &salt, &digest, &hash,
			&en, &eat, &eop, &ekind, &eid, &eactor, &eschema, &ewasAt, &ewasBy, &changes); err != nil {
			return nil, err
		}
		if len(out) == 0 || out[len(out)-1].Seq != c.Seq {
			c.Workspace = ws
			copy(c.Actor.ID[:], actor)
			copy(c.Actor.Via[:], behalf)
			copy(c.Branch[:], branch)
			copy(c.Merges[:], merges)
			c.Undoes = ledger.Seq(undoes.Int64)
			copy(c.Salt[:], salt)
			copy(c.Digest[:], digest)
			copy(c.Hash[:], hash)
			out = append(out, c)
		}
		if !en.Valid {
			continue
		}
		e := ledger.Entry{
			N: int(en.Int64), At: ledger.Time(eat.Int64), Op: ledger.Op(eop.String), Kind: ekind.String,
			Schema: int(eschema.Int64), WasAt: ledger.Time(ewasAt.Int64),
		}
		copy(e.ID[:], eid)
		copy(e.Actor[:], eactor)
		copy(e.WasBy[:], ewasBy)
		if err := e.SetText(changes); err != nil {
			return nil, fmt.Errorf("entry %d of commit %d: %w", e.N, c.Seq, err)
		}
		last := &out[len(out)-1]
		last.Entries = append(last.Entries, e)
	}
	return out, rows.Err()
}

// Batches implements ledger.Store.
func (s *Store) Batches(ctx context.Context, state ledger.BatchState) ([]ledger.BatchRow, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT workspace_id, id, state, begun, ended FROM batches WHERE state = ?`, string(state))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []ledger.BatchRow
	for rows.Next() {
		var b ledger.BatchRow
		var ws, id []byte
		if err := rows.Scan(&ws, &id, &b.State, &b.Begun, &b.Ended); err != nil {
			return nil, err
		}
		copy(b.Workspace[:], ws)
		copy(b.ID[:], id)
		out = append(out, b)
	}
	return out, rows.Err()
}

// DueBefore implements ledger.Store.
func (s *Store) DueBefore(ctx context.Context, now ledger.Time, limit int) ([]ledger.DueRow, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT d.workspace_id, d.at, d.kind, d.id, d.name FROM due d
		JOIN entities e ON e.workspace_id = d.workspace_id AND e.kind = d.kind AND e.id = d.id
		LEFT JOIN batches b ON b.workspace_id = e.workspace_id AND b.id = e.batch
		WHERE d.at <= ? AND (e.batch IS NULL OR b.state = 'merged') ORDER BY d.at LIMIT ?`, int64(now), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []ledger.DueRow
	for rows.Next() {
		var d ledger.DueRow
		var ws, id []byte
		if err := rows.Scan(&ws, &d.At, &d.Kind, &id, &d.Name); err != nil {
			return nil, err
		}
		copy(d.Workspace[:], ws)
		copy(d.ID[:], id)
		out = append(out, d)
	}
	return out, rows.Err()
}

// Cursor implements ledger.Store.
func (s *Store) Cursor(ctx context.Context, ws ledger.ID, follower string) (ledger.Seq, error) {
	var at ledger.Seq
	err := s.readers.QueryRowContext(ctx, `SELECT seq FROM cursors WHERE workspace_id = ? AND follower = ?`, ws[:], follower).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return at, err
}
