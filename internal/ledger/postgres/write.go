package postgres

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// Each table is written by one statement that unfolds a list a column. Rows in pipelined
// statements of their own were a tenth to a fifth slower.
const (
	sqlBlobs = `INSERT INTO blobs(workspace_id, hash, body)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])
		ON CONFLICT (workspace_id, hash) DO NOTHING`

	sqlEntities = `INSERT INTO entities(workspace_id, kind, id, version, born, created_at, created_by, updated_at, updated_by, schema, batch, doc)
		SELECT workspace_id, kind, id, version, born, created_at, created_by, updated_at, updated_by, schema, batch, doc::jsonb
		FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[], $8::bigint[], $9::uuid[],
			$10::integer[], $11::uuid[], $12::text[])
			AS d(workspace_id, kind, id, version, born, created_at, created_by, updated_at, updated_by, schema, batch, doc)
		ON CONFLICT (workspace_id, kind, id) DO UPDATE SET
			version = excluded.version, born = excluded.born,
			created_at = excluded.created_at, created_by = excluded.created_by,
			updated_at = excluded.updated_at, updated_by = excluded.updated_by,
			schema = excluded.schema, batch = excluded.batch, doc = excluded.doc`

	sqlCommits = `INSERT INTO commits(workspace_id, seq, at, actor, behalf, verb, branch, merges, undoes, origin, salt, digest, hash)
		SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::uuid[], $8::uuid[],
			$9::bigint[], $10::bigint[], $11::bytea[], $12::bytea[], $13::bytea[])`

	sqlJournal = `INSERT INTO journal(workspace_id, seq, n, at, op, kind, id, actor, schema, was_at, was_by, changes)
		SELECT workspace_id, seq, n, at, op, kind, id, actor, schema, was_at, was_by, changes::json
		FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::bigint[], $5::text[], $6::text[], $7::uuid[], $8::uuid[],
			$9::integer[], $10::bigint[], $11::uuid[], $12::text[])
			AS e(workspace_id, seq, n, at, op, kind, id, actor, schema, was_at, was_by, changes)`

	sqlForgetDue = `DELETE FROM due USING unnest($1::uuid[], $2::text[], $3::uuid[]) AS d(workspace_id, kind, id)
		WHERE due.workspace_id = d.workspace_id AND due.kind = d.kind AND due.id = d.id`

	sqlDue = `INSERT INTO due(workspace_id, kind, id, at, name)
		SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[])
		ON CONFLICT DO NOTHING`

	sqlDone = `DELETE FROM due USING unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[]) AS d(workspace_id, kind, id, at, name)
		WHERE due.workspace_id = d.workspace_id AND due.kind = d.kind AND due.id = d.id AND due.at = d.at AND due.name = d.name`

	sqlBatch = `INSERT INTO batches(workspace_id, id, state, begun, ended) VALUES ($1::uuid, $2::uuid, $3, $4, $5)
		ON CONFLICT (workspace_id, id) DO UPDATE SET state = excluded.state, begun = excluded.begun, ended = excluded.ended`

	// Of a dropped import the documents go and the entries; its commits stay, for the
	// hashes of those that follow.
	sqlDropDue = `DELETE FROM due USING entities e
		WHERE due.workspace_id = $1::uuid AND e.workspace_id = $1::uuid AND e.batch = $2::uuid AND due.kind = e.kind AND due.id = e.id`
	sqlDropEntities = `DELETE FROM entities WHERE workspace_id = $1::uuid AND batch = $2::uuid`
	sqlDropEntries  = `DELETE FROM journal j USING commits c
		WHERE c.workspace_id = $1::uuid AND c.branch = $2::uuid AND j.workspace_id = $1::uuid AND j.seq = c.seq`

	sqlHeads = `UPDATE workspaces w SET seq = h.seq, last_at = h.last_at, hash = h.hash, counters = h.counters::jsonb
		FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[], $5::text[]) AS h(id, seq, last_at, hash, counters)
		WHERE w.id = h.id`
)

type (
	ids   = pgtype.FlatArray[pgtype.UUID]
	texts = pgtype.FlatArray[pgtype.Text]
	nums  = pgtype.FlatArray[pgtype.Int8]
)

// queue puts the statements of a commit into b. All writes share the statements, so a
// group that spans workspaces costs no more.
func queue(b *pgx.Batch, writes []ledger.Writes) error {
	var (
		blobs    blobRows
		entities entityRows
		due      dueRows
		edited   dueRows // entities whose due rows are replaced
		done     dueRows
		commits  commitRows
		journal  journalRows
		heads    headRows
	)
	for i := range writes {
		w := &writes[i]
		ws := uid(w.Workspace)
		for _, blob := range w.Blobs {
			blobs.add(ws, blob)
		}
		for j := range w.Docs {
			d := &w.Docs[j]
			entities.add(ws, d)
			if d.DueEdited {
				edited.add(ws, d.Kind, d.Meta.ID, ledger.Due{})
				for _, x := range d.Due {
					due.add(ws, d.Kind, d.Meta.ID, x)
				}
			}
		}
		for _, d := range w.Done {
			done.add(ws, d.Kind, d.ID, d.Due)
		}
		for j := range w.Commits {
			c := &w.Commits[j]
			commits.add(ws, c)
			for k := range c.Entries {
				if err := journal.add(ws, c.Seq, &c.Entries[k]); err != nil {
					return err
				}
			}
		}
		if err := heads.add(ws, w.Head); err != nil {
			return err
		}
		for _, batch := range w.Batch {
			b.Queue(sqlBatch, ws, uid(batch.ID), string(batch.State), int64(batch.Begun), int64(batch.Ended))
		}
	}
	if len(blobs.ws) > 0 {
		b.Queue(sqlBlobs, blobs.ws, blobs.hash, blobs.body)
	}
	if r := &entities; len(r.ws) > 0 {
		b.Queue(sqlEntities, r.ws, r.kind, r.id, r.version, r.born, r.createdAt, r.createdBy, r.updatedAt, r.updatedBy, r.schema, r.batch, r.doc)
	}
	if r := &edited; len(r.ws) > 0 {
		b.Queue(sqlForgetDue, r.ws, r.kind, r.id)
	}
	if r := &due; len(r.ws) > 0 {
		b.Queue(sqlDue, r.ws, r.kind, r.id, r.at, r.name)
	}
	// Last of the three: an entity may still say that something is due which its handler
	// has just done.
	if r := &done; len(r.ws) > 0 {
		b.Queue(sqlDone, r.ws, r.kind, r.id, r.at, r.name)
	}
	if r := &commits; len(r.ws) > 0 {
		b.Queue(sqlCommits, r.ws, r.seq, r.at, r.actor, r.behalf, r.verb, r.branch, r.merges, r.undoes, r.origin, r.salt, r.digest, r.hash)
	}
	if r := &journal; len(r.ws) > 0 {
		b.Queue(sqlJournal, r.ws, r.seq, r.n, r.at, r.op, r.kind, r.id, r.actor, r.schema, r.wasAt, r.wasBy, r.changes)
	}
	for i := range writes {
		ws := uid(writes[i].Workspace)
		for _, id := range writes[i].DropDocs {
			b.Queue(sqlDropDue, ws, uid(id))
			b.Queue(sqlDropEntities, ws, uid(id))
			b.Queue(sqlDropEntries, ws, uid(id))
		}
	}
	b.Queue(sqlHeads, heads.ws, heads.seq, heads.lastAt, heads.hash, heads.counters)
	return nil
}

type blobRows struct {
	ws   ids
	hash []string
	body [][]byte
}

func (r *blobRows) add(ws pgtype.UUID, b ledger.Blob) {
	body := b.Body
	if body == nil {
		body = []byte{}
	}
	r.ws = append(r.ws, ws)
	r.hash = append(r.hash, b.Hash)
	r.body = append(r.body, body)
}

type entityRows struct {
	ws                   ids
	kind                 []string
	id                   ids
	version, born        []int64
	createdAt, updatedAt []int64
	createdBy, updatedBy ids
	schema               []int32
	batch                ids
	doc                  texts
}

func (r *entityRows) add(ws pgtype.UUID, d *ledger.Doc) {
	m := &d.Meta
	r.ws = append(r.ws, ws)
	r.kind = append(r.kind, d.Kind)
	r.id = append(r.id, uid(m.ID))
	r.version = append(r.version, m.Version)
	r.born = append(r.born, int64(m.Born))
	r.createdAt = append(r.createdAt, int64(m.CreatedAt))
	r.createdBy = append(r.createdBy, uid(m.CreatedBy))
	r.updatedAt = append(r.updatedAt, int64(m.UpdatedAt))
	r.updatedBy = append(r.updatedBy, uid(m.UpdatedBy))
	r.schema = append(r.schema, int32(d.Schema))
	r.batch = append(r.batch, optional(d.Batch))
	r.doc = append(r.doc, pgtype.Text{String: string(d.JSON), Valid: d.JSON != nil})
}

type dueRows struct {
	ws   ids
	kind []string
	id   ids
	at   []int64
	name []string
}

func (r *dueRows) add(ws pgtype.UUID, kind string, id ledger.ID, d ledger.Due) {
	r.ws = append(r.ws, ws)
	r.kind = append(r.kind, kind)
	r.id = append(r.id, uid(id))
	r.at = append(r.at, int64(d.At))
	r.name = append(r.name, d.Name)
}

type commitRows struct {
	ws                 ids
	seq, at            []int64
	actor, behalf      ids
	verb               []string
	branch, merges     ids
	undoes             nums
	origin             []int64
	salt, digest, hash [][]byte
}

func (r *commitRows) add(ws pgtype.UUID, c *ledger.Commit) {
	r.ws = append(r.ws, ws)
	r.seq = append(r.seq, int64(c.Seq))
	r.at = append(r.at, int64(c.At))
	r.actor = append(r.actor, uid(c.Actor.ID))
	r.behalf = append(r.behalf, optional(c.Actor.Via))
	r.verb = append(r.verb, c.Verb)
	r.branch = append(r.branch, optional(c.Branch))
	r.merges = append(r.merges, optional(c.Merges))
	r.undoes = append(r.undoes, pgtype.Int8{Int64: int64(c.Undoes), Valid: c.Undoes != 0})
	r.origin = append(r.origin, c.Origin)
	r.salt = append(r.salt, c.Salt[:])
	r.digest = append(r.digest, c.Digest[:])
	r.hash = append(r.hash, c.Hash[:])
}

type journalRows struct {
	ws       ids
	seq      []int64
	n        []int32
	at       []int64
	op, kind []string
	id       ids
	actor    ids
	schema   []int32
	wasAt    []int64
	wasBy    ids
	changes  []string
}

func (r *journalRows) add(ws pgtype.UUID, seq ledger.Seq, e *ledger.Entry) error {
	changes, err := e.Text()
	if err != nil {
		return err
	}
	r.ws = append(r.ws, ws)
	r.seq = append(r.seq, int64(seq))
	r.n = append(r.n, int32(e.N))
	r.at = append(r.at, int64(e.At))
	r.op = append(r.op, string(e.Op))
	r.kind = append(r.kind, e.Kind)
	r.id = append(r.id, uid(e.ID))
	r.actor = append(r.actor, optional(e.Actor))
	r.schema = append(r.schema, int32(e.Schema))
	r.wasAt = append(r.wasAt, int64(e.WasAt))
	r.wasBy = append(r.wasBy, optional(e.WasBy))
	r.changes = append(r.changes, string(changes))
	return nil
}

type headRows struct {
	ws          ids
	seq, lastAt []int64
	hash        [][]byte
	counters    []string
}

func (r *headRows) add(ws pgtype.UUID, h ledger.Head) error {
	counters, err := encodeCounters(h.Counters)
	if err != nil {
		return err
	}
	r.ws = append(r.ws, ws)
	r.seq = append(r.seq, int64(h.Seq))
	r.lastAt = append(r.lastAt, int64(h.LastAt))
	r.hash = append(r.hash, h.Hash[:])
	r.counters = append(r.counters, counters)
	return nil
}
