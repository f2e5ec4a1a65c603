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

	// Reading a whole workspace may take longer than a statement usually may.
	sqlSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	sqlLoadTime = `SELECT set_config('statement_timeout', '0', true)`

	// A document of an import is there from the moment of its merge, which is when it was
	// born.
	sqlLoad = `SELECT e.kind, e.id, e.version, CASE WHEN e.batch IS NULL THEN e.born ELSE b.ended END,
			e.created_at, e.created_by, e.updated_at, e.updated_by, e.schema, e.batch, e.doc::text
		FROM entities e LEFT JOIN batches b ON b.workspace_id = e.workspace_id AND b.id = e.batch
		WHERE e.workspace_id = $1::uuid AND (e.batch IS NULL OR b.state = 'merged')`
	sqlDoc = sqlLoad + ` AND e.kind = $2 AND e.id = $3::uuid`

	sqlBlob = `SELECT body FROM blobs WHERE workspace_id = $1::uuid AND hash = $2`
)

// blockSize is how many documents Load hands over at once: enough work for a core, and
// several blocks in a small workspace.
const blockSize = 512

// stall is how long Load waits for the next block.
const stall = patience

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
	scan := docScan{kinds: map[string]string{}}
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

// docScan reads rows of sqlLoad. It makes the name of a kind once.
type docScan struct {
	kinds                map[string]string
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
	kind, ok := s.kinds[string(s.rawKind)]
	if !ok {
		kind = string(s.rawKind)
		s.kinds[kind] = kind
	}
	return ledger.Doc{
		Kind: kind,
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
			return (&docScan{kinds: map[string]string{}}).doc(row)
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
	entryColumns  = `, j.n, j.at, j.op, j.kind, j.id, j.actor, j.schema, j.was_at, j.was_by, j.changes::text FROM commits c`
	noEntry       = `, -1, 0::bigint, '', '', NULL::uuid, NULL::uuid, 0, 0::bigint, NULL::uuid, '' FROM commits c`

	// The window of seqs is asked of both tables: the planner does not carry it over.
	joinJournal  = ` LEFT JOIN journal j ON j.workspace_id = $1::uuid AND j.seq = c.seq AND j.seq >= $2 AND j.seq <= $3`
	joinTouching = ` JOIN journal j ON j.workspace_id = $1::uuid AND j.seq = c.seq AND j.seq >= $2 AND j.seq <= $3
		AND j.kind = $10 AND j.id = $11::uuid`
	chosen = ` WHERE c.workspace_id = $1::uuid AND c.seq >= $2 AND c.seq <= $3 AND c.at > $4
		AND (NOT $5::boolean OR c.branch IS NULL) AND ($6::uuid IS NULL OR c.branch = $6::uuid) AND ($7::uuid IS NULL OR c.actor = $7::uuid)`

	// A page goes on behind the entry at which the one before ended, be it within a
	// commit. A commit without entries counts as one with the entry -1.
	upwards       = chosen + ` AND (c.seq > $2 OR coalesce(j.n, -1) > $8) ORDER BY c.seq, j.n LIMIT $9`
	downwards     = chosen + ` AND (c.seq < $3 OR coalesce(j.n, -1) < $8) ORDER BY c.seq DESC, j.n DESC LIMIT $9`
	bareUpwards   = chosen + ` AND (c.seq > $2 OR -1 > $8) ORDER BY c.seq LIMIT $9`
	bareDownwards = chosen + ` AND (c.seq < $3 OR -1 < $8) ORDER BY c.seq DESC LIMIT $9`

	sqlCommitsUp    = commitColumns + entryColumns + joinJournal + upwards
	sqlCommitsDown  = commitColumns + entryColumns + joinJournal + downwards
	sqlTouchingUp   = commitColumns + entryColumns + joinTouching + upwards
	sqlTouchingDown = commitColumns + entryColumns + joinTouching + downwards
	sqlBareUp       = commitColumns + noEntry + bareUpwards
	sqlBareDown     = commitColumns + noEntry + bareDownwards
)

const (
	// pageRows is how many rows are read at once: they bound the memory.
	pageRows = 4096

	// The first window of seqs serves who wants the next few commits; the windows grow
	// for who wants more. They bound the work of a page whatever plan it gets: on tables
	// without statistics the planner likes to sort all there is.
	firstWindow = 256
	growth      = 4
)

// Commits implements ledger.Store. Between its pages it holds no connection, so a slow
// or abandoned reader keeps nothing from others. It yields what was there when it began.
func (s *Store) Commits(ctx context.Context, ws ledger.ID, q ledger.CommitQuery) iter.Seq2[ledger.Commit, error] {
	return func(yield func(ledger.Commit, error) bool) {
		p, err := s.newPager(ctx, ws, q)
		if err != nil {
			yield(ledger.Commit{}, err)
			return
		}
		left := q.Limit
		for p.lo <= p.hi {
			done, err := p.next(ctx, s)
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
		}
	}
}

// pager reads the rows of a CommitQuery, a page at a time.
type pager struct {
	q      ledger.CommitQuery
	sql    string
	mode   []any // how pgx runs the statement, if not as usual
	ws     pgtype.UUID
	since  int64
	live   bool
	branch pgtype.UUID
	actor  pgtype.UUID
	lo, hi int64 // the seqs not read yet, both inclusive
	n      int32 // of the last entry read in the commit at the near end
	window int64 // how many seqs the next page covers
	widest int64
	start  int32         // n before the first entry
	open   ledger.Commit // may have more entries on the next page; Seq 0: none
	page   []commitScan  // of the last read, kept for its memory
}

func (s *Store) newPager(ctx context.Context, ws ledger.ID, q ledger.CommitQuery) (*pager, error) {
	p := &pager{
		q: q, ws: uid(ws), lo: int64(q.After) + 1, hi: int64(q.UpTo), since: math.MinInt64,
		window: firstWindow, widest: pageRows, start: math.MinInt32,
	}
	if q.Desc {
		p.start = math.MaxInt32
	}
	p.n = p.start
	switch {
	case q.Kind != "":
		p.sql = pick(q.Desc, sqlTouchingDown, sqlTouchingUp)
	case q.Bare:
		p.sql = pick(q.Desc, sqlBareDown, sqlBareUp)
	default:
		p.sql = pick(q.Desc, sqlCommitsDown, sqlCommitsUp)
	}
	if q.Branch != nil {
		p.live, p.branch = q.Branch.IsZero(), optional(*q.Branch)
	}
	if q.Actor != nil {
		p.actor = uid(*q.Actor)
	}
	if q.Since != 0 {
		p.since = int64(q.Since)
	}
	if q.Branch != nil || q.Actor != nil || q.Since != 0 || q.Kind != "" {
		// What is chosen may lie far apart, and which index leads to it depends on the
		// values at hand, so it is planned for them and not once for all.
		p.mode, p.widest = s.planned, math.MaxInt64/growth
	}
	if q.Kind != "" || p.branch.Valid {
		p.window = p.widest // these have an index of their own
	}
	if p.hi == 0 || p.hi-p.lo >= p.window {
		heads, err := s.Heads(ctx, []ledger.ID{ws})
		if err != nil {
			return nil, err
		}
		if newest := int64(heads[ws].Seq); p.hi == 0 || p.hi > newest {
			p.hi = newest
		}
	}
	return p, nil
}

func pick(desc bool, down, up string) string {
	if desc {
		return down
	}
	return up
}

// next returns the commits that the next page completes.
func (p *pager) next(ctx context.Context, s *Store) ([]ledger.Commit, error) {
	from, to := p.lo, p.hi
	if to-from >= p.window {
		if p.q.Desc {
			from = to - p.window + 1
		} else {
			to = from + p.window - 1
		}
	}
	if err := p.read(ctx, s, from, to); err != nil {
		return nil, err
	}
	var done []ledger.Commit
	flush := func() {
		if p.open.Seq != 0 {
			done = append(done, p.open)
		}
	}
	for i := range p.page {
		r := &p.page[i]
		if int64(p.open.Seq) != r.seq {
			flush()
			p.open = r.commit(p.ws.Bytes)
		}
		if r.n.Valid && r.n.Int32 >= 0 {
			e, err := r.entry()
			if err != nil {
				return done, err
			}
			p.open.Entries = append(p.open.Entries, e)
		}
	}
	if len(p.page) == pageRows {
		// The window was too wide; what is left of it comes with the next one.
		last := &p.page[pageRows-1]
		p.n = -1
		if last.n.Valid {
			p.n = last.n.Int32
		}
		if p.q.Desc {
			p.hi, p.window = last.seq, to-last.seq+1
		} else {
			p.lo, p.window = last.seq, last.seq-from+1
		}
		return done, nil
	}
	flush()
	p.open = ledger.Commit{}
	if p.q.Desc {
		p.hi = from - 1
	} else {
		p.lo = to + 1
	}
	p.n = p.start
	p.window = min(p.window*growth, p.widest)
	return done, nil
}

// read fills the page.
func (p *pager) read(ctx context.Context, s *Store, from, to int64) error {
	args := append(p.mode[:len(p.mode):len(p.mode)], p.ws, from, to, p.since, p.live, p.branch, p.actor, p.n, pageRows)
	if p.q.Kind != "" {
		args = append(args, p.q.Kind, uid(p.q.ID))
	}
	return s.do(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		p.page = p.page[:0]
		rows, err := conn.Query(ctx, p.sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			p.page = append(p.page, commitScan{})
			if err := p.page[len(p.page)-1].scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// commitScan is one row: a commit and, unless it has none, one of its entries.
type commitScan struct {
	seq, at        int64
	actor, behalf  pgtype.UUID
	verb           string
	branch, merges pgtype.UUID
	undoes         pgtype.Int8
	origin         int64
	salt           [16]byte
	digest, hash   [32]byte

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
	var salt, digest, hash pgtype.DriverBytes // valid until the next row
	err := rows.Scan(&r.seq, &r.at, &r.actor, &r.behalf, &r.verb, &r.branch, &r.merges, &r.undoes, &r.origin, &salt, &digest, &hash,
		&r.n, &r.entryAt, &r.op, &r.kind, &r.id, &r.by, &r.schema, &r.wasAt, &r.wasBy, &r.changesText)
	copy(r.salt[:], salt)
	copy(r.digest[:], digest)
	copy(r.hash[:], hash)
	return err
}

func (r *commitScan) commit(ws ledger.ID) ledger.Commit {
	return ledger.Commit{
		Workspace: ws, Seq: ledger.Seq(r.seq), At: ledger.Time(r.at),
		Actor: ledger.Actor{ID: r.actor.Bytes, Via: r.behalf.Bytes},
		Verb:  r.verb, Branch: r.branch.Bytes, Merges: r.merges.Bytes, Undoes: ledger.Seq(r.undoes.Int64), Origin: r.origin,
		Salt: r.salt, Digest: r.digest, Hash: r.hash,
	}
}

func (r *commitScan) entry() (ledger.Entry, error) {
	e := ledger.Entry{
		N: int(r.n.Int32), At: ledger.Time(r.entryAt.Int64), Op: ledger.Op(r.op.String), Kind: r.kind.String, ID: r.id.Bytes,
		Actor: r.by.Bytes, Schema: int(r.schema.Int32), WasAt: ledger.Time(r.wasAt.Int64), WasBy: r.wasBy.Bytes,
	}
	err := e.SetText(r.changesText)
	return e, err
}
