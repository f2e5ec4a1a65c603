package ledger

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"regexp"
	"slices"
	"sync/atomic"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Kind is the typed handle of one kind of entity. A slice declares it once as a package
// variable; the handle is how entities of the kind are read, made and changed.
type Kind[T any] struct{ k *kind }

// AnyKind is a Kind whose Go type is not known here, for lists of kinds.
type AnyKind interface{ kind() *kind }

func (k Kind[T]) kind() *kind { return k.k }

// Name returns the kind's name in documents, the journal and addresses.
func (k Kind[T]) Name() string { return k.k.name }

// kind is what the kernel knows of a kind, free of its Go type.
type kind struct {
	name    string
	at      int // place among all kinds of the process: the position of its table
	plan    *fields
	alloc   func() Entity
	checks  []func(v View, before, after Entity, f *fault.Fields)
	keys    func(v View, e Entity) string // prefix of the human key; nil: no keys
	indexes []func(e Entity, add func(ID))
	columns []func(e Entity) float64
	due     func(e Entity) []Due
	schema  int
	upcast  []func(object) error // upcast[n-1] brings schema n to n+1
	words   []*field             // fields searched, titles first
}

var kindCount atomic.Int32

var kindName = regexp.MustCompile(`^[a-z][a-z_]{1,30}$`)

// NewKind declares a kind whose Go type T embeds Meta. It panics if the type or the
// name cannot be a kind's.
func NewKind[T any](name string, opts ...KindOption[T]) Kind[T] {
	if _, ok := any(new(T)).(Entity); !ok {
		panic(fmt.Sprintf("ledger: %s must embed ledger.Meta", reflect.TypeFor[T]()))
	}
	if !kindName.MatchString(name) {
		panic(fmt.Sprintf("ledger: %q is no name for a kind: lower case letters and underscores", name))
	}
	k := &kind{
		name:   name,
		at:     int(kindCount.Add(1)) - 1,
		plan:   planOf(reflect.TypeFor[T]()),
		alloc:  func() Entity { return any(new(T)).(Entity) },
		schema: 1,
	}
	for _, f := range k.plan.list {
		if f.weight > 0 {
			k.words = append(k.words, f)
		}
	}
	slices.SortStableFunc(k.words, func(a, b *field) int { return b.weight - a.weight })
	k.indexes = append(k.indexes, indexKeys, k.indexRefs)
	for _, o := range opts {
		o(k)
	}
	return Kind[T]{k}
}

// Positions of the indexes that every kind has.
const (
	byKey    = iota // human keys, by KeyOf
	byTarget        // back-links: what an entity refers to
)

func indexKeys(e Entity, add func(ID)) {
	m := e.meta()
	if m.Key != "" {
		add(KeyOf(m.Key))
	}
	for _, former := range m.FormerKeys {
		add(KeyOf(former))
	}
}

func (k *kind) indexRefs(e Entity, add func(ID)) {
	k.plan.eachRef(e, func(r refTo) { add(r.target) })
}

// KindOption adds a rule to a kind.
type KindOption[T any] func(*kind)

// Check adds a rule that holds for every entity of the kind after every commit, whoever
// made it: a command, a merge, an undo or an import. before is nil for a new entity,
// after for a deleted one; v is the whole workspace with the changes in place. The
// check adds to f what is wrong; it reads nothing but its arguments. It is declared
// beside the kind:
//
//	var _ = Features.Check(checkFeature)
//
// (as an option of NewKind, a check that reads its own kind would be an initialisation
// cycle).
func (k Kind[T]) Check(check func(v View, before, after *T, f *fault.Fields)) Kind[T] {
	k.k.checks = append(k.k.checks, func(v View, before, after Entity, f *fault.Fields) {
		b, _ := any(before).(*T)
		a, _ := any(after).(*T)
		check(v, b, a, f)
	})
	return k
}

// Faults returns what the kind's checks would say if before became after in v; before is
// nil for a new entity. It is for telling beforehand: every commit asks the checks anew.
func (k Kind[T]) Faults(v View, before, after *T) (f fault.Fields) {
	var was, now Entity
	if before != nil {
		was = any(before).(Entity)
	}
	if after != nil {
		now = any(after).(Entity)
	}
	for _, check := range k.k.checks {
		check(v, was, now, &f)
	}
	return f
}

// Keyed gives entities of the kind a human key: the prefix that the function returns, a
// hyphen, and the next number of that prefix. A changed prefix gives a new key; the
// former one goes on leading to the entity.
func Keyed[T any](prefix func(v View, e *T) string) KindOption[T] {
	return func(k *kind) { k.keys = func(v View, e Entity) string { return prefix(v, any(e).(*T)) } }
}

// Due is a moment at which a handler wants an entity: a review, an expiry, a soak time.
type Due struct {
	At   Time
	Name string // what is due; the handler's name
}

// DueAt says when something is due for an entity of the kind. The rows are written with
// the entity; Ledger.RunDue hands them out.
func DueAt[T any](due func(e *T) []Due) KindOption[T] {
	return func(k *kind) { k.due = func(e Entity) []Due { return due(any(e).(*T)) } }
}

// Schema sets the kind's schema number, from 2 upwards, and the step that brings
// documents of the number before to it. Steps are given in order, one option a number.
// A step sees whole documents and, for journal entries, maps that hold just the changed
// members; it renames or converts what it finds and leaves the rest.
func Schema[T any](number int, upcast func(doc map[string]json.RawMessage) error) KindOption[T] {
	return func(k *kind) {
		if number != k.schema+1 {
			panic(fmt.Sprintf("ledger: kind %s: schema %d does not follow %d", k.name, number, k.schema))
		}
		k.schema = number
		k.upcast = append(k.upcast, upcast)
	}
}

// Index finds entities by a key computed from each. NewIndex is called while the
// program starts, before NewRegistry.
type Index[T any] struct {
	k  *kind
	at int
}

// NewIndex adds an index to a kind: keys returns the keys under which e is found.
func NewIndex[T any](k Kind[T], keys func(e *T) []ID) Index[T] {
	k.k.indexes = append(k.k.indexes, func(e Entity, add func(ID)) {
		for _, key := range keys(any(e).(*T)) {
			add(key)
		}
	})
	return Index[T]{k.k, len(k.k.indexes) - 1}
}

// Of yields the entities under key, in canonical order.
func (x Index[T]) Of(v View, key ID) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for e := range v.table(x.k).find(x.at, key) {
			if v.sees(x.k, e) && !yield(any(e).(*T)) {
				return
			}
		}
	}
}

// Registry is the set of kinds that a ledger holds.
type Registry struct {
	kinds  []*kind // in the order given: the order of diffs, exports and loading
	byName map[string]*kind
}

// NewRegistry gathers the kinds of a program; the kernel's own, Proposals, is always
// among them. It panics if two kinds share a name or a reference names no kind.
func NewRegistry(kinds ...AnyKind) *Registry {
	r := &Registry{byName: map[string]*kind{}}
	for _, a := range append([]AnyKind{Proposals}, kinds...) {
		k := a.kind()
		if k == Proposals.k && len(r.kinds) > 0 { // it is always there
			continue
		}
		if r.byName[k.name] != nil {
			panic(fmt.Sprintf("ledger: kind %q is declared twice", k.name))
		}
		r.byName[k.name] = k
		r.kinds = append(r.kinds, k)
	}
	for _, k := range r.kinds {
		for _, f := range k.plan.refs {
			f.walkRef(reflect.New(f.typ).Elem(), func(_ reflect.Value, rule *refRule) {
				if rule.kind != "*" && r.byName[rule.kind] == nil {
					panic(fmt.Sprintf("ledger: %s.%s refers to the unknown kind %q", k.name, f.name, rule.kind))
				}
			})
		}
	}
	return r
}

// Kinds returns the names of all kinds.
func (r *Registry) Kinds() []string {
	names := make([]string, len(r.kinds))
	for i, k := range r.kinds {
		names[i] = k.name
	}
	return names
}

// upgrade brings the members of a document from the schema number it was written with
// to today's. Documents of a newer number are left alone.
func (k *kind) upgrade(schema int, doc object) error {
	for n := max(schema, 1); n < k.schema; n++ {
		if err := k.upcast[n-1](doc); err != nil {
			return fmt.Errorf("ledger: %s from schema %d: %w", k.name, n, err)
		}
	}
	return nil
}

// upgradeChanges does the same for the changes of a journal entry.
func (k *kind) upgradeChanges(schema int, c Changes) (Changes, error) {
	if schema >= k.schema {
		return c, nil
	}
	was, now := object{}, object{}
	for _, ch := range c {
		was[ch.Field], now[ch.Field] = ch.Old, ch.New
	}
	if err := k.upgrade(schema, was); err != nil {
		return nil, err
	}
	if err := k.upgrade(schema, now); err != nil {
		return nil, err
	}
	var out Changes
	for _, f := range k.plan.list {
		o, n := was[f.name], now[f.name]
		if o != nil || n != nil {
			out = append(out, FieldChange{f.name, orNull(o), orNull(n)})
		}
		delete(was, f.name)
		delete(now, f.name)
	}
	for _, ch := range c { // members no plan knows
		if o, n := was[ch.Field], now[ch.Field]; o != nil || n != nil {
			out = append(out, FieldChange{ch.Field, orNull(o), orNull(n)})
		}
	}
	return out, nil
}

func (k *kind) upgradeDoc(schema int, raw []byte) ([]byte, error) {
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	if err := k.upgrade(schema, doc); err != nil {
		return nil, err
	}
	return marshal(doc)
}
