package ledger

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Tx is the transaction that an Update's function works on. As a View it shows the
// newest state with its own changes, as its actor may see it.
type Tx struct {
	Now  time.Time // the commit's time; the only clock of a command
	As   Actor
	Verb string // changed by commands that know a better word than their caller

	b        *builder
	ws       *workspace
	seq      Seq
	at       Time
	branch   ID // the proposal it writes to; zero: live
	viewer   Viewer
	changes  []*change
	touched  map[place]*change
	first    map[*kind]uint32 // slot of the first new entity of a kind
	blobs    map[string][]byte
	held     map[string]bool // hashes of long texts that a merge or undo brings back
	secrets  *vault
	random   *mathrand.ChaCha8
	made     uint32
	merges   ID
	undoes   Seq
	rebase   []Entry   // entries of a proposal that change its base; see merge.go
	grafted  []*change // entities of an import that becomes live
	done     []DueRow
	numbered []string // prefixes of the keys given, to be taken back if refused
}

// place names an entity inside a workspace.
type place struct {
	k  *kind
	id ID
}

// change is what a transaction did to one entity.
type change struct {
	k      *kind
	id     ID
	slot   uint32
	before Entity // nil or a tombstone: it was not there
	after  Entity // a tombstone: deleted
	fields Changes
}

func newTx(ws *workspace, b *builder, r *request, at Time) (*Tx, error) {
	tx := &Tx{
		Now: at.Go(), As: r.as, Verb: r.verb, b: b, ws: ws, seq: b.seq + 1, at: at, branch: r.branch,
		touched: map[place]*change{}, first: map[*kind]uint32{}, secrets: ws.l.vault,
	}
	var seed [32]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, err
	}
	tx.random = mathrand.NewChaCha8(seed)
	var err error
	tx.viewer, err = ws.l.policy.Viewer(whole{b, tx.seq}, r.as)
	return tx, err
}

// whole is a builder's state as a View without regard to rights.
type whole struct {
	b   *builder
	seq Seq
}

func (w whole) Seq() Seq                  { return w.seq }
func (w whole) table(k *kind) *table      { return w.b.table(k) }
func (whole) sees(_ *kind, _ Entity) bool { return true }
func (w whole) registry() *Registry       { return w.b.reg }

// Seq implements View: the position that the commit will take.
func (tx *Tx) Seq() Seq { return tx.seq }

// Branch returns the proposal that the transaction writes to; zero: the live workspace.
func (tx *Tx) Branch() ID { return tx.branch }

// Workspace returns the identifier of the workspace.
func (tx *Tx) Workspace() ID { return tx.ws.id }

func (tx *Tx) table(k *kind) *table { return tx.b.table(k) }

func (tx *Tx) registry() *Registry { return tx.b.reg }

func (tx *Tx) sees(k *kind, e Entity) bool {
	return tx.viewer.sees(whole{tx.b, tx.seq}, k, e)
}

// NewID makes an identifier; those of one transaction ascend.
func (tx *Tx) NewID() ID {
	tx.made++
	return newID(tx.at, tx.made, tx.random.Uint64())
}

// Text returns s as a field of an entity, to be stored with the transaction.
func (tx *Tx) Text(s string) TextRef {
	ref := newTextRef(s)
	if ref.hash != "" {
		if tx.blobs == nil {
			tx.blobs = map[string][]byte{}
		}
		tx.blobs[ref.hash] = []byte(s)
	}
	return ref
}

// Seal returns s encrypted, as a field of an entity.
func (tx *Tx) Seal(s string) (Secret, error) { return tx.secrets.seal(s, tx.random) }

// Create adds an entity and returns its identifier. An ID that stands in e is kept, for
// imports and tests; a taken one is a Conflict.
func (k Kind[T]) Create(tx *Tx, e T) (ID, error) {
	n := any(&e).(Entity)
	id := n.meta().ID
	*n.meta() = Meta{ID: id}
	return tx.create(k.k, k.k.plan.copyOf(n))
}

func (tx *Tx) create(k *kind, n Entity) (ID, error) {
	m := n.meta()
	if m.ID.IsZero() {
		m.ID = tx.NewID()
	}
	slot, old := tx.b.table(k).slotOf(m.ID)
	if !gone(old) {
		return ID{}, fault.New(fault.Conflict, "there is already a %s %s", k.name, m.ID)
	}
	k.plan.tidy(n)
	m.Version, m.Born, m.CreatedAt, m.CreatedBy = 1, tx.seq, tx.at, tx.As.ID
	if old != nil { // it returns
		o := old.meta()
		m.Version, m.Born, m.CreatedAt, m.CreatedBy = o.Version, o.Born, o.CreatedAt, o.CreatedBy
	}
	m.UpdatedAt, m.UpdatedBy = tx.at, tx.As.ID
	c := tx.touched[place{k, m.ID}]
	if c == nil && old != nil {
		m.Version++ // one entry of the journal, whatever the transaction did before
	}
	if c != nil && !gone(c.before) { // deleted and made again at once: to the journal an edit
		b := c.before.meta()
		m.Key, m.FormerKeys = b.Key, slices.Clone(b.FormerKeys)
	}
	if c == nil {
		c = &change{k: k, id: m.ID, before: old}
		tx.note(c)
	}
	c.after = n
	if old != nil {
		c.slot = slot
		tx.b.put(k, slot, n)
		return m.ID, nil
	}
	if _, ok := tx.first[k]; !ok {
		tx.first[k] = tx.b.table(k).next
	}
	c.slot = tx.b.append(k, n)
	return m.ID, nil
}

func (tx *Tx) note(c *change) {
	tx.changes = append(tx.changes, c)
	tx.touched[place{c.k, c.id}] = c
}

// giveKey sees to it that the entity of c has a human key of its prefix: the next
// number, or in a proposal a provisional one. It is done when the function has ended, so
// that what it made and dropped again leaves no gap.
func (tx *Tx) giveKey(c *change) {
	prefix := c.k.keys(whole{tx.b, tx.seq}, c.after)
	had := c.after.meta().Key
	if i := strings.LastIndexByte(had, '-'); i >= 0 && had[:i] == prefix && (!provisional(had) || !tx.branch.IsZero()) {
		return
	}
	n := c.k.plan.copyOf(c.after)
	m := n.meta()
	was := slices.IndexFunc(m.FormerKeys, func(k string) bool { return k[:strings.LastIndexByte(k, '-')] == prefix })
	if was >= 0 { // it comes back to where it was
		m.Key = m.FormerKeys[was]
		m.FormerKeys = slices.Delete(m.FormerKeys, was, was+1)
	} else {
		m.Key = tx.number(prefix)
	}
	if had != "" && !provisional(had) {
		m.FormerKeys = append(m.FormerKeys, had)
		slices.Sort(m.FormerKeys)
	}
	c.after = n
	tx.b.put(c.k, c.slot, n)
}

// number returns the next key of a prefix.
func (tx *Tx) number(prefix string) string {
	tx.numbered = append(tx.numbered, prefix)
	if tx.branch.IsZero() {
		tx.b.counters[prefix]++
		return fmt.Sprintf("%s-%d", prefix, tx.b.counters[prefix])
	}
	return fmt.Sprintf("%s-~%d", prefix, tx.b.branches[tx.branch].keys+len(tx.numbered))
}

func provisional(key string) bool { return strings.Contains(key, "-~") }

// Revised returns e as Edit with fn would leave it, and writes nothing.
func (k Kind[T]) Revised(e *T, fn func(*T) error) (*T, error) {
	n := k.k.plan.copyOf(any(e).(Entity))
	if err := fn(any(n).(*T)); err != nil {
		return nil, err
	}
	k.k.plan.tidy(n)
	return any(n).(*T), nil
}

// Edit changes an entity: fn gets a deep copy to write to. It is NotFound if the entity
// does not exist or the actor may not see it; an error of fn changes nothing.
func (k Kind[T]) Edit(tx *Tx, id ID, fn func(*T) error) error {
	return tx.edit(k.k, id, func(e Entity) error { return fn(any(e).(*T)) })
}

func (tx *Tx) edit(k *kind, id ID, fn func(Entity) error) error {
	slot, old := tx.b.table(k).slotOf(id)
	if gone(old) || !tx.sees(k, old) {
		return fault.New(fault.NotFound, "there is no %s %s", k.name, id)
	}
	n := k.plan.copyOf(old)
	was := *n.meta()
	if err := fn(n); err != nil {
		return err
	}
	m := n.meta()
	rest := m.rest // a merge may have carried members this binary does not know
	*m = was
	m.rest = rest
	k.plan.tidy(n)
	c := tx.touched[place{k, id}]
	if c == nil {
		c = &change{k: k, id: id, slot: slot, before: old}
		tx.note(c)
		m.Version++
		m.UpdatedAt, m.UpdatedBy = tx.at, tx.As.ID
	}
	c.after = n
	tx.b.put(k, slot, n)
	return nil
}

// Delete removes an entity. What refers to it decides by its tag: the deletion is
// refused, the reference is cleared, or what holds it is deleted too.
func (k Kind[T]) Delete(tx *Tx, id ID) error { return tx.delete(k.k, id) }

func (tx *Tx) delete(k *kind, id ID) error {
	slot, old := tx.b.table(k).slotOf(id)
	if gone(old) || !tx.sees(k, old) {
		return fault.New(fault.NotFound, "there is no %s %s", k.name, id)
	}
	tx.bury(k, slot, old)
	for _, from := range tx.b.reg.kinds {
		if len(from.plan.refs) == 0 {
			continue
		}
		for _, e := range slices.Collect(tx.b.table(from).find(byTarget, id)) {
			rule := ""
			from.plan.eachRef(e, func(r refTo) {
				// the strictest rule among several references to one target
				if r.target == id && (rule == "" || r.rule.onGone == "refuse" || (r.rule.onGone == "cascade" && rule == "clear")) {
					rule = r.rule.onGone
				}
			})
			var err error
			switch rule {
			case "refuse":
				err = fault.New(fault.Conflict, "%s is still used by %s", tx.describe(k, old), tx.describe(from, e))
			case "cascade":
				if !gone(tx.b.table(from).get(e.meta().ID)) { // not on a ring of cascades
					err = tx.system(func() error { return tx.delete(from, e.meta().ID) })
				}
			case "clear":
				err = tx.system(func() error {
					return tx.edit(from, e.meta().ID, func(e Entity) error { from.plan.clearRefs(e, id); return nil })
				})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// bury puts a tombstone in the place of an entity.
func (tx *Tx) bury(k *kind, slot uint32, old Entity) {
	c := tx.touched[place{k, old.meta().ID}]
	version := old.meta().Version
	if c == nil {
		c = &change{k: k, id: old.meta().ID, slot: slot, before: old}
		tx.note(c)
		version++
	}
	stone := &tombstone{*old.meta()}
	stone.Version, stone.UpdatedAt, stone.UpdatedBy = version, tx.at, tx.As.ID
	stone.FormerKeys, stone.rest = nil, nil
	c.after = stone
	tx.b.put(k, slot, stone)
}

// system runs f seeing everything: the consequences of a deletion reach what its actor
// may not see. The policy is still asked for each change.
func (tx *Tx) system(f func() error) error {
	viewer := tx.viewer
	tx.viewer = Viewer{}
	defer func() { tx.viewer = viewer }()
	return f()
}

// describe names an entity for an error text, or not if the actor may not see it.
func (tx *Tx) describe(k *kind, e Entity) string {
	switch m := e.meta(); {
	case !tx.sees(k, e):
		return "a private item"
	case m.Key != "":
		return k.name + " " + m.Key
	default:
		return k.name + " " + m.ID.String()
	}
}

// finish checks what the function did and returns the commit, or nil if nothing
// changed.
func (tx *Tx) finish() (*Commit, error) {
	for k, first := range tx.first {
		tx.b.settle(k, first)
	}
	var kept []*change
	for _, c := range tx.changes {
		c.slot, _ = tx.b.table(c.k).slotOf(c.id)
		var before, after Entity
		if !gone(c.before) {
			before = c.before
		}
		if !gone(c.after) {
			after = c.after
		}
		if before == nil && after == nil {
			tx.restore(c) // made and deleted in one transaction
			continue
		}
		if c.k.keys != nil && after != nil {
			tx.giveKey(c)
			after = c.after
		}
		var err error
		if c.fields, err = c.k.plan.diff(before, after); err != nil {
			return nil, invalid(c.k, err)
		}
		if before != nil && after != nil && len(c.fields) == 0 {
			tx.restore(c)
			continue
		}
		kept = append(kept, c)
	}
	tx.changes = kept
	if len(kept) == 0 && len(tx.rebase) == 0 && len(tx.done) == 0 && len(tx.grafted) == 0 {
		return nil, nil
	}
	if err := tx.inspect(append(kept[:len(kept):len(kept)], tx.grafted...)); err != nil {
		return nil, err
	}
	commit := &Commit{
		Workspace: tx.ws.id, Seq: tx.seq, At: tx.at, Actor: tx.As, Verb: tx.Verb,
		Branch: tx.branch, Merges: tx.merges, Undoes: tx.undoes,
	}
	for _, c := range kept {
		op := c.op()
		e := Entry{N: len(commit.Entries), At: tx.at, Op: op, Kind: c.k.name, ID: c.id, Schema: c.k.schema, Changes: c.fields}
		if c.before != nil {
			e.WasAt, e.WasBy = c.before.meta().UpdatedAt, c.before.meta().UpdatedBy
		}
		commit.Entries = append(commit.Entries, e)
	}
	for _, e := range tx.rebase {
		e.N, e.At = len(commit.Entries), tx.at
		commit.Entries = append(commit.Entries, e)
	}
	commit.Salt = tx.salt()
	return commit, nil
}

func (tx *Tx) salt() (s [16]byte) {
	binary.LittleEndian.PutUint64(s[:], tx.random.Uint64())
	binary.LittleEndian.PutUint64(s[8:], tx.random.Uint64())
	return s
}

func alive(e Entity) Entity {
	if gone(e) {
		return nil
	}
	return e
}

func (c *change) op() Op {
	switch {
	case gone(c.before):
		return OpCreate
	case gone(c.after):
		return OpDelete
	default:
		return OpEdit
	}
}

// restore takes one change back, leaving no trace.
func (tx *Tx) restore(c *change) {
	if c.before == nil {
		t := tx.b.own(c.k)
		delete(t.tail, c.id)
		tx.b.put(c.k, c.slot, nil)
		return
	}
	tx.b.put(c.k, c.slot, c.before)
}

// abandon takes the whole transaction back.
func (tx *Tx) abandon() {
	for _, c := range tx.changes {
		if c.before != nil {
			tx.b.put(c.k, c.slot, c.before)
		}
	}
	for k, first := range tx.first {
		tx.b.retract(k, first)
	}
	for _, prefix := range tx.numbered {
		if tx.branch.IsZero() {
			tx.b.counters[prefix]--
		}
	}
}
