package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Import is a large set of new entities, perhaps with their own dated history, that
// becomes live as one commit. It is laid out outside the lock and written in chunks that
// nobody sees; the last step makes all of it visible at once. A crash on the way leaves
// nothing. It is undone like any commit.
type Import struct {
	ctx    context.Context
	l      *Ledger
	ws     *workspace
	as     Actor
	verb   string
	id     ID
	row    BatchRow
	keys   map[string]bool // human keys of the chunks that are written
	ids    *Tx             // makes identifiers; never committed
	b      *builder        // the workspace at the start with the import's entities
	staged []*staged
	chunk  []*staged // of staged: not written yet
	blobs  []Blob
	texts  map[string]bool // hashes of the long texts it made
	edits  []func(*Tx) error
}

// staged is a new entity of an import.
type staged struct {
	k       *kind
	e       Entity
	entries []Entry
}

// Stamp says when something happened and who did it.
type Stamp struct {
	At time.Time // zero: now
	By ID        // zero: who imports
}

// Step is a later change in the history of an imported entity.
type Step[T any] struct {
	Stamp
	Edit func(*T) error
}

const (
	chunkEntities = 500
	batchLease    = 30 * time.Second
)

// Import runs fn, which lays out entities with Kind.Import, and makes them live in one
// commit, whose position it returns. An error of fn, of a check or of the policy
// imports nothing.
func (l *Ledger) Import(ctx context.Context, workspace ID, as Actor, verb string, fn func(*Import) error) (Seq, error) {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return 0, err
	}
	defer ws.unpin()
	im := &Import{
		ctx: ctx, l: l, ws: ws, as: as, verb: verb,
		keys: map[string]bool{}, texts: map[string]bool{},
	}
	im.b = newBuilder(l.reg, ws.committed.Load())
	if im.ids, err = newTx(ws, im.b, &request{as: as, verb: verb}, max(TimeOf(ws.now()), im.b.lastAt)); err != nil {
		return 0, err
	}
	im.id = im.ids.NewID()
	im.row = BatchRow{Workspace: workspace, ID: im.id, State: BatchOpen}
	err = fn(im)
	var seq Seq
	if err == nil {
		err = im.flush(0)
	}
	if err == nil {
		seq, err = im.merge()
	}
	if err != nil && im.row.Begun != 0 {
		if dropped := im.drop(context.WithoutCancel(ctx)); dropped != nil {
			l.log.Error("cannot drop an import; the next start will", "import", im.id, "error", dropped)
		}
	}
	return seq, err
}

// NewID makes an identifier for an entity of the import, so that others may refer to it.
func (im *Import) NewID() ID { return im.ids.NewID() }

// Text returns s as a field of an entity, stored with the import.
func (im *Import) Text(s string) TextRef {
	ref := newTextRef(s)
	if ref.hash != "" {
		im.blobs = append(im.blobs, Blob{ref.hash, []byte(s)})
		im.texts[ref.hash] = true
	}
	return ref
}

// Import lays out a new entity: as it was when made, and then step by step. Times must
// not run backwards nor lie in the future; such an input is Invalid.
func (k Kind[T]) Import(im *Import, e T, made Stamp, later ...Step[T]) (ID, error) {
	n := any(&e).(Entity)
	id := n.meta().ID
	*n.meta() = Meta{ID: id}
	steps := make([]importStep, len(later))
	for i, s := range later {
		steps[i] = importStep{s.Stamp, func(e Entity) error { return s.Edit(any(e).(*T)) }}
	}
	return im.add(k.k, k.k.plan.copyOf(n), made, steps)
}

// ImportEdit changes an entity that is live already; it happens when the import becomes
// live, and at that time.
func (k Kind[T]) ImportEdit(im *Import, id ID, fn func(*Tx, *T) error) {
	im.edits = append(im.edits, func(tx *Tx) error {
		return k.Edit(tx, id, func(e *T) error { return fn(tx, e) })
	})
}

type importStep struct {
	Stamp
	edit func(Entity) error
}

func (im *Import) add(k *kind, e Entity, made Stamp, later []importStep) (ID, error) {
	m := e.meta()
	if m.ID.IsZero() {
		m.ID = im.NewID()
	}
	if im.b.table(k).get(m.ID) != nil {
		return ID{}, fault.New(fault.Conflict, "there is already a %s %s", k.name, m.ID)
	}
	s := &staged{k: k}
	at, by, err := im.stamp(made, 0)
	if err != nil {
		return ID{}, invalid(k, err)
	}
	k.plan.tidy(e)
	m.Version, m.CreatedAt, m.CreatedBy, m.UpdatedAt, m.UpdatedBy = 1, at, by, at, by
	if err := im.entry(s, OpCreate, nil, e); err != nil {
		return ID{}, err
	}
	for i, step := range later {
		if at, by, err = im.stamp(step.Stamp, m.UpdatedAt); err != nil {
			return ID{}, invalid(k, fmt.Errorf("history[%d]: %w", i, err))
		}
		n := k.plan.copyOf(e)
		was := *n.meta()
		if err := step.edit(n); err != nil {
			return ID{}, err
		}
		*n.meta() = was
		k.plan.tidy(n)
		n.meta().Version++
		n.meta().UpdatedAt, n.meta().UpdatedBy = at, by
		if err := im.entry(s, OpEdit, e, n); err != nil {
			return ID{}, err
		}
		if len(s.entries) == int(n.meta().Version) {
			e, m = n, n.meta()
		}
	}
	s.e = e
	im.b.append(k, e)
	im.staged = append(im.staged, s)
	im.chunk = append(im.chunk, s)
	return m.ID, im.flush(chunkEntities)
}

// stamp returns time and person of a step, not before the step that went before.
func (im *Import) stamp(s Stamp, before Time) (Time, ID, error) {
	at, by := im.ids.at, s.By
	if !s.At.IsZero() {
		at = TimeOf(s.At)
	}
	if by.IsZero() {
		by = im.as.ID
	}
	switch {
	case at > im.ids.at:
		return 0, ID{}, fmt.Errorf("at: %s lies in the future", at.Go().Format(time.RFC3339))
	case at < before:
		return 0, ID{}, fmt.Errorf("at: %s is before the change that came before it", at.Go().Format(time.RFC3339))
	}
	return at, by, nil
}

// entry notes the step from before to after.
func (im *Import) entry(s *staged, op Op, before, after Entity) error {
	changes, err := s.k.plan.diff(before, after)
	if err != nil {
		return invalid(s.k, err)
	}
	if before != nil && len(changes) == 0 {
		return nil
	}
	if err := checkValues(s.k, after, changes); err != nil {
		return err
	}
	m := after.meta()
	e := Entry{At: m.UpdatedAt, Op: op, Kind: s.k.name, ID: m.ID, Schema: s.k.schema, Changes: changes}
	if m.UpdatedBy != im.as.ID {
		e.Actor = m.UpdatedBy
	}
	if before != nil {
		e.WasAt, e.WasBy = before.meta().UpdatedAt, before.meta().UpdatedBy
	}
	s.entries = append(s.entries, e)
	return nil
}

// flush writes what is laid out as a chunk of pending changes, if it is at least enough.
func (im *Import) flush(enough int) error {
	chunk := im.chunk
	if len(chunk) == 0 || len(chunk) < enough {
		return nil
	}
	if held, err := im.l.Lease(im.ctx, "import/"+im.id.String(), batchLease); err != nil || !held {
		return unavailable(fmt.Errorf("the import has lost its lease: %w", err))
	}
	r := &request{ctx: im.ctx, as: im.as, verb: im.verb, done: make(chan struct{})}
	r.stage = func(p *part, at Time) *Commit {
		if r.err = im.taken(&p.b.state, chunk); r.err != nil {
			return nil
		}
		return im.write(p, at, chunk)
	}
	seq, err := im.l.submit(im.ctx, im.ws.id, r)
	if err != nil {
		return err
	}
	if im.row.Begun == 0 {
		im.row.Begun = seq
	}
	for _, s := range chunk {
		im.keys[s.e.meta().Key] = true
	}
	im.chunk, im.blobs = nil, nil
	return nil
}

// taken is a Conflict if one of the new entities has been made by somebody else.
func (im *Import) taken(st *state, all []*staged) error {
	for _, s := range all {
		if id := s.e.meta().ID; st.table(s.k).get(id) != nil {
			return fault.New(fault.Conflict, "there is already a %s %s", s.k.name, id)
		}
	}
	return nil
}

// write is the chunk's part under the lock: it gives the human keys.
func (im *Import) write(p *part, at Time, chunk []*staged) *Commit {
	c := &Commit{Workspace: im.ws.id, Seq: p.b.seq + 1, At: at, Actor: im.as, Verb: im.verb, Branch: im.id}
	c.Salt = im.ids.salt()
	v := whole{im.b, im.b.seq}
	for _, s := range chunk {
		if s.k.keys != nil {
			prefix := s.k.keys(v, s.e)
			p.b.counters[prefix]++
			s.setKey(fmt.Sprintf("%s-%d", prefix, p.b.counters[prefix]))
		}
		for i := range s.entries {
			s.entries[i].N = len(c.Entries)
			c.Entries = append(c.Entries, s.entries[i])
		}
		d, err := s.k.document(s.e)
		if err != nil {
			continue // encoded before, when its changes were
		}
		d.Batch = im.id
		if s.k.due != nil {
			d.Due, d.DueEdited = s.k.due(s.e), true
		}
		p.writes.Docs = append(p.writes.Docs, d)
	}
	p.writes.Blobs = append(p.writes.Blobs, im.blobs...)
	if row := im.row; row.Begun == 0 {
		row.Begun = c.Seq
		p.writes.Batch = append(p.writes.Batch, row)
	}
	return c
}

// setKey gives the human key, in the entity and in its first entry. It may be called
// again when a chunk is run again.
func (s *staged) setKey(key string) {
	raw, _ := marshal(key)
	ch := &s.entries[0].Changes
	if len(*ch) > 0 && (*ch)[0].Field == "key" {
		*ch = (*ch)[1:]
	}
	*ch = append(Changes{{"key", null, raw}}, *ch...)
	s.entries[0].text = nil
	s.e.meta().Key = key
}

// merge makes the import live.
func (im *Import) merge() (Seq, error) {
	g := newGraft(im.l.reg, im.staged)
	r := &request{ctx: im.ctx, as: im.as, verb: im.verb, long: true, done: make(chan struct{})}
	r.fn = func(tx *Tx) error {
		if err := im.taken(&tx.b.state, im.staged); err != nil {
			return err
		}
		tx.merges, tx.held = im.id, im.texts
		tx.take(g)
		for _, edit := range im.edits {
			if err := edit(tx); err != nil {
				return err
			}
		}
		return nil
	}
	r.also = func(_ *Tx, p *part, c *Commit) error {
		// A process that slept through its lease may have lost its chunks.
		open, err := im.l.isBatch(im.ctx, im.id, BatchOpen)
		if err != nil {
			return unavailable(err)
		}
		if im.row.Begun != 0 && !open {
			return fault.New(fault.Conflict, "the import took too long and was dropped; run it again")
		}
		row := im.row
		row.State, row.Ended = BatchMerged, c.Seq
		p.writes.Batch = append(p.writes.Batch, row)
		return nil
	}
	return im.l.submit(im.ctx, im.ws.id, r)
}

// graft is the entities of an import as finished pages and index runs: putting them into
// a table costs by the page, so that nobody waits while 100,000 rows become live.
type graft struct {
	tables  map[*kind]*table
	changes []*change
}

func newGraft(reg *Registry, all []*staged) *graft {
	slices.SortFunc(all, func(a, b *staged) int {
		x, y := a.e.meta().ID, b.e.meta().ID
		return bytes.Compare(x[:], y[:])
	})
	b := newBuilder(reg, newState(reg))
	g := &graft{tables: map[*kind]*table{}}
	byKind := map[*kind][]Entity{}
	for _, s := range all {
		byKind[s.k] = append(byKind[s.k], s.e)
		g.changes = append(g.changes, &change{k: s.k, id: s.e.meta().ID, after: s.e})
	}
	for k, es := range byKind {
		b.fill(k, es)
		g.tables[k] = b.table(k)
	}
	return g
}

// take puts a graft behind the newest entities of each kind.
func (tx *Tx) take(g *graft) {
	for _, c := range g.changes {
		c.after.meta().Born = tx.seq // nobody else holds the entity yet
		guardSet(c.after)
	}
	for k, from := range g.tables {
		t := tx.b.own(k)
		tx.first[k] = t.next
		base := (t.next + rowMask) &^ rowMask
		if t.tail == nil {
			t.tail = make(map[ID]uint32, from.live)
		}
		for rel, p := range from.eachPage() {
			t.setPage(tx.b.edit, base+rel, p)
			for i, e := range p.rows {
				if e != nil {
					t.tail[e.meta().ID] = base + rel + uint32(i)
				}
			}
		}
		for i := range t.trees {
			t.trees[i] = append(t.trees[i], run{base: base, tree: from.trees[i][0].tree})
		}
		t.next = base + from.next
		t.live += from.live
	}
	tx.grafted = g.changes
}

// drop takes the chunks away again; numbers that nobody followed are free again.
func (im *Import) drop(ctx context.Context) error {
	r := &request{ctx: ctx, as: im.as, verb: "drop " + im.verb, done: make(chan struct{})}
	r.stage = func(p *part, at Time) *Commit {
		if merged, err := im.l.isBatch(ctx, im.id, BatchMerged); err != nil || merged {
			return nil // the merge happened after all, or the next start will drop it
		}
		release(p.b.counters, im.keys)
		return dropCommit(p, at, im.as, im.row)
	}
	_, err := im.l.submit(ctx, im.ws.id, r)
	return err
}

// release frees the newest numbers as far as they are among the given keys.
func release(counters map[string]int64, keys map[string]bool) {
	for prefix := range counters {
		for keys[fmt.Sprintf("%s-%d", prefix, counters[prefix])] {
			counters[prefix]--
		}
	}
}

func dropCommit(p *part, at Time, as Actor, row BatchRow) *Commit {
	c := &Commit{Workspace: row.Workspace, Seq: p.b.seq + 1, At: at, Actor: as, Verb: "drop import", Branch: row.ID}
	row.State, row.Ended = BatchDropped, c.Seq
	p.writes.Batch = append(p.writes.Batch, row)
	p.writes.DropDocs = append(p.writes.DropDocs, row.ID)
	return c
}

// isBatch reports whether an import is in a state. Under the lock of its workspace that
// is final: what another process did before is committed.
func (l *Ledger) isBatch(ctx context.Context, id ID, state BatchState) (bool, error) {
	rows, err := l.store.Batches(ctx, state)
	return slices.ContainsFunc(rows, func(b BatchRow) bool { return b.ID == id }), err
}

// dropDeadBatches drops the imports whose process died: nobody renews their lease.
func (l *Ledger) dropDeadBatches(ctx context.Context) error {
	rows, err := l.store.Batches(ctx, BatchOpen)
	if err != nil {
		return err
	}
	for _, row := range rows {
		held, err := l.Lease(ctx, "import/"+row.ID.String(), batchLease)
		if err != nil {
			return err
		}
		if !held {
			continue // another process is at it
		}
		keys := map[string]bool{}
		for c, err := range l.store.Commits(ctx, row.Workspace, CommitQuery{Branch: &row.ID}) {
			if err != nil {
				return err
			}
			for i := range c.Entries {
				ch, _ := c.Entries[i].Changes.Get("key")
				var key string
				if json.Unmarshal(ch.New, &key) == nil {
					keys[key] = true
				}
			}
		}
		r := &request{ctx: ctx, as: System, verb: "drop import", done: make(chan struct{})}
		r.stage = func(p *part, at Time) *Commit {
			if open, err := l.isBatch(ctx, row.ID, BatchOpen); err != nil || !open {
				return nil // it was only slow, and has become live meanwhile
			}
			release(p.b.counters, keys)
			return dropCommit(p, at, System, row)
		}
		if _, err := l.submit(ctx, row.Workspace, r); err != nil {
			return err
		}
	}
	return nil
}
