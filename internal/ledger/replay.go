package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
)

// apply brings an entry of the journal into the builder: how a process learns what
// another one wrote. born is the position at which a new entity becomes live. The
// journal does not hold secrets: changed ones are taken from the newest document.
func (b *builder) apply(c *Commit, e *Entry, born Seq, doc func(k *kind, id ID) (Entity, error)) error {
	k := b.reg.byName[e.Kind]
	if k == nil { // a newer binary's kind
		return nil
	}
	changes, err := k.upgradeChanges(e.Schema, e.Changes)
	if err != nil {
		return err
	}
	slot, old := b.table(k).slotOf(e.ID)
	var m Meta
	if old != nil {
		m = *old.meta()
	}
	var n Entity
	switch e.Op {
	case OpCreate:
		n = k.alloc()
		if old == nil {
			m = Meta{ID: e.ID, Born: born, CreatedAt: e.At, CreatedBy: c.by(e)}
		}
	case OpEdit:
		if gone(old) {
			return fmt.Errorf("ledger: journal at %d edits %s %s, which is not there", c.Seq, e.Kind, e.ID)
		}
		n = k.plan.copyOf(old)
	case OpDelete:
		stone := &tombstone{m}
		stone.Version++
		stone.UpdatedAt, stone.UpdatedBy = e.At, c.by(e)
		stone.FormerKeys, stone.rest = nil, nil
		b.put(k, slot, stone)
		return nil
	default:
		return fmt.Errorf("ledger: journal at %d has the operation %q", c.Seq, e.Op)
	}
	keep := n.meta()
	m.rest, m.FormerKeys, m.Key = keep.rest, keep.FormerKeys, keep.Key
	*keep = m
	keep.Version++
	keep.UpdatedAt, keep.UpdatedBy = e.At, c.by(e)
	for _, ch := range changes {
		if f := k.plan.byName[ch.Field]; f != nil && f.class == secretive {
			now, err := doc(k, e.ID)
			if err != nil {
				return err
			}
			f.of(reflect.ValueOf(n).Elem()).SetZero()
			if now != nil { // nil: deleted since; the entry that did it follows
				f.of(reflect.ValueOf(n).Elem()).Set(f.of(reflect.ValueOf(now).Elem()))
			}
			continue
		}
		if err := k.plan.setField(n, ch.Field, ch.New); err != nil {
			return err
		}
	}
	if old == nil {
		b.append(k, n)
	} else {
		b.put(k, slot, n)
	}
	return nil
}

// rewind undoes entries of the journal, newest first. It works on one private copy an
// entity and puts each in place once, when done.
type rewind struct {
	b     *builder
	slots map[place]uint32
	work  map[place]Entity
}

func newRewind(b *builder) *rewind {
	return &rewind{b, map[place]uint32{}, map[place]Entity{}}
}

func (r *rewind) undo(e *Entry) error {
	k := r.b.reg.byName[e.Kind]
	if k == nil {
		return nil
	}
	changes, err := k.upgradeChanges(e.Schema, e.Changes)
	if err != nil {
		return err
	}
	at := place{k, e.ID}
	cur, started := r.work[at]
	if !started {
		slot, old := r.b.table(k).slotOf(e.ID)
		if old == nil {
			return fmt.Errorf("ledger: the journal knows %s %s, the documents do not", e.Kind, e.ID)
		}
		if dead, ok := old.(*tombstone); ok {
			cur = &tombstone{dead.Meta}
		} else {
			cur = k.plan.copyOf(old)
		}
		r.slots[at] = slot
	}
	m := *cur.meta()
	m.Version--
	m.UpdatedAt, m.UpdatedBy = e.WasAt, e.WasBy
	switch {
	case e.Op == OpCreate && m.Version == 0:
		cur = nil
	case e.Op == OpCreate:
		m.Key, m.FormerKeys, m.rest = "", nil, nil
		cur = &tombstone{m}
	case e.Op == OpDelete:
		cur = k.alloc()
		m.Key, m.FormerKeys, m.rest = "", nil, nil
		*cur.meta() = m
	default:
		*cur.meta() = m
	}
	if !gone(cur) {
		for _, ch := range changes {
			if f := k.plan.byName[ch.Field]; f != nil && f.class == secretive {
				continue // the past keeps no secret: the newest one stays, unread
			}
			if err := k.plan.setField(cur, ch.Field, ch.Old); err != nil {
				return err
			}
		}
	}
	r.work[at] = cur
	return nil
}

func (r *rewind) done() {
	for at, e := range r.work {
		r.b.put(at.k, r.slots[at], e)
	}
}

// catchUp brings the builder to position upTo by what others wrote.
func (ws *workspace) catchUp(ctx context.Context, b *builder, upTo Seq) ([]Commit, error) {
	doc := func(k *kind, id ID) (Entity, error) { return ws.readDoc(ctx, k, id) }
	var learnt []Commit
	for c, err := range ws.l.store.Commits(ctx, ws.id, CommitQuery{After: b.seq, UpTo: upTo}) {
		if err != nil {
			return nil, err
		}
		if c.Seq != b.seq+1 {
			return nil, fmt.Errorf("ledger: the journal of %s jumps from %d to %d", ws.id, b.seq, c.Seq)
		}
		if err := ws.follow(ctx, b, &c, doc); err != nil {
			return nil, err
		}
		learnt = append(learnt, c)
	}
	if b.seq < upTo {
		return nil, fmt.Errorf("ledger: the journal of %s ends at %d, its head says %d", ws.id, b.seq, upTo)
	}
	return learnt, nil
}

// follow brings one commit into the builder.
func (ws *workspace) follow(ctx context.Context, b *builder, c *Commit, doc func(*kind, ID) (Entity, error)) error {
	b.seq, b.lastAt, b.hash = c.Seq, c.At, c.Hash
	if !c.Branch.IsZero() {
		if br := b.branches[c.Branch]; br != nil {
			b.branches[c.Branch] = br.with(b.reg, c)
		}
		return nil
	}
	next := map[*kind]uint32{}
	for _, k := range b.reg.kinds {
		next[k] = b.table(k).next
	}
	if ws.mergesBatch(&b.state, c) {
		branch := c.Merges
		for part, err := range ws.l.store.Commits(ctx, ws.id, CommitQuery{UpTo: c.Seq, Branch: &branch}) {
			if err != nil {
				return err
			}
			for i := range part.Entries {
				if err := b.apply(&part, &part.Entries[i], c.Seq, doc); err != nil {
					return err
				}
			}
		}
	}
	for i := range c.Entries {
		if err := b.apply(c, &c.Entries[i], c.Seq, doc); err != nil {
			return err
		}
	}
	for k, first := range next {
		if b.table(k).next != first {
			b.settle(k, first)
		}
	}
	return nil
}

// mergesBatch reports whether c made an import live, whose entries stand in the chunks
// written before; a merged proposal has its entries in the merging commit itself.
func (ws *workspace) mergesBatch(st *state, c *Commit) bool {
	return !c.Merges.IsZero() && st.table(Proposals.k).get(c.Merges) == nil
}

func (ws *workspace) readDoc(ctx context.Context, k *kind, id ID) (Entity, error) {
	d, err := ws.l.store.Doc(ctx, ws.id, k.name, id)
	if err != nil || d.JSON == nil {
		return nil, err
	}
	raw, err := k.current(d)
	if err != nil {
		return nil, err
	}
	return k.open(d, raw, strict(raw))
}

// current returns the JSON of a document in today's schema.
func (k *kind) current(d Doc) ([]byte, error) {
	if d.JSON == nil || d.Schema >= k.schema {
		return d.JSON, nil
	}
	return k.upgradeDoc(d.Schema, d.JSON)
}

// open turns a stored document into an entity; raw is its JSON in today's schema, the
// next document of dec.
func (k *kind) open(d Doc, raw []byte, dec *json.Decoder) (Entity, error) {
	if raw == nil {
		return &tombstone{d.Meta}, nil
	}
	e := k.alloc()
	if err := k.plan.decode(dec, raw, e); err != nil {
		return nil, fmt.Errorf("ledger: %s %s: %w", k.name, d.Meta.ID, err)
	}
	m := d.Meta
	m.rest, m.Key, m.FormerKeys = e.meta().rest, e.meta().Key, e.meta().FormerKeys
	*e.meta() = m
	return e, nil
}
