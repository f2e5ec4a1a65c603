package ledger

import (
	"iter"
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"
)

// A table holds the entities of one kind at one position: root → mids of 64 pages →
// pages of 64 rows. Tables of neighbouring positions share every page that did not
// change, so that a Snapshot costs what its commit changed. A row's place is its slot:
// slots ascend in canonical order (Born, ID) and are never given twice.
type table struct {
	root  []*mid
	next  uint32 // the first slot that nobody has
	live  int    // entities that are not deleted
	trees []runs // one an index of the kind
	slots *slots
	tail  map[ID]uint32 // slots of entities that are not published: of a running transaction, a proposal
	edit  *edit         // the builder that may change this table in place
}

const (
	pageBits = 6
	pageRows = 1 << pageBits
	rowMask  = pageRows - 1
)

type mid struct {
	edit  *edit
	pages [pageRows]*page
}

type page struct {
	edit    *edit
	rows    [pageRows]Entity
	derived atomic.Pointer[derived] // columns and search block, made when first asked for
}

// edit marks what a builder made itself and may still change in place.
type edit struct{ _ byte }

func newTable(k *kind, ids *slots) *table {
	t := &table{slots: ids}
	for range k.indexes {
		t.trees = append(t.trees, runs{{tree: newTree()}})
	}
	return t
}

func (t *table) row(slot uint32) Entity {
	if int(slot>>(2*pageBits)) >= len(t.root) {
		return nil
	}
	m := t.root[slot>>(2*pageBits)]
	if m == nil {
		return nil
	}
	p := m.pages[slot>>pageBits&rowMask]
	if p == nil {
		return nil
	}
	return p.rows[slot&rowMask]
}

// slotOf returns the slot at which id stands in this table, alive or deleted.
func (t *table) slotOf(id ID) (uint32, Entity) {
	slot, ok := uint32(0), false
	if t.tail != nil {
		slot, ok = t.tail[id]
	}
	if !ok {
		if slot, ok = t.slots.of(id); !ok {
			return 0, nil
		}
	}
	e := t.row(slot)
	// only in a proposal, whose new entities have slots of their own, another may stand here
	if e == nil || (t.tail != nil && e.meta().ID != id) {
		return 0, nil
	}
	return slot, e
}

// get returns the entity or its tombstone, nil if id is unknown here.
func (t *table) get(id ID) Entity {
	_, e := t.slotOf(id)
	return e
}

// eachPage yields every page with the slot of its first row.
func (t *table) eachPage() iter.Seq2[uint32, *page] {
	return func(yield func(uint32, *page) bool) {
		for i, m := range t.root {
			if m == nil {
				continue
			}
			for j, p := range m.pages {
				if p != nil && !yield(uint32(i)<<(2*pageBits)|uint32(j)<<pageBits, p) {
					return
				}
			}
		}
	}
}

// set replaces one row without touching any index. The table must belong to the
// builder that owns ed.
func (t *table) set(ed *edit, slot uint32, e Entity) {
	at := t.pageFor(ed, slot)
	p := *at
	switch {
	case p == nil:
		p = &page{edit: ed}
		*at = p
	case p.edit != ed:
		p = &page{edit: ed, rows: p.rows}
		*at = p
	default:
		p.derived.Store(nil)
	}
	p.rows[slot&rowMask] = e
}

// setPage puts a finished page in place; slot is that of its first row.
func (t *table) setPage(ed *edit, slot uint32, p *page) { *t.pageFor(ed, slot) = p }

// pageFor returns the place of the page of slot, in a mid that may be written.
func (t *table) pageFor(ed *edit, slot uint32) **page {
	i := int(slot >> (2 * pageBits))
	for len(t.root) <= i {
		t.root = append(t.root, nil)
	}
	m := t.root[i]
	switch {
	case m == nil:
		m = &mid{edit: ed}
		t.root[i] = m
	case m.edit != ed:
		m = &mid{edit: ed, pages: m.pages}
		t.root[i] = m
	}
	return &m.pages[slot>>pageBits&rowMask]
}

// runs are the sorted entries of one index, cut by slots: a bulk load brings a run of
// its own, whose slots count from its base, and is put in place by one append.
type runs []run

type run struct {
	base uint32 // slots from here up to the next run's base stand in this run
	tree *btree.BTreeG[indexed]
	edit *edit
}

type indexed struct {
	key  ID
	slot uint32 // from the run's base
}

func lessIndexed(a, b indexed) bool {
	if a.key != b.key {
		return a.key.less(b.key)
	}
	return a.slot < b.slot
}

func newTree() *btree.BTreeG[indexed] {
	return btree.NewBTreeGOptions(lessIndexed, btree.Options{NoLocks: true, Degree: 32})
}

// find yields the live entities under key in the order of their slots.
func (t *table) find(index int, key ID) iter.Seq[Entity] {
	return func(yield func(Entity) bool) {
		for _, r := range t.trees[index] {
			on := true
			r.tree.Ascend(indexed{key: key}, func(x indexed) bool {
				if x.key != key {
					return false
				}
				if e := t.row(r.base + x.slot); !gone(e) {
					on = yield(e)
				}
				return on
			})
			if !on {
				return
			}
		}
	}
}

// tree returns the tree that holds slot, owned by the builder of ed.
func (rs runs) tree(ed *edit, slot uint32) (*btree.BTreeG[indexed], uint32) {
	i := len(rs) - 1
	for rs[i].base > slot {
		i--
	}
	r := &rs[i]
	if r.edit != ed {
		r.tree, r.edit = r.tree.Copy(), ed
	}
	return r.tree, slot - r.base
}

// slots leads from identifiers to slots. One map an open workspace and kind serves all
// its Snapshots, past and proposed ones too: whether an entity exists there is for the
// table to say. One goroutine adds; any number read without a lock.
type slots struct {
	cells atomic.Pointer[[]atomic.Uint32] // open addressing; slot+1, 0: free
	mu    sync.Mutex
	n     int
	ids   atomic.Pointer[[]*idBlock]
	words *vocabulary // of the search blocks
}

type idBlock [1024]ID

func newSlots() *slots {
	s := &slots{words: newVocabulary()}
	cells := make([]atomic.Uint32, 64)
	s.cells.Store(&cells)
	s.ids.Store(&[]*idBlock{})
	return s
}

// scatter spreads an identifier over the cells. The last bytes of a UUIDv7 are random;
// identifiers chosen by others are stirred.
func scatter(id ID) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < 16; i += 8 {
		w := uint64(id[i]) | uint64(id[i+1])<<8 | uint64(id[i+2])<<16 | uint64(id[i+3])<<24 |
			uint64(id[i+4])<<32 | uint64(id[i+5])<<40 | uint64(id[i+6])<<48 | uint64(id[i+7])<<56
		h = (h ^ w) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}

func (s *slots) of(id ID) (uint32, bool) {
	cells := *s.cells.Load()
	mask := uint64(len(cells) - 1)
	for i := scatter(id) & mask; ; i = (i + 1) & mask {
		c := cells[i].Load()
		if c == 0 {
			return 0, false
		}
		if s.id(c-1) == id {
			return c - 1, true
		}
	}
}

// id returns the identifier at a slot. The blocks are published before the cell that
// leads to them.
func (s *slots) id(slot uint32) ID {
	blocks := *s.ids.Load()
	return blocks[slot>>10][slot&1023]
}

// add gives id a slot; it must have none.
func (s *slots) add(id ID, slot uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	blocks := *s.ids.Load()
	if int(slot>>10) >= len(blocks) {
		grown := append([]*idBlock(nil), blocks...)
		for len(grown) <= int(slot>>10) {
			grown = append(grown, new(idBlock))
		}
		s.ids.Store(&grown)
		blocks = grown
	}
	blocks[slot>>10][slot&1023] = id
	s.n++
	cells := *s.cells.Load()
	if s.n*4 > len(cells)*3 {
		bigger := make([]atomic.Uint32, len(cells)*2)
		for i := range cells {
			if c := cells[i].Load(); c != 0 {
				probe(bigger, scatter(s.id(c-1)), c)
			}
		}
		probe(bigger, scatter(id), slot+1)
		s.cells.Store(&bigger)
		return
	}
	probe(cells, scatter(id), slot+1)
}

func probe(cells []atomic.Uint32, at uint64, c uint32) {
	mask := uint64(len(cells) - 1)
	for i := at & mask; ; i = (i + 1) & mask {
		if cells[i].Load() == 0 {
			cells[i].Store(c)
			return
		}
	}
}
