package ledger

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sync"
)

// state is a workspace at one position: everything that a Snapshot shows.
type state struct {
	seq      Seq
	lastAt   Time
	hash     hash
	counters map[string]int64 // last number given for each prefix of human keys
	tables   []*table         // by kind.at; nil for kinds of other registries
	branches map[ID]*branch   // open proposals that have been read
}

func newState(reg *Registry) *state {
	s := &state{counters: map[string]int64{}, branches: map[ID]*branch{}, tables: make([]*table, kindCount.Load())}
	for _, k := range reg.kinds {
		s.tables[k.at] = newTable(k, newSlots())
	}
	return s
}

func (s *state) table(k *kind) *table { return s.tables[k.at] }

// builder makes a new state out of an old one, copying what it changes once. The old
// state stays as it was.
type builder struct {
	state
	reg  *Registry
	edit *edit
}

func newBuilder(reg *Registry, from *state) *builder {
	b := &builder{state: *from, reg: reg, edit: &edit{}}
	b.tables = slices.Clone(from.tables)
	b.counters = maps.Clone(from.counters)
	b.branches = maps.Clone(from.branches)
	return b
}

// own returns the table of k for changing.
func (b *builder) own(k *kind) *table {
	t := b.tables[k.at]
	if t.edit != b.edit {
		c := *t
		c.edit = b.edit
		c.root = slices.Clone(t.root)
		c.tail = maps.Clone(t.tail)
		c.trees = make([]runs, len(t.trees))
		for i, rs := range t.trees {
			c.trees[i] = slices.Clone(rs)
		}
		t = &c
		b.tables[k.at] = t
	}
	return t
}

// put replaces the row at slot and keeps the indexes true. nil: no row.
func (b *builder) put(k *kind, slot uint32, e Entity) {
	t := b.own(k)
	old := t.row(slot)
	if old != nil {
		guardCheck(old)
	}
	if e != nil {
		guardSet(e)
	}
	t.set(b.edit, slot, e)
	oldGone, newGone := gone(old), gone(e)
	switch {
	case oldGone && !newGone:
		t.live++
	case !oldGone && newGone:
		t.live--
	}
	var was, now [8]ID
	for i, keys := range k.indexes {
		if i == byTarget && !oldGone && !newGone && k.plan.sameRefs(old, e) {
			continue
		}
		w, n := was[:0], now[:0]
		if !oldGone {
			keys(old, func(key ID) { w = append(w, key) })
		}
		if !newGone {
			keys(e, func(key ID) { n = append(n, key) })
		}
		if slices.Equal(w, n) {
			continue
		}
		tree, rel := t.trees[i].tree(b.edit, slot)
		for _, key := range w {
			if !slices.Contains(n, key) {
				tree.Delete(indexed{key, rel})
			}
		}
		for _, key := range n {
			if !slices.Contains(w, key) {
				tree.Set(indexed{key, rel})
			}
		}
	}
}

// append gives e the next slot; it counts as unpublished until publish.
func (b *builder) append(k *kind, e Entity) uint32 {
	t := b.own(k)
	slot := t.next
	t.next++
	if t.tail == nil {
		t.tail = map[ID]uint32{}
	}
	t.tail[e.meta().ID] = slot
	b.put(k, slot, e)
	return slot
}

// fill gives an empty table its first entities, in canonical order. Index entries are
// sorted and loaded at once, an index a core: one by one would take most of the time of
// opening a workspace.
func (b *builder) fill(k *kind, all []Entity) {
	t := b.own(k)
	t.next = uint32(len(all))
	for slot, e := range all {
		guardSet(e)
		t.set(b.edit, uint32(slot), e)
		t.slots.add(e.meta().ID, uint32(slot))
		if !gone(e) {
			t.live++
		}
	}
	var work sync.WaitGroup
	for i, keys := range k.indexes {
		work.Go(func() {
			var entries []indexed
			for slot, e := range all {
				if !gone(e) {
					keys(e, func(key ID) { entries = append(entries, indexed{key, uint32(slot)}) })
				}
			}
			slices.SortFunc(entries, func(a, b indexed) int {
				if c := bytes.Compare(a.key[:], b.key[:]); c != 0 {
					return c
				}
				return cmp.Compare(a.slot, b.slot)
			})
			tree := newTree()
			for _, x := range slices.CompactFunc(entries, func(a, b indexed) bool { return a == b }) {
				tree.Load(x)
			}
			t.trees[i] = runs{{tree: tree}}
		})
	}
	work.Wait()
}

// retract takes back the appended entities of k from slot next upwards.
func (b *builder) retract(k *kind, next uint32) {
	t := b.own(k)
	for slot := next; slot < t.next; slot++ {
		if e := t.row(slot); e != nil {
			delete(t.tail, e.meta().ID)
			b.put(k, slot, nil)
		}
	}
	t.next = next
}

// settle brings the entities appended to k since next into the order of their ids.
func (b *builder) settle(k *kind, next uint32) {
	t := b.own(k)
	var fresh []Entity
	sorted := true
	for slot := next; slot < t.next; slot++ {
		e := t.row(slot)
		if e == nil { // before a graft
			continue
		}
		if n := len(fresh); n > 0 && !fresh[n-1].meta().ID.less(e.meta().ID) {
			sorted = false
		}
		fresh = append(fresh, e)
	}
	if sorted {
		return
	}
	b.retract(k, next)
	slices.SortFunc(fresh, func(a, b Entity) int { am, bm := a.meta(), b.meta(); return bytes.Compare(am.ID[:], bm.ID[:]) })
	for _, e := range fresh {
		b.append(k, e)
	}
}

// publish ends the builder: its entities get their slots in the shared maps, and the
// state may be read by everybody.
func (b *builder) publish() *state {
	for _, k := range b.reg.kinds {
		t := b.tables[k.at]
		if t.edit != b.edit || len(t.tail) == 0 {
			continue
		}
		type pair struct {
			id   ID
			slot uint32
		}
		fresh := make([]pair, 0, len(t.tail))
		for id, slot := range t.tail {
			fresh = append(fresh, pair{id, slot})
		}
		slices.SortFunc(fresh, func(a, b pair) int { return int(a.slot) - int(b.slot) })
		for _, p := range fresh {
			t.slots.add(p.id, p.slot)
		}
		t.tail = nil
	}
	st := b.state
	b.edit = nil
	return &st
}
