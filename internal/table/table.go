package table

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Spec is what a slice says of the entities of a kind.
type Spec[T any] struct {
	Name  string // plural, in addresses and files: "features"
	One   string // what a person calls one: "feature"
	Label string // plural, on pages: "Features"
	Only  bool   // each workspace has exactly one: its settings

	Title    func(*T) string
	Names    func(*T) []string         // other names by which a person may mean it: an e-mail address
	External func(*T) *string          // the key it had in another tool
	Archived func(*T) bool             // it is out of lists that do not ask for it
	ByOther  *ledger.Index[T]          // finds by KeyOf the external key
	New      func(v ledger.View, e *T) // fills in what a new one has if nothing is said
	Columns  []Column[T]
	Custom   func(v ledger.View) []Column[T] // columns that people have added
	Reads    []ledger.AnyKind                // what Custom reads
	Sort     []Sort                          // the order if nothing is said

	// Rank is the column of the order that people make by hand, and Move what gives an
	// entity its place in it, behind one and before another. Tables without such an order
	// leave both out.
	Rank string
	Move func(tx *ledger.Tx, id, behind, before ledger.ID) error

	// Delete is what it means to delete one, if that is more than taking it away.
	Delete func(tx *ledger.Tx, id ledger.ID) error
}

// Table is what can be read and written of a kind.
type Table[T any] struct {
	kind ledger.Kind[T]
	spec Spec[T]
	all  []Column[T]
}

// New declares the table of a kind. Columns of what the kernel keeps are added: key, id
// and who and when. It panics if two columns have one name.
func New[T any](kind ledger.Kind[T], spec Spec[T]) *Table[T] {
	t := &Table[T]{kind: kind, spec: spec}
	meta := func(e *T) *ledger.Meta { return ledger.MetaOf(any(e).(ledger.Entity)) }
	key := ComputedText("key", "Key", func(_ *Scope, e *T) string { return meta(e).Key })
	key.Computed = false
	key.order = func(_ *Scope, e *T) (float64, bool) { return float64(keyNumber(meta(e).Key)), meta(e).Key != "" }
	id := ComputedText("id", "Identifier", func(_ *Scope, e *T) string { return meta(e).ID.String() })
	id.Computed, id.Hidden = false, true
	t.all = append([]Column[T]{key, id}, spec.Columns...)
	t.all = append(t.all,
		moment("created_at", "Created", func(e *T) ledger.Time { return meta(e).CreatedAt }),
		moment("updated_at", "Changed", func(e *T) ledger.Time { return meta(e).UpdatedAt }))
	if spec.External != nil {
		x := Text("external_key", "Old key", spec.External).Quiet().
			Describe("the key it had in the tool it was imported from")
		x.fold = false
		t.all = append(t.all, x)
	}
	once(spec.Name, t.all)
	return t
}

// With returns the table with more columns, which follow from what slices further on
// know: the program lists it in place of the one it was made from. It panics if two
// columns have one name.
func (t *Table[T]) With(more ...Column[T]) *Table[T] {
	wider := *t
	// what the kernel keeps stays last
	at := slices.IndexFunc(t.all, func(c Column[T]) bool { return c.Name == "created_at" })
	wider.all = slices.Insert(slices.Clone(t.all), at, more...)
	once(t.spec.Name, wider.all)
	return &wider
}

// once panics if two columns have one name.
func once[T any](table string, all []Column[T]) {
	for i, c := range all {
		if slices.ContainsFunc(all[:i], func(o Column[T]) bool { return o.Name == c.Name }) {
			panic(fmt.Sprintf("table: %s has two columns %q", table, c.Name))
		}
	}
}

// ExternalKey returns the keys under which an index finds an entity by the key it had in
// another tool.
func ExternalKey(key string) []ledger.ID {
	if key == "" {
		return nil
	}
	return []ledger.ID{ledger.KeyOf(key)}
}

// keyNumber is the number of a human key; keys sort by it.
func keyNumber(key string) (n int) {
	for _, r := range key[strings.LastIndexByte(key, '-')+1:] {
		if r >= '0' && r <= '9' {
			n = n*10 + int(r-'0')
		}
	}
	return n
}

// Any is a table whose entities' Go type is not known here.
type Any interface {
	Kind() string
	AnyKind() ledger.AnyKind
	Name() string
	One() string
	Label() string
	// Only reports whether each workspace has exactly one entity of the kind.
	Only() bool
	// HasCustom reports whether people can add columns.
	HasCustom() bool
	// Columns returns all columns as they are in the view, custom ones last.
	Columns(v ledger.View) []Info
	// Column returns the named column.
	Column(v ledger.View, name string) (Info, bool)
	// Options returns what a column of choices or links can be set to, in order: at most
	// limit of them.
	Options(s *Scope, column string, limit int) []Option
	// Row returns an entity that the view's reader may see.
	Row(v ledger.View, id ledger.ID) (Row, bool)
	// Named returns the entities that a person or a file may mean by the text: one with
	// that key, that key in another tool, or that name.
	Named(v ledger.View, text string) []ledger.ID
	// Rows returns all entities that the view's reader may see, in canonical order.
	Rows(v ledger.View) func(yield func(Row) bool)

	// place is where an entity stands in the table's own order.
	place(s *Scope, id ledger.ID) sortKey

	Lister
	Editor
	Mover
}

// Row is one entity of any table.
type Row struct {
	table Any
	e     ledger.Entity
	title string
}

// ID returns the entity's identifier.
func (r Row) ID() ledger.ID { return ledger.MetaOf(r.e).ID }

// Key returns its human key, if its kind has keys.
func (r Row) Key() string { return ledger.MetaOf(r.e).Key }

// Title returns what a person calls it.
func (r Row) Title() string { return r.title }

// Version returns the number of changes that made it what it is.
func (r Row) Version() int64 { return ledger.MetaOf(r.e).Version }

// Meta returns what the kernel knows of it; it must not be written.
func (r Row) Meta() *ledger.Meta { return ledger.MetaOf(r.e) }

// Entity returns the entity; it must not be written.
func (r Row) Entity() ledger.Entity { return r.e }

// Table returns the table of its kind.
func (r Row) Table() Any { return r.table }

// Kind implements Any.
func (t *Table[T]) Kind() string { return t.kind.Name() }

// AnyKind implements Any.
func (t *Table[T]) AnyKind() ledger.AnyKind { return t.kind }

// Name implements Any.
func (t *Table[T]) Name() string { return t.spec.Name }

// One implements Any.
func (t *Table[T]) One() string { return t.spec.One }

// Label implements Any.
func (t *Table[T]) Label() string { return t.spec.Label }

// Only implements Any.
func (t *Table[T]) Only() bool { return t.spec.Only }

// HasCustom implements Any.
func (t *Table[T]) HasCustom() bool { return t.spec.Custom != nil }

func (t *Table[T]) columns(v ledger.View) []Column[T] {
	if t.spec.Custom == nil || v == nil {
		return t.all
	}
	return append(slices.Clip(t.all), t.spec.Custom(v)...)
}

// Columns implements Any.
func (t *Table[T]) Columns(v ledger.View) []Info {
	columns := t.columns(v)
	all := make([]Info, len(columns))
	for i, c := range columns {
		all[i] = c.Info
	}
	return all
}

// column returns the named column. Those that people have added are made anew for each
// question, so they are asked for by their names alone: a search asks a thousand rows.
func (t *Table[T]) column(v ledger.View, name string) (Column[T], bool) {
	all := t.all
	if strings.HasPrefix(name, CustomPrefix) && t.spec.Custom != nil && v != nil {
		all = t.spec.Custom(v)
	}
	for _, c := range all {
		if c.Name == name {
			return c, true
		}
	}
	return Column[T]{}, false
}

// Column implements Any.
func (t *Table[T]) Column(v ledger.View, name string) (Info, bool) {
	c, ok := t.column(v, name)
	return c.Info, ok
}

// Options implements Any.
func (t *Table[T]) Options(s *Scope, column string, limit int) []Option {
	c, ok := t.column(s.View, column)
	switch {
	case !ok:
		return nil
	case c.options != nil:
		return c.options(s.View)
	case c.list != nil:
		return t.used(s, c, limit)
	case c.Kind == "":
		return nil
	}
	target, ok := s.Set.Of(c.Kind)
	if !ok {
		return nil
	}
	var all []Option
	for _, r := range target.Listed(s) {
		if len(all) == limit {
			break
		}
		name := r.Key()
		if name == "" {
			name = r.ID().String()
		}
		all = append(all, Option{name, r.Title()})
	}
	return all
}

// used returns the values that a column of free words has now.
func (t *Table[T]) used(s *Scope, c Column[T], limit int) []Option {
	seen := map[string]bool{}
	for e := range t.kind.All(s.View) {
		for _, w := range c.list(s, e) {
			seen[w] = true
		}
	}
	var all []Option
	for w := range seen {
		all = append(all, Option{w, w})
	}
	slices.SortFunc(all, func(a, b Option) int { return strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	return all[:min(limit, len(all))]
}

func (t *Table[T]) row(e *T) Row {
	return Row{table: t, e: any(e).(ledger.Entity), title: t.spec.Title(e)}
}

// Row implements Any.
func (t *Table[T]) Row(v ledger.View, id ledger.ID) (Row, bool) {
	e, ok := t.kind.Get(v, id)
	if !ok {
		return Row{}, false
	}
	return t.row(e), true
}

// Rows implements Any.
func (t *Table[T]) Rows(v ledger.View) func(yield func(Row) bool) {
	return func(yield func(Row) bool) {
		for e := range t.kind.All(v) {
			if !yield(t.row(e)) {
				return
			}
		}
	}
}

// Named implements Any.
func (t *Table[T]) Named(v ledger.View, text string) []ledger.ID {
	if e, ok := t.kind.ByKey(v, strings.ToUpper(text)); ok {
		return []ledger.ID{t.row(e).ID()}
	}
	var found []ledger.ID
	if t.spec.ByOther != nil {
		for e := range t.spec.ByOther.Of(v, ledger.KeyOf(text)) {
			if *t.spec.External(e) == text {
				found = append(found, t.row(e).ID())
			}
		}
	}
	if len(found) > 0 {
		return found
	}
	for e := range t.kind.All(v) {
		if strings.EqualFold(t.spec.Title(e), text) ||
			(t.spec.Names != nil && slices.ContainsFunc(t.spec.Names(e), func(n string) bool { return strings.EqualFold(n, text) })) {
			found = append(found, t.row(e).ID())
		}
	}
	return found
}

// Reader implements Lister. A column that is not there any more is nil.
func (t *Table[T]) Reader(s *Scope, columns []Info) func(r Row) []any {
	all := t.columns(s.View)
	chosen := make([]*Column[T], len(columns))
	for i, c := range columns {
		if at := slices.IndexFunc(all, func(o Column[T]) bool { return o.Name == c.Name }); at >= 0 {
			chosen[i] = &all[at]
		}
	}
	return func(r Row) []any {
		e := any(r.e).(*T)
		values := make([]any, len(chosen))
		for i, c := range chosen {
			if c != nil {
				values[i] = c.Value(s, e)
			}
		}
		return values
	}
}

// Value returns what the API answers for a column of a row.
func (t *Table[T]) Value(s *Scope, r Row, column string) any {
	c, ok := t.column(s.View, column)
	if !ok {
		return nil
	}
	return c.Value(s, any(r.e).(*T))
}

// Show returns a column of a row as a text.
func (t *Table[T]) Show(s *Scope, r Row, column string) string {
	c, ok := t.column(s.View, column)
	if !ok {
		return ""
	}
	return c.Show(s, any(r.e).(*T))
}

// Target returns where a column of a row links to.
func (t *Table[T]) Target(s *Scope, r Row, column string) (Target, bool) {
	c, ok := t.column(s.View, column)
	if !ok || c.ref == nil {
		return Target{}, false
	}
	return s.Target(c.Kind, c.ref(any(r.e).(*T)))
}

// ShowChange says what a changed field of the journal was and became. The label of a
// field without a column is its name.
func (t *Table[T]) ShowChange(s *Scope, ch ledger.FieldChange) (label, was, now string) {
	c, ok := t.column(s.View, ch.Field)
	if !ok {
		return ch.Field, showRaw(s, Info{}, ch.Old), showRaw(s, Info{}, ch.New)
	}
	if c.options != nil {
		options := c.options(s.View)
		return c.Label, labelOf(options, showRaw(s, c.Info, ch.Old)), labelOf(options, showRaw(s, c.Info, ch.New))
	}
	if c.raw != nil {
		return c.Label, c.raw(s, ch.Old), c.raw(s, ch.New)
	}
	return c.Label, showRaw(s, c.Info, ch.Old), showRaw(s, c.Info, ch.New)
}

// Shown is a change in words.
type Shown struct {
	Field, Label, Was, Now string
}

// ShowChanges is ShowChange for a field that may hold the values of several columns: those
// that people have added say each what it was and became.
func (t *Table[T]) ShowChanges(s *Scope, ch ledger.FieldChange) []Shown {
	if _, ok := t.column(s.View, ch.Field); !ok && t.spec.Custom != nil {
		if all := t.showCustom(s, ch); len(all) > 0 {
			return all
		}
	}
	label, was, now := t.ShowChange(s, ch)
	return []Shown{{ch.Field, label, was, now}}
}

// showCustom reads the field as it was and as it became, and says in which of the columns
// that people have added the two differ.
func (t *Table[T]) showCustom(s *Scope, ch ledger.FieldChange) []Shown {
	with := func(raw json.RawMessage) (*T, error) {
		e := new(T)
		if len(raw) == 0 {
			return e, nil
		}
		whole, err := json.Marshal(map[string]json.RawMessage{ch.Field: raw})
		if err != nil {
			return nil, err
		}
		return e, json.Unmarshal(whole, e)
	}
	before, err := with(ch.Old)
	if err != nil {
		return nil
	}
	after, err := with(ch.New)
	if err != nil {
		return nil
	}
	var all []Shown
	for _, c := range t.spec.Custom(s.View) {
		if c.Computed {
			continue
		}
		if was, now := c.Show(s, before), c.Show(s, after); was != now {
			all = append(all, Shown{c.Name, c.Label, was, now})
		}
	}
	return all
}

// showRaw returns a value of the journal as a text.
func showRaw(s *Scope, c Info, raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return ""
	}
	return showJSON(s, c, v)
}

func showJSON(s *Scope, c Info, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		return showNumber(v)
	case string:
		if c.Kind != "" {
			if id, err := ledger.ParseID(v); err == nil {
				t, _ := s.Target(c.Kind, id)
				return t.String()
			}
		}
		return v
	case []any:
		all := make([]string, len(v))
		for i, x := range v {
			all[i] = showJSON(s, c, x)
		}
		return strings.Join(all, "; ")
	case map[string]any:
		if first, ok := v["first"].(string); ok && v["sha256"] != nil {
			return first + " …"
		}
		var parts []string
		for _, k := range slices.Sorted(mapKeys(v)) {
			parts = append(parts, k+" "+showJSON(s, c, v[k]))
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

func mapKeys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// Required is what a check of the kind says of columns that must not be empty; a slice
// calls it from its check, so that no door can leave them out.
func (t *Table[T]) Required(v ledger.View, e *T, f *fault.Fields) {
	s := &Scope{View: v}
	for i := range t.all {
		if c := &t.all[i]; c.Need && c.empty(s, e) {
			f.Add(c.Name, "is required")
		}
	}
}
