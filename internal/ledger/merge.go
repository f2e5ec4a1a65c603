package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// merging brings patches into the live state: those of a proposal, or the inverse of a
// commit. Rules by class of field: sets by element, lists by item, maps by key, texts by
// lines; everything else as one value. Changed on both sides to different values is a
// conflict, and so is a change of what the other side deleted.
type merging struct {
	settle    Settlement
	conflicts []Conflict // that nobody settled
	kept      []Conflict // settled by keeping the live value
	known     texts      // long texts read so far
	wanted    missingTexts
}

// texts are long texts by hash.
type texts map[string]string

type missingTexts []string

func (m missingTexts) Error() string { return "ledger: long texts must be read first" }

func (m *merging) missing() error {
	if len(m.wanted) == 0 {
		return nil
	}
	return m.wanted
}

// meets records a conflict and returns how it is settled.
func (m *merging) meets(c Conflict) Choice {
	choice := m.settle.of(c)
	switch choice {
	case Unsettled:
		m.conflicts = append(m.conflicts, c)
	case KeepTheirs:
		m.kept = append(m.kept, c)
	}
	return choice
}

// all applies the patches in an order in which new entities exist before others refer
// to them and references go before their targets: creations, edits, deletions.
func (m *merging) all(tx *Tx, patches []*patch) error {
	for _, op := range []Op{OpCreate, OpEdit} {
		for _, p := range patches {
			if p.op != op {
				continue
			}
			if err := m.one(tx, p); err != nil {
				return err
			}
		}
	}
	return m.deletions(tx, patches)
}

// deletions removes what the patches delete. Conflicts are looked for before anything
// goes, because a deletion takes along what hangs on its entity: that must be seen as it
// stands. What another of the doomed refers to goes after it.
func (m *merging) deletions(tx *Tx, patches []*patch) error {
	var todo []*patch
	doomed, stays := map[ID]bool{}, map[ID]bool{}
	for _, p := range patches {
		old := tx.b.table(p.k).get(p.id)
		if p.op != OpDelete || gone(old) || !tx.sees(p.k, old) {
			continue // both deleted it
		}
		ok, err := m.mayDelete(p, old)
		if err != nil {
			return err
		}
		if ok {
			todo, doomed[p.id] = append(todo, p), true
		} else {
			stays[p.id] = true
		}
	}
	for again := m.settle.Otherwise == KeepTheirs; again; {
		again = false
		todo = slices.DeleteFunc(todo, func(p *patch) bool {
			from := tx.usedBy(p.id, func(e Entity, rule string) bool {
				id := e.meta().ID
				return !doomed[id] && (rule == "refuse" || (rule == "cascade" && stays[id]))
			})
			if from == "" {
				return false
			}
			m.meets(Conflict{Kind: p.k.name, ID: p.id, Yours: null, Reason: "it is used by " + from})
			delete(doomed, p.id)
			stays[p.id], again = true, true
			return true
		})
	}
	for force := false; len(todo) > 0; {
		var later []*patch
		for _, p := range todo {
			if gone(tx.b.table(p.k).get(p.id)) {
				continue // it went with another
			}
			if !force && tx.usedBy(p.id, func(e Entity, _ string) bool { return doomed[e.meta().ID] }) != "" {
				later = append(later, p)
				continue
			}
			if err := tx.delete(p.k, p.id); err != nil {
				return err
			}
		}
		force = len(later) == len(todo) // a ring
		todo = later
	}
	return nil
}

// mayDelete reports whether the entity is still what the patch wanted to delete: fields
// that the patch does not know were empty.
func (m *merging) mayDelete(p *patch, old Entity) (bool, error) {
	var names []string
	for _, f := range p.k.plan.list {
		names = append(names, f.name)
	}
	for _, name := range append(slices.Sorted(maps.Keys(old.meta().rest)), p.names()...) {
		if p.k.plan.byName[name] == nil {
			names = append(names, name)
		}
	}
	for _, name := range names {
		now, err := p.k.plan.current(old, name)
		if err != nil {
			return false, err
		}
		base := null
		if f := p.field(name); f != nil {
			base = f.base
		}
		if sameJSON(now, base) || ownField(name) {
			continue
		}
		return m.meets(Conflict{
			Kind: p.k.name, ID: p.id, Base: base, Theirs: now, Yours: null,
			Reason: fmt.Sprintf("it was to be deleted, but its %s was changed", name),
		}) == TakeYours, nil
	}
	return true, nil
}

func (p *patch) names() []string {
	names := make([]string, len(p.fields))
	for i, f := range p.fields {
		names[i] = f.name
	}
	return names
}

func (m *merging) one(tx *Tx, p *patch) error {
	m.hold(tx, p)
	old := tx.b.table(p.k).get(p.id)
	if p.op != OpCreate && !gone(old) && !tx.sees(p.k, old) {
		old = nil
	}
	switch p.op {
	case OpCreate:
		if !gone(old) {
			m.meets(Conflict{Kind: p.k.name, ID: p.id, Reason: "it exists already"})
			return nil
		}
		e, err := p.build()
		if err != nil {
			return err
		}
		meta := e.meta()
		meta.ID = p.id
		if provisional(meta.Key) {
			meta.Key = ""
		}
		_, err = tx.create(p.k, e)
		return err
	case OpEdit:
		if gone(old) {
			m.meets(Conflict{Kind: p.k.name, ID: p.id, Reason: "it was deleted"})
			return nil
		}
		return tx.edit(p.k, p.id, func(e Entity) error { return m.fields(tx, p, e) })
	}
	return nil
}

// usedBy names an entity that refers to id in a way that counts, "" if there is none.
func (tx *Tx) usedBy(id ID, counts func(e Entity, rule string) bool) string {
	for _, from := range tx.b.reg.kinds {
		for e := range tx.b.table(from).find(byTarget, id) {
			found := false
			from.plan.eachRef(e, func(r refTo) { found = found || (r.target == id && counts(e, r.rule.onGone)) })
			if found {
				return tx.describe(from, e)
			}
		}
	}
	return ""
}

// ownField reports whether the kernel keeps the field itself: keys follow their own
// rule, see Tx.giveKey.
func ownField(name string) bool { return name == "key" || name == "former_keys" }

// fields merges the fields of one edit into e.
func (m *merging) fields(tx *Tx, p *patch, e Entity) error {
	for _, f := range p.fields {
		if ownField(f.name) {
			continue
		}
		if fl := p.k.plan.byName[f.name]; fl != nil && fl.class == secretive {
			m.meets(Conflict{Kind: p.k.name, ID: p.id, Field: f.name, Reason: "a secret is not kept in the journal; type it again"})
			continue
		}
		v, ok, err := p.k.plan.mergeField(e, f, m.known)
		if miss, is := err.(missingTexts); is {
			m.wanted = append(m.wanted, miss...)
			continue
		}
		if err != nil {
			return err
		}
		if !ok {
			now, err := p.k.plan.current(e, f.name)
			if err != nil {
				return err
			}
			c := Conflict{Kind: p.k.name, ID: p.id, Field: f.name, Base: f.base, Theirs: now, Yours: f.now, Reason: "was changed in the meantime"}
			if m.meets(c) != TakeYours {
				continue
			}
			v = f.now
		}
		if fl := p.k.plan.byName[f.name]; fl != nil && fl.class == text {
			if v, err = tx.storeMerged(v); err != nil {
				return err
			}
		}
		if err := p.k.plan.setField(e, f.name, v); err != nil {
			return err
		}
	}
	return nil
}

// hold allows the transaction to bring back the long texts that the patch names: they
// were stored when the patch was made.
func (m *merging) hold(tx *Tx, p *patch) {
	if len(p.k.plan.texts) == 0 {
		return
	}
	if tx.held == nil {
		tx.held = map[string]bool{}
	}
	e := p.k.alloc()
	for _, f := range p.fields {
		if fl := p.k.plan.byName[f.name]; fl != nil && fl.walkTxt != nil && p.k.plan.setField(e, f.name, f.now) == nil {
			p.k.plan.eachText(e, func(_ *field, t TextRef) { tx.held[t.hash] = true })
		}
	}
}

// storeMerged stores a text that a merge by lines has made.
func (tx *Tx) storeMerged(v json.RawMessage) (json.RawMessage, error) {
	var s string
	if json.Unmarshal(v, &s) != nil || len(s) <= inlineText {
		return v, nil
	}
	return marshal(tx.Text(s))
}

// rebase returns the entries that make the live values the base of the patches.
func (m *merging) rebase(tx *Tx, patches []*patch) ([]Entry, error) {
	var out []Entry
	for _, p := range patches {
		if p.op == OpCreate {
			continue
		}
		entry := Entry{Op: OpRebase, Kind: p.k.name, ID: p.id, Schema: p.k.schema}
		old := tx.b.table(p.k).get(p.id)
		if gone(old) {
			if p.op == OpEdit && m.meets(Conflict{Kind: p.k.name, ID: p.id, Reason: "it was deleted"}) != KeepTheirs {
				continue
			}
			for _, f := range p.fields { // the patch comes to nothing
				entry.Changes = append(entry.Changes, FieldChange{f.name, f.base, f.base})
			}
			out = append(out, entry)
			continue
		}
		if p.op == OpDelete {
			// A change of what is to be deleted is not taken as the new base unasked.
			if ok, err := m.mayDelete(p, old); err != nil || !ok {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		for _, f := range p.fields {
			now, err := p.k.plan.current(old, f.name)
			if err != nil {
				return nil, err
			}
			if sameJSON(now, f.base) {
				continue
			}
			v := f.now
			if p.op == OpEdit {
				merged, ok, err := p.k.plan.mergeField(old, f, m.known)
				if miss, is := err.(missingTexts); is {
					m.wanted = append(m.wanted, miss...)
					continue
				}
				if err != nil {
					return nil, err
				}
				if v, err = tx.storeMerged(merged); err != nil {
					return nil, err
				}
				if !ok {
					c := Conflict{Kind: p.k.name, ID: p.id, Field: f.name, Base: f.base, Theirs: now, Yours: f.now, Reason: "was changed in the meantime"}
					if v = f.now; m.meets(c) == KeepTheirs {
						v = now
					}
				}
			}
			entry.Changes = append(entry.Changes, FieldChange{f.name, now, v})
		}
		if len(entry.Changes) > 0 {
			out = append(out, entry)
		}
	}
	return out, nil
}

// current returns the JSON of one field of e, known to this binary or not.
func (p *fields) current(e Entity, name string) (json.RawMessage, error) {
	if f := p.byName[name]; f != nil {
		if f.class == secretive && !isZero(f.of(reflect.ValueOf(e).Elem())) {
			return secretChanged, nil // neither the journal nor a Conflict holds it
		}
		return p.encodeField(e, f)
	}
	return orNull(e.meta().rest[name]), nil
}

// mergeField returns the value of one field of e after a patch: what both sides made of
// the base, and whether that is free of conflict; if not, the patch's value.
func (p *fields) mergeField(e Entity, f fieldPatch, known texts) (json.RawMessage, bool, error) {
	theirs, err := p.current(e, f.name)
	if err != nil {
		return nil, false, err
	}
	if v, ok := mergeValue(f.base, f.now, theirs); ok {
		return v, true, nil
	}
	fl := p.byName[f.name]
	if fl == nil {
		return f.now, false, nil
	}
	switch fl.class {
	case set:
		return mergeSet(f.base, f.now, theirs)
	case list:
		return mergeList(f.base, f.now, theirs)
	case mapping:
		return mergeMap(f.base, f.now, theirs)
	case text:
		return mergeText(f.base, f.now, theirs, known)
	}
	return f.now, false, nil
}

// mergeValue is the rule for one value.
func mergeValue(base, ours, theirs json.RawMessage) (json.RawMessage, bool) {
	switch {
	case sameJSON(theirs, base), sameJSON(ours, theirs):
		return ours, true
	case sameJSON(ours, base):
		return theirs, true
	}
	return ours, false
}

// sameJSON compares values by meaning: an engine may have written them anew.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) || (isNull(a) && isNull(b)) {
		return true
	}
	var x, y any
	if json.Unmarshal(orNull(a), &x) != nil || json.Unmarshal(orNull(b), &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}

func mergeSet(base, ours, theirs json.RawMessage) (json.RawMessage, bool, error) {
	b, err1 := elements(base)
	o, err2 := elements(ours)
	t, err3 := elements(theirs)
	if err1 != nil || err2 != nil || err3 != nil {
		return ours, false, nil
	}
	var out []string
	for _, e := range t { // what they have, without what we removed
		if slices.Contains(o, e) || !slices.Contains(b, e) {
			out = append(out, e)
		}
	}
	for _, e := range o { // and what we added
		if !slices.Contains(b, e) && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return array(out), true, nil
}

func elements(raw json.RawMessage) ([]string, error) {
	var es []json.RawMessage
	if err := json.Unmarshal(orNull(raw), &es); err != nil {
		return nil, err
	}
	out := make([]string, len(es))
	for i, e := range es {
		out[i] = string(canonical(e))
	}
	return out, nil
}

// canonical returns the JSON as marshal writes it.
func canonical(raw json.RawMessage) json.RawMessage {
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return raw
	}
	out, err := marshal(v)
	if err != nil {
		return raw
	}
	return out
}

func array(es []string) json.RawMessage {
	if len(es) == 0 {
		return null
	}
	return json.RawMessage("[" + strings.Join(es, ",") + "]")
}

// item is what the kernel reads of an element of a list: its identity and its place,
// a text that sorts (a fractional index).
type item struct {
	ID   string `json:"id"`
	Rank string `json:"rank"`
}

func itemOf(raw []byte) item {
	var it item
	_ = json.Unmarshal(raw, &it) // an element without both sorts first; the kind's check says so
	return it
}

func mergeList(base, ours, theirs json.RawMessage) (json.RawMessage, bool, error) {
	read := func(raw json.RawMessage) (map[string]json.RawMessage, []string, bool) {
		var es []json.RawMessage
		if json.Unmarshal(orNull(raw), &es) != nil {
			return nil, nil, false
		}
		m, order := map[string]json.RawMessage{}, []string{}
		for _, e := range es {
			id := itemOf(e).ID
			if id == "" || m[id] != nil {
				return nil, nil, false
			}
			m[id] = e
			order = append(order, id)
		}
		return m, order, true
	}
	b, _, ok1 := read(base)
	o, oOrder, ok2 := read(ours)
	t, tOrder, ok3 := read(theirs)
	if !ok1 || !ok2 || !ok3 {
		return ours, false, nil
	}
	var out []string
	for _, id := range unionOf(tOrder, oOrder) {
		v, ok := mergeValue(b[id], o[id], t[id])
		if !ok && o[id] != nil && t[id] != nil {
			v, ok, _ = mergeMap(b[id], o[id], t[id]) // both changed the item: by member
		}
		if !ok {
			return ours, false, nil
		}
		if !isNull(v) {
			out = append(out, string(v))
		}
	}
	slices.SortStableFunc(out, func(x, y string) int {
		a, b := itemOf([]byte(x)), itemOf([]byte(y))
		return strings.Compare(a.Rank+"\x00"+a.ID, b.Rank+"\x00"+b.ID)
	})
	return array(out), true, nil
}

func unionOf(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(a, s) {
			out = append(out, s)
		}
	}
	return out
}

func mergeMap(base, ours, theirs json.RawMessage) (json.RawMessage, bool, error) {
	var b, o, t object
	if json.Unmarshal(orNull(base), &b) != nil || json.Unmarshal(orNull(ours), &o) != nil || json.Unmarshal(orNull(theirs), &t) != nil {
		return ours, false, nil
	}
	out := object{}
	for _, m := range []object{o, t} {
		for key := range m {
			v, ok := mergeValue(b[key], o[key], t[key])
			if !ok {
				return ours, false, nil
			}
			if !isNull(v) {
				out[key] = v
			}
		}
	}
	if len(out) == 0 {
		return null, true, nil
	}
	v, err := marshal(out)
	return v, err == nil, err
}

func mergeText(base, ours, theirs json.RawMessage, known texts) (json.RawMessage, bool, error) {
	var missing missingTexts
	var whole [3]string
	for i, raw := range []json.RawMessage{base, ours, theirs} {
		var ref TextRef
		if err := json.Unmarshal(orNull(raw), &ref); err != nil {
			return ours, false, nil
		}
		s, inline := ref.Inline()
		if !inline {
			var ok bool
			if s, ok = known[ref.hash]; !ok {
				missing = append(missing, ref.hash)
			}
		}
		whole[i] = s
	}
	if len(missing) > 0 {
		return ours, false, missing
	}
	merged, ok := MergeLines(whole[0], whole[1], whole[2])
	if !ok {
		return ours, false, nil
	}
	v, err := marshal(merged)
	return v, true, err
}
