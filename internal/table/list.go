package table

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Lister lists the entities of a table.
type Lister interface {
	// List returns the entities that pass the query, as the snapshot's viewer may see
	// them. s.View must be the snapshot.
	List(ctx context.Context, s *Scope, snapshot *ledger.Snapshot, q Query) (*List, error)
	// Listed returns all entities that are not archived, in the table's own order.
	Listed(s *Scope) []Row
	// Reader returns a function that reads the columns of a row, as Value does one: for
	// many rows.
	Reader(s *Scope, columns []Info) func(r Row) []any
	// Value, Show and Target read one column of a row.
	Value(s *Scope, r Row, column string) any
	Show(s *Scope, r Row, column string) string
	Target(s *Scope, r Row, column string) (Target, bool)
	ShowChange(s *Scope, ch ledger.FieldChange) (label, was, now string)
	// ShowChanges is ShowChange for a field that may hold several columns.
	ShowChanges(s *Scope, ch ledger.FieldChange) []Shown
	// Compare returns what differs between two moments in the list of a query: which
	// entities it has, and the values of the columns. Its cost is the lists.
	Compare(ctx context.Context, then, now Side, q Query, columns []Info) (*Comparison, error)
	// CompareRow returns the columns of one entity that differ between two moments.
	CompareRow(then, now *Scope, d Difference, columns []Info) []Changed
}

// List is the outcome of a query: all that passed, in order, ready to be paged.
type List struct {
	Total  int
	Groups []Group // in order; nil without grouping
	row    func(i int) Row
	find   func(id ledger.ID, near int) int
}

// Group is a section of a list.
type Group struct {
	Value string // as the group column shows it; "": nothing
	Link  Target // the entity behind the value, for groups by a link
	First int    // its first row
	Count int
}

// Rows returns the rows from first on, at most n.
func (l *List) Rows(first, n int) []Row {
	first = min(max(first, 0), l.Total)
	last := min(first+max(n, 0), l.Total)
	rows := make([]Row, 0, last-first)
	for i := first; i < last; i++ {
		rows = append(rows, l.row(i))
	}
	return rows
}

// After returns the place behind the row with the identifier, which stood at place near
// when the reader saw it, counted from 1. If it is gone, what followed it has moved up to
// its place, so a reader who pages through a list that changes neither misses much nor
// sees much twice.
func (l *List) After(id ledger.ID, near int) int { return l.find(id, near) }

// memoKey is the key of a list in the kernel's memo.
type memoKey struct{ table, query string }

// order is a list's entities in order: what a memo keeps.
type order[T any] struct {
	rows   []*T
	groups []Group
}

// ordered returns the entities of a query in order. They are found once for each query
// and reused until an entity of a kind that it read changes.
func (t *Table[T]) ordered(ctx context.Context, s *Scope, snapshot *ledger.Snapshot, q Query) (*order[T], error) {
	columns := t.columns(s.View)
	reads, err := t.reads(s, columns, q)
	if err != nil {
		return nil, err
	}
	key := memoKey{t.spec.Name, q.key(s)}
	compute := func(_ context.Context, v ledger.View) (*order[T], error) { return t.order(s.In(v), columns, q) }
	if t.revisable(columns, q) {
		return ledger.MemoRevised(ctx, snapshot, key, reads, compute, ledger.Revision[*order[T]]{
			Of: t.kind, AtMost: 1000,
			Revise: func(_ context.Context, v ledger.View, old *order[T], changed []ledger.Change) (*order[T], error) {
				return t.revise(s.In(v), columns, q, old, changed)
			},
		})
	}
	return ledger.Memo(ctx, snapshot, key, reads, compute)
}

// List implements Lister.
func (t *Table[T]) List(ctx context.Context, s *Scope, snapshot *ledger.Snapshot, q Query) (*List, error) {
	o, err := t.ordered(ctx, s, snapshot, q)
	if err != nil {
		return nil, err
	}
	return &List{
		Total:  len(o.rows),
		Groups: o.groups,
		row:    func(i int) Row { return t.row(o.rows[i]) },
		find: func(id ledger.ID, near int) int {
			is := func(e *T) bool { return ledger.MetaOf(any(e).(ledger.Entity)).ID == id }
			if near > 0 && near <= len(o.rows) && is(o.rows[near-1]) {
				return near
			}
			if i := slices.IndexFunc(o.rows, is); i >= 0 {
				return i + 1
			}
			return min(max(near-1, 0), len(o.rows))
		},
	}, nil
}

// reads returns the kinds that a query reads, and what is wrong with its columns.
func (t *Table[T]) reads(s *Scope, columns []Column[T], q Query) ([]ledger.AnyKind, error) {
	reads := append([]ledger.AnyKind{t.kind}, t.spec.Reads...)
	var f fault.Fields
	use := func(parameter, name string) {
		i := slices.IndexFunc(columns, func(c Column[T]) bool { return c.Name == name })
		if i < 0 {
			f.Add(parameter, "there is no column %q; there are %s", name, names(columns))
			return
		}
		also := columns[i].Reads
		if target, ok := s.Set.Of(columns[i].Kind); ok { // titles, and names in filters
			also = append(slices.Clip(also), target.AnyKind())
		}
		for _, k := range also {
			if !slices.Contains(reads, k) {
				reads = append(reads, k)
			}
		}
	}
	for _, o := range q.Sort {
		use("sort", o.Column)
	}
	if q.Group != "" {
		use("group", q.Group)
	}
	for _, c := range q.Columns {
		use("columns", c)
	}
	if q.Filter != nil {
		q.Filter.eachCondition(func(c *Condition) { use("filter", c.Column) })
	}
	if len(f) > 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Message: "the view is not valid", Fields: f}
	}
	return reads, nil
}

func (t *Table[T]) order(s *Scope, columns []Column[T], q Query) (*order[T], error) {
	match, err := t.filter(s, columns, q)
	if err != nil {
		return nil, err
	}
	var rows []*T
	for e := range t.kind.All(s.View) {
		if match == nil || match(e) {
			rows = append(rows, e)
		}
	}
	sorts := q.Sort
	if len(sorts) == 0 {
		sorts = t.spec.Sort
	}
	if q.Group != "" {
		sorts = append([]Sort{{Column: q.Group}}, sorts...)
	}
	t.sort(s, columns, rows, sorts)
	o := &order[T]{rows: rows}
	if q.Group != "" {
		c := columns[slices.IndexFunc(columns, func(c Column[T]) bool { return c.Name == q.Group })]
		o.groups = groups(s, &c, rows)
	}
	return o, nil
}

// revisable reports whether a changed entity moves no other in the list: no column of the
// query looks at other entities of the kind.
func (t *Table[T]) revisable(columns []Column[T], q Query) bool {
	if q.Group != "" {
		return false
	}
	alone := true
	look := func(name string) {
		for _, c := range columns {
			if c.Name == name && (c.Kind == t.Kind() || slices.Contains(c.Reads, ledger.AnyKind(t.kind))) {
				alone = false
			}
		}
	}
	for _, o := range q.Sort {
		look(o.Column)
	}
	if q.Filter != nil {
		q.Filter.eachCondition(func(c *Condition) { look(c.Column) })
	}
	return alone
}

// revise returns the order after some entities changed: those are taken out and put where
// they belong now.
func (t *Table[T]) revise(s *Scope, columns []Column[T], q Query, old *order[T], changed []ledger.Change) (*order[T], error) {
	match, err := t.filter(s, columns, q)
	if err != nil {
		return nil, err
	}
	out := map[*T]bool{}
	var in []*T
	for _, c := range changed {
		if e, ok := any(c.Before).(*T); ok {
			out[e] = true
		}
		if e, ok := any(c.After).(*T); ok && (match == nil || match(e)) {
			in = append(in, e)
		}
	}
	compare := t.comparer(s, columns, q)
	slices.SortFunc(in, compare)
	rows := make([]*T, 0, len(old.rows)+len(in))
	for _, e := range old.rows {
		if !out[e] {
			rows = append(rows, e)
		}
	}
	for i, e := range in { // ascending, so what is behind the last one stays behind it
		at, _ := slices.BinarySearchFunc(rows, e, compare)
		rows = slices.Insert(rows, at, in[i])
	}
	return &order[T]{rows: rows}, nil
}

// comparer compares entities in the order of a query's list, which is total: equal ones
// stand in canonical order.
func (t *Table[T]) comparer(s *Scope, columns []Column[T], q Query) func(a, b *T) int {
	sorts := q.Sort
	if len(sorts) == 0 {
		sorts = t.spec.Sort
	}
	by := make([]*Column[T], len(sorts))
	for i, o := range sorts {
		by[i] = &columns[slices.IndexFunc(columns, func(c Column[T]) bool { return c.Name == o.Column })]
	}
	return func(a, b *T) int {
		for i, c := range by {
			if r := compareKeys(c.key(s, a), c.key(s, b), sorts[i].Desc); r != 0 {
				return r
			}
		}
		x, y := ledger.MetaOf(any(a).(ledger.Entity)), ledger.MetaOf(any(b).(ledger.Entity))
		return cmp.Or(cmp.Compare(x.Born, y.Born), bytes.Compare(x.ID[:], y.ID[:]))
	}
}

// compareKeys compares values of a column; what is empty stands last in either direction.
func compareKeys(x, y sortKey, desc bool) int {
	switch {
	case x.empty && y.empty:
		return 0
	case x.empty:
		return 1
	case y.empty:
		return -1
	case desc:
		return -x.compare(y)
	}
	return x.compare(y)
}

// filter joins what a query says with what lists leave out unless asked.
func (t *Table[T]) filter(s *Scope, columns []Column[T], q Query) (func(*T) bool, error) {
	var all []func(*T) bool
	if q.Filter != nil {
		m, err := t.matcher(s, columns, q.Filter)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	if t.spec.Archived != nil && !q.mentions("archived") {
		all = append(all, func(e *T) bool { return !t.spec.Archived(e) })
	}
	if q.Text != "" {
		all = append(all, t.wordsOf(q.Text))
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0], nil
	}
	return func(e *T) bool {
		for _, m := range all {
			if !m(e) {
				return false
			}
		}
		return true
	}, nil
}

// wordsOf returns whether all words of a text begin words of the key, the title or
// another name.
func (t *Table[T]) wordsOf(text string) func(*T) bool {
	wanted := ledger.Words(text)
	return func(e *T) bool {
		have := ledger.Words(ledger.MetaOf(any(e).(ledger.Entity)).Key + " " + t.spec.Title(e))
		if t.spec.Names != nil {
			for _, n := range t.spec.Names(e) {
				have = append(have, ledger.Words(n)...)
			}
		}
		for _, w := range wanted {
			if !slices.ContainsFunc(have, func(h string) bool { return len(h) >= len(w) && h[:len(w)] == w }) {
				return false
			}
		}
		return true
	}
}

// sort orders rows in place; what is empty stands last in either direction, and rows
// that are equal stay in canonical order.
func (t *Table[T]) sort(s *Scope, columns []Column[T], rows []*T, sorts []Sort) {
	type keyed struct {
		keys []sortKey
		e    *T
	}
	if len(sorts) == 0 || len(rows) < 2 {
		return
	}
	by := make([]*Column[T], len(sorts))
	for i, o := range sorts {
		by[i] = &columns[slices.IndexFunc(columns, func(c Column[T]) bool { return c.Name == o.Column })]
	}
	all := make([]keyed, len(rows))
	keys := make([]sortKey, len(rows)*len(by))
	for i, e := range rows {
		mine := keys[i*len(by) : (i+1)*len(by)]
		for j, c := range by {
			mine[j] = c.key(s, e)
		}
		all[i] = keyed{mine, e}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		for j, o := range sorts {
			if c := compareKeys(a.keys[j], b.keys[j], o.Desc); c != 0 {
				return c
			}
		}
		return 0
	})
	for i, k := range all {
		rows[i] = k.e
	}
}

func groups[T any](s *Scope, c *Column[T], rows []*T) []Group {
	var all []Group
	for i, e := range rows {
		g := Group{Value: c.Show(s, e), First: i}
		if c.ref != nil {
			g.Link, _ = s.Target(c.Kind, c.ref(e))
		}
		if n := len(all); n > 0 && all[n-1].Value == g.Value && all[n-1].Link == g.Link {
			all[n-1].Count++
			continue
		}
		g.Count = 1
		all = append(all, g)
	}
	return all
}

// Listed implements Lister.
func (t *Table[T]) Listed(s *Scope) []Row {
	var rows []*T
	for e := range t.kind.All(s.View) {
		if t.spec.Archived == nil || !t.spec.Archived(e) {
			rows = append(rows, e)
		}
	}
	t.sort(s, t.all, rows, t.spec.Sort)
	all := make([]Row, len(rows))
	for i, e := range rows {
		all[i] = t.row(e)
	}
	return all
}

// place implements Any.
func (t *Table[T]) place(s *Scope, id ledger.ID) sortKey {
	if len(t.spec.Sort) == 0 {
		return sortKey{}
	}
	e, ok := t.kind.Get(s.View, id)
	first, found := t.column(s.View, t.spec.Sort[0].Column)
	if !ok || !found {
		return sortKey{}
	}
	k := first.key(s, e)
	if k.empty { // behind those that have a place
		k.num, k.text = math.Inf(1), "\U0010FFFF"
	}
	return k
}
