package ledger

import (
	"iter"
)

// View is what a reader reads: a Snapshot, or a Tx that shows its own changes. Entities
// read from it must not be written; Edit gives a copy.
type View interface {
	// Seq is the position of the view, 0 for a moment that is not a position.
	Seq() Seq
	table(k *kind) *table
	sees(k *kind, e Entity) bool
	registry() *Registry
}

// Snapshot is an immutable picture of a workspace, as one viewer may see it: now, at a
// past moment, or as a proposal would have it. Code that renders one cannot tell which.
type Snapshot struct {
	ws     *workspace
	st     *state
	seq    Seq
	viewer Viewer
	now    *Snapshot // for a past moment or a proposal: rights of now apply too
	branch ID        // the proposal that it shows; zero: none
}

// Seq implements View.
func (s *Snapshot) Seq() Seq { return s.seq }

// Workspace returns the identifier of the workspace.
func (s *Snapshot) Workspace() ID { return s.ws.id }

// Whole returns the same picture without regard to rights, for computations whose
// result must not depend on who asks. What leaves it passes through the viewer's view.
func (s *Snapshot) Whole() *Snapshot {
	w := *s
	w.viewer = Viewer{}
	return &w
}

func (s *Snapshot) table(k *kind) *table { return s.st.table(k) }

func (s *Snapshot) registry() *Registry { return s.ws.l.reg }

func (s *Snapshot) sees(k *kind, e Entity) bool {
	if !s.viewer.limited(k) {
		return true
	}
	if !s.viewer.sees(unfiltered{s}, k, e) {
		return false
	}
	if s.now == nil {
		return true
	}
	today := s.now.table(k).get(e.meta().ID)
	if gone(today) { // the rights of now, on what it was
		today = e
	}
	return s.viewer.sees(unfiltered{s.now}, k, today)
}

// unfiltered is a Snapshot as a View without regard to rights, for the policy.
type unfiltered struct{ *Snapshot }

func (unfiltered) sees(_ *kind, _ Entity) bool { return true }

// Get returns the entity of the kind with the identifier, if it exists in v and its
// viewer may see it.
func (k Kind[T]) Get(v View, id ID) (*T, bool) {
	e := v.table(k.k).get(id)
	t, ok := any(e).(*T)
	if !ok || !v.sees(k.k, e) {
		return nil, false
	}
	return t, true
}

// Lookup returns the entity that ref points to, if it exists in v and its viewer may see
// it.
func Lookup(v View, ref AnyRef) (Entity, bool) {
	k := v.registry().byName[ref.Kind]
	if k == nil {
		return nil, false
	}
	e := v.table(k).get(ref.ID)
	if gone(e) || !v.sees(k, e) {
		return nil, false
	}
	return e, true
}

// All yields the entities of the kind that the viewer may see, in canonical order:
// by the commit that made them, then by identifier.
func (k Kind[T]) All(v View) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, p := range v.table(k.k).eachPage() {
			for _, e := range p.rows {
				if t, ok := any(e).(*T); ok && v.sees(k.k, e) && !yield(t) {
					return
				}
			}
		}
	}
}

// Len returns the number of entities of the kind without regard to rights.
func (k Kind[T]) Len(v View) int { return v.table(k.k).live }

// ByKey returns the entity that has or had the human key.
func (k Kind[T]) ByKey(v View, key string) (*T, bool) {
	if e := findKey(v, k.k, key); e != nil && v.sees(k.k, e) {
		return any(e).(*T), true
	}
	return nil, false
}

func findKey(v View, k *kind, key string) Entity {
	var former Entity
	for e := range v.table(k).find(byKey, KeyOf(key)) {
		m := e.meta()
		if m.Key == key {
			return e
		}
		for _, f := range m.FormerKeys {
			if f == key {
				former = e
			}
		}
	}
	return former
}

// BackLinks yields the entities of the kind that refer to target.
func (k Kind[T]) BackLinks(v View, target ID) iter.Seq[*T] {
	return Index[T]{k.k, byTarget}.Of(v, target)
}

// Found names an entity of any kind: a search hit, the target of a key.
type Found struct {
	Kind string
	ID   ID
	Key  string
}

// Find returns the entity of any kind that has or had the human key.
func (r *Registry) Find(v View, key string) (Found, bool) {
	for _, k := range r.kinds {
		if k.keys == nil {
			continue
		}
		if e := findKey(v, k, key); e != nil && v.sees(k, e) {
			return Found{k.name, e.meta().ID, e.meta().Key}, true
		}
	}
	return Found{}, false
}
