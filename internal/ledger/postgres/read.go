package postgres

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/throughline-pm/throughline/internal/ledger"
)

const (
	sqlReadHead  = `SELECT seq, last_at, hash, counters::text FROM workspaces WHERE id = $1::uuid`
	sqlReadHeads = `SELECT id, seq, last_at, hash, counters::text FROM workspaces WHERE id = ANY($1::uuid[])`

	// Reading a whole workspace may take longer than a statement usually may, and sorts
	// in memory what would otherwise go through files.
	sqlSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	sqlLoadTime = `SELECT set_config('statement_timeout', '0', true), set_config('work_mem', '256MB', true)`

	// A document of an import is there from the moment of its merge, which is when it was
	// born.
	docColumns = `SELECT e.kind, e.id, e.version, CASE WHEN e.batch IS NULL THEN e.born ELSE b.ended END AS effective,
			e.created_at, e.created_by, e.updated_at, e.updated_by, e.schema, e.batch, e.doc::text
		FROM entities e LEFT JOIN batches b ON b.workspace_id = e.workspace_id AND b.id = e.batch
		WHERE e.workspace_id = $1::uuid AND (e.batch IS NULL OR b.state = 'merged')`
	sqlLoad = docColumns + ` ORDER BY e.kind, effective, e.id`
	sqlDoc  = docColumns + ` AND e.kind = $2 AND e.id = $3::uuid`

	sqlBlob = `SELECT body FROM blobs WHERE workspace_id = $1::uuid AND hash = $2`
)

// blockSize is how many documents Load hands over at once: enough work for a core, and
// several blocks in a small workspace.
const blockSize = 512

// stall is how long Load waits for the next block. The first may have to be sorted.
const stall = 3 * patience

// Heads implements ledger.Store.
func (s *Store) Heads(ctx context.Context, ws []ledger.ID) (heads map[ledger.ID]ledger.Head, err error) {
	err = s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, sqlReadHeads, uids(ws))
		if err != nil {
			return err
		}
		defer rows.Close()
		heads, err = readHeads(rows)
		return err
	})
	return heads, err
}

// Load implements ledger.Store.
func (s *Store) Load(ctx context.Context, ws ledger.ID, each func([]ledger.Doc) error) (ledger.Head, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(stall, func() { cancel(errStalled) })
	defer watch.Stop()

	var scan headScan
	conn, err := s.acquire(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(sqlSnapshot)
		b.Queue(sqlLoadTime)
		b.Queue(sqlReadHead, uid(ws)).QueryRow(func(row pgx.Row) error { return row.Scan(scan.columns()...) })
		return send(ctx, conn, b)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return ledger.Head{}, noWorkspace(ws)
	}
	if err != nil {
		return ledger.Head{}, err
	}
	defer conn.Release() // after an error in the transaction the pool throws it away
	head, err := scan.head()
	if err != nil {
		return head, err
	}
	if err := loadDocs(ctx, conn.Conn(), ws, watch, each); err != nil {
		if context.Cause(ctx) == errStalled {
			err = errStalled
		}
		return ledger.Head{}, refine(err)
	}
	_, err = conn.Exec(ctx, sqlCommit)
	return head, refine(err)
}

var errStalled = errors.New("postgres: the database does not go on answering")

func loadDocs(ctx context.Context, conn *pgx.Conn, ws ledger.ID, watch *time.Timer, each func([]ledger.Doc) error) error {
	rows, err := conn.Query(ctx, sqlLoad, uid(ws))
	if err != nil {
		return err
	}
	defer rows.Close()
	var scan docScan
	block := make([]ledger.Doc, 0, blockSize)
	flush := func() error {
		watch.Stop()
		defer watch.Reset(stall)
		err := each(block)
		block = make([]ledger.Doc, 0, blockSize) // the old one may be decoded still
		return err
	}
	for rows.Next() {
		d, err := scan.doc(rows)
		if err != nil {
			return err
		}
		if block = append(block, d); len(block) == blockSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(block) == 0 {
		return nil
	}
	return flush()
}

// docScan reads rows of docColumns. Kinds come in runs, so their names are made once.
type docScan struct {
	kind                 string
	rawKind              pgtype.DriverBytes
	id                   pgtype.UUID
	version, born        int64
	createdAt, updatedAt int64
	createdBy, updatedBy pgtype.UUID
	schema               int64
	batch                pgtype.UUID
	json                 []byte
}

func (s *docScan) doc(row pgx.Row) (ledger.Doc, error) {
	s.json = nil
	err := row.Scan(&s.rawKind, &s.id, &s.version, &s.born, &s.createdAt, &s.createdBy, &s.updatedAt, &s.updatedBy, &s.schema, &s.batch, &s.json)
	if err != nil {
		return ledger.Doc{}, err
	}
	if string(s.rawKind) != s.kind {
		s.kind = string(s.rawKind)
	}
	return ledger.Doc{
		Kind: s.kind,
		Meta: ledger.Meta{
			ID: s.id.Bytes, Version: s.version, Born: ledger.Seq(s.born),
			CreatedAt: ledger.Time(s.createdAt), CreatedBy: s.createdBy.Bytes,
			UpdatedAt: ledger.Time(s.updatedAt), UpdatedBy: s.updatedBy.Bytes,
		},
		Schema: int(s.schema), JSON: s.json, Batch: s.batch.Bytes,
	}, nil
}

// Doc implements ledger.Store. A deleted entity is there, without JSON; a document of an
// import that is not merged is not.
func (s *Store) Doc(ctx context.Context, ws ledger.ID, kind string, id ledger.ID) (d ledger.Doc, err error) {
	err = s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, sqlDoc, uid(ws), kind, uid(id))
		if err != nil {
			return err
		}
		d, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (ledger.Doc, error) {
			return new(docScan).doc(row)
		})
		return err
	})
	return d, noDoc(err)
}

// Blob implements ledger.Store.
func (s *Store) Blob(ctx context.Context, ws ledger.ID, hash string) (body []byte, err error) {
	err = s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, sqlBlob, uid(ws), hash).Scan(&body)
	})
	return body, noDoc(err)
}

func noDoc(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ledger.ErrNoDoc
	}
	return err
}

const (
	commitColumns = `SELECT c.seq, c.at, c.actor, c.behalf, c.verb, c.branch, c.merges, c.undoes, c.origin, c.salt, c.digest, c.hash`
	entryColumns  = `, j.n, j.at, j.op, j.kind, j.id, j.actor, j.schema, j.was_at, j.was_by, j.changes::text`

	// The range of seq is asked of both tables: a merge of their indexes would otherwise
	// read the journal from its beginning.
	fromCommits  = ` FROM commits c`
	joinJournal  = ` LEFT JOIN journal j ON j.workspace_id = c.workspace_id AND j.seq = c.seq AND j.workspace_id = $1::uuid AND j.seq >= $2 AND j.seq <= $3`
	joinTouching = ` JOIN journal j ON j.workspace_id = c.workspace_id AND j.seq = c.seq AND j.workspace_id = $1::uuid AND j.seq >= $2 AND j.seq <= $3
		AND j.kind = $10 AND j.id = $11::uuid`
	chosen = ` WHERE c.workspace_id = $1::uuid AND c.seq >= $2 AND c.seq <= $3 AND c.at > $4
		AND (NOT $5::boolean OR c.branch IS NULL) AND ($6::uuid IS NULL OR c.branch = $6::uuid) AND ($7::uuid IS NULL OR c.actor = $7::uuid)`

	// A page goes on behind the entry at which the one before ended, be it within a
	// commit. A commit without entries counts as one with the entry -1.
	onwards     = chosen + ` AND (c.seq > $2 OR coalesce(j.n, -1) > $8) ORDER BY c.seq, j.n LIMIT $9`
	backwards   = chosen + ` AND (c.seq < $3 OR coalesce(j.n, -1) < $8) ORDER BY c.seq DESC, j.n DESC LIMIT $9`
	noEntry     = `, -1, 0::bigint, '', '', NULL::uuid, NULL::uuid, 0, 0::bigint, NULL::uuid, ''`
	bareOnwards = chosen + ` AND (c.seq > $2 OR -1 > $8) ORDER BY c.seq LIMIT $9`
	bareBack    = chosen + ` AND (c.seq < $3 OR -1 < $8) ORDER BY c.seq DESC LIMIT $9`

	sqlCommitsUp    = commitColumns + entryColumns + fromCommits + joinJournal + onwards
	sqlCommitsDown  = commitColumns + entryColumns + fromCommits + joinJournal + backwards
	sqlTouchingUp   = commitColumns + entryColumns + fromCommits + joinTouching + onwards
	sqlTouchingDown = commitColumns + entryColumns + fromCommits + joinTouching + backwards
	sqlBareUp       = commitColumns + noEntry + fromCommits + bareOnwards
	sqlBareDown     = commitColumns + noEntry + fromCommits + bareBack
)

// The number of rows read at once grows, since most readers want the next few commits and
// the others everything.
const (
	firstPage = 256
	nextPage  = 4096
)

// Commits implements ledger.Store. Between its pages it holds no connection, so a slow
// or abandoned reader keeps nothing from others.
func (s *Store) Commits(ctx context.Context, ws ledger.ID, q ledger.CommitQuery) iter.Seq2[ledger.Commit, error] {
	return func(yield func(ledger.Commit, error) bool) {
		p := s.newPager(ws, q)
		left := q.Limit
		for {
			done, more, err := p.next(ctx, s)
			for _, c := range done {
				if q.Bare {
					c.Entries = nil
				}
				if !yield(c, nil) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
			if err != nil {
				yield(ledger.Commit{}, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// pager reads the rows of a CommitQuery, a page at a time.
type pager struct {
	ws     ledger.ID
	q      ledger.CommitQuery
	sql    string
	mode   []any // how pgx runs the statement, if not as usual
	lo, hi int64 // the seqs not read yet, both inclusive
	n      int32 // of the last entry read in the commit at the near end
	rows   int
	open   *ledger.Commit // may have more entries on the next page
}

func (s *Store) newPager(ws ledger.ID, q ledger.CommitQuery) *pager {
	p := &pager{ws: ws, q: q, lo: int64(q.After) + 1, hi: int64(q.UpTo), rows: firstPage}
	if q.UpTo == 0 {
		p.hi = math.MaxInt64
	}
	p.n = math.MinInt32
	if q.Desc {
		p.n = math.MaxInt32
	}
	switch {
	case q.Kind != "":
		p.sql = pick(q.Desc, sqlTouchingDown, sqlTouchingUp)
	case q.Bare:
		p.sql = pick(q.Desc, sqlBareDown, sqlBareUp)
	default:
		p.sql = pick(q.Desc, sqlCommitsDown, sqlCommitsUp)
	}
	if q.Branch != nil || q.Actor != nil || q.Since != 0 {
		// Which index serves depends on the filters, so the statement is planned for the
		// values at hand and not once for all.
		p.mode = s.planned
	}
	return p
}

func pick(desc bool, down, up string) string {
	if desc {
		return down
	}
	return up
}

// next returns the commits that the next page completes.
func (p *pager) next(ctx context.Context, s *Store) (done []ledger.Commit, more bool, err error) {
	var live bool
	var branch, actor pgtype.UUID
	if p.q.Branch != nil {
		live, branch = p.q.Branch.IsZero(), optional(*p.q.Branch)
	}
	if p.q.Actor != nil {
		actor = uid(*p.q.Actor)
	}
	since := int64(math.MinInt64)
	if p.q.Since != 0 {
		since = int64(p.q.Since)
	}
	args := append(p.mode[:len(p.mode):len(p.mode)], uid(p.ws), p.lo, p.hi, since, live, branch, actor, p.n, p.rows)
	if p.q.Kind != "" {
		args = append(args, p.q.Kind, uid(p.q.ID))
	}
	var page []commitScan
	err = s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		page = page[:0]
		rows, err := conn.Query(ctx, p.sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r commitScan
			if err := r.scan(rows); err != nil {
				return err
			}
			page = append(page, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, false, err
	}
	for i := range page {
		r := &page[i]
		if p.open == nil || int64(p.open.Seq) != r.seq {
			if p.open != nil {
				done = append(done, *p.open)
			}
			p.open = r.commit(p.ws)
		}
		if r.n.Valid && r.n.Int32 >= 0 {
			e, err := r.entry()
			if err != nil {
				return done, false, err
			}
			p.open.Entries = append(p.open.Entries, e)
		}
	}
	if len(page) == p.rows {
		last := &page[len(page)-1]
		p.n = -1
		if last.n.Valid {
			p.n = last.n.Int32
		}
		if p.q.Desc {
			p.hi = last.seq
		} else {
			p.lo = last.seq
		}
		p.rows = nextPage
		return done, true, nil
	}
	if p.open != nil {
		done = append(done, *p.open)
	}
	return done, false, nil
}

// commitScan is one row: a commit and, unless it has none, one of its entries.
type commitScan struct {
	seq, at            int64
	actor, behalf      pgtype.UUID
	verb               string
	branch, merges     pgtype.UUID
	undoes             pgtype.Int8
	origin             int64
	salt, digest, hash []byte

	n           pgtype.Int4
	entryAt     pgtype.Int8
	op, kind    pgtype.Text
	id, by      pgtype.UUID
	schema      pgtype.Int4
	wasAt       pgtype.Int8
	wasBy       pgtype.UUID
	changesText []byte
}

func (r *commitScan) scan(rows pgx.Rows) error {
	return rows.Scan(&r.seq, &r.at, &r.actor, &r.behalf, &r.verb, &r.branch, &r.merges, &r.undoes, &r.origin, &r.salt, &r.digest, &r.hash,
		&r.n, &r.entryAt, &r.op, &r.kind, &r.id, &r.by, &r.schema, &r.wasAt, &r.wasBy, &r.changesText)
}

func (r *commitScan) commit(ws ledger.ID) *ledger.Commit {
	c := &ledger.Commit{
		Workspace: ws, Seq: ledger.Seq(r.seq), At: ledger.Time(r.at),
		Actor: ledger.Actor{ID: r.actor.Bytes, OnBehalf: r.behalf.Bytes},
		Verb:  r.verb, Branch: r.branch.Bytes, Merges: r.merges.Bytes, Undoes: ledger.Seq(r.undoes.Int64), Origin: r.origin,
	}
	copy(c.Salt[:], r.salt)
	copy(c.Digest[:], r.digest)
	copy(c.Hash[:], r.hash)
	return c
}

func (r *commitScan) entry() (ledger.Entry, error) {
	e := ledger.Entry{
		N: int(r.n.Int32), At: ledger.Time(r.entryAt.Int64), Op: ledger.Op(r.op.String), Kind: r.kind.String, ID: r.id.Bytes,
		Actor: r.by.Bytes, Schema: int(r.schema.Int32), WasAt: ledger.Time(r.wasAt.Int64), WasBy: r.wasBy.Bytes,
	}
	// Not json.Unmarshal, for the reason told in journalRows.add.
	err := e.Changes.UnmarshalJSON(r.changesText)
	return e, err
}
