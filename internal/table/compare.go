package table

import (
	"context"
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Side is one of the two moments of a comparison: a picture of the workspace, the scope
// that its values are read in, whose view is the picture, and its place in time.
type Side struct {
	*Scope
	Snapshot *ledger.Snapshot
	Moment   ledger.Moment // zero: now
}

// Comparison is what differs between two moments in the list of a query.
type Comparison struct {
	Then, Now int // how many entities pass the query
	// Added passed it not yet, Removed pass it no more: they are new or deleted, or other
	// values of theirs let them in or out. Changed passed it at both moments. Added and
	// Changed stand in the order of the list as it is, Removed in that of the list as it was.
	Added, Removed, Changed []Difference

	then, now Side
	columns   []Info
	values    func(d Difference) []Changed
	totals    func(c Info) (then, now float64)
}

// Difference is one entity that differs.
type Difference struct {
	Then, Now Row // zero where it does not exist, or is not for the reader
}

// ID returns the entity's identifier.
func (d Difference) ID() ledger.ID { return d.Latest().ID() }

// Latest returns the entity as it is or, if it is gone, as it was.
func (d Difference) Latest() Row {
	if d.Now.IsZero() {
		return d.Then
	}
	return d.Now
}

// IsZero reports whether there is no entity.
func (r Row) IsZero() bool { return r.e == nil }

// Changed is a value of a row that was another one.
type Changed struct {
	Column   Info
	Was, Now string // as a cell shows it: "" for nothing
}

// Columns returns the columns that were compared.
func (c *Comparison) Columns() []Info { return c.columns }

// Values returns the compared columns of a difference that differ; none of what is new
// or gone.
func (c *Comparison) Values(d Difference) []Changed { return c.values(d) }

// Totals returns the sum of a column of numbers over both lists.
func (c *Comparison) Totals(column Info) (then, now float64) { return c.totals(column) }

// Len returns how many entities differ.
func (c *Comparison) Len() int { return len(c.Added) + len(c.Removed) + len(c.Changed) }

// Compare implements Lister. A side on which the query means nothing, because what it
// names was not there yet or is there no more, has an empty list; grouping and order are
// those of a list without groups.
func (t *Table[T]) Compare(ctx context.Context, then, now Side, q Query, columns []Info) (*Comparison, error) {
	q.Group, q.Columns = "", nil
	was, wasErr := t.ordered(ctx, then.Scope, then.Snapshot, q)
	is, isErr := t.ordered(ctx, now.Scope, now.Snapshot, q)
	for _, err := range []error{isErr, wasErr} {
		if err != nil && (!fault.Is(err, fault.Invalid) || wasErr != nil && isErr != nil) {
			return nil, err
		}
	}
	if wasErr != nil {
		was = &order[T]{}
	}
	if isErr != nil {
		is = &order[T]{}
	}
	d := t.differ(then.Scope, now.Scope, columns)
	c := &Comparison{Then: len(was.rows), Now: len(is.rows), then: then, now: now, columns: columns}
	before := make(map[ledger.ID]*T, len(was.rows))
	for _, e := range was.rows {
		before[idOf(e)] = e
	}
	here := make(map[ledger.ID]bool, len(is.rows))
	for _, e := range is.rows {
		id := idOf(e)
		here[id] = true
		old, ok := before[id]
		switch {
		case ok && d.any(old, e):
			c.Changed = append(c.Changed, Difference{t.row(old), t.row(e)})
		case !ok:
			c.Added = append(c.Added, Difference{t.find(then.View, id), t.row(e)})
		}
	}
	for _, e := range was.rows {
		if id := idOf(e); !here[id] {
			c.Removed = append(c.Removed, Difference{t.row(e), t.find(now.View, id)})
		}
	}
	c.values = func(x Difference) []Changed {
		if x.Then.IsZero() || x.Now.IsZero() {
			return nil
		}
		return d.all(any(x.Then.e).(*T), any(x.Now.e).(*T))
	}
	c.totals = func(i Info) (a, b float64) {
		return t.total(then.Scope, was.rows, i.Name), t.total(now.Scope, is.rows, i.Name)
	}
	return c, nil
}

// CompareRow returns the columns of one entity that differ between two moments.
func (t *Table[T]) CompareRow(then, now *Scope, d Difference, columns []Info) []Changed {
	return t.differ(then, now, columns).all(any(d.Then.e).(*T), any(d.Now.e).(*T))
}

func idOf[T any](e *T) ledger.ID { return ledger.MetaOf(any(e).(ledger.Entity)).ID }

// find returns the row of an entity, zero if the view's reader sees none.
func (t *Table[T]) find(v ledger.View, id ledger.ID) Row {
	r, _ := t.Row(v, id)
	return r
}

func (t *Table[T]) total(s *Scope, rows []*T, column string) (sum float64) {
	c, ok := t.column(s.View, column)
	if !ok || c.num == nil {
		return 0
	}
	for _, e := range rows {
		n, _ := c.num(s, e)
		sum += n
	}
	return sum
}

// differ compares columns of entities at two moments.
type differ[T any] struct {
	then, now *Scope
	infos     []Info
	was, is   []*Column[T] // nil: no such column at that moment
	outward   []int        // the columns that can differ although the entity does not
}

func (t *Table[T]) differ(then, now *Scope, columns []Info) *differ[T] {
	d := &differ[T]{then: then, now: now, infos: columns}
	find := func(all []Column[T], name string) *Column[T] {
		if i := slices.IndexFunc(all, func(c Column[T]) bool { return c.Name == name }); i >= 0 {
			return &all[i]
		}
		return nil
	}
	before, after := t.columns(then.View), t.columns(now.View)
	for i, c := range columns {
		d.was, d.is = append(d.was, find(before, c.Name)), append(d.is, find(after, c.Name))
		if c.Computed && len(c.Reads) > 0 {
			d.outward = append(d.outward, i)
		}
	}
	return d
}

// any reports whether a column differs. An entity that nobody wrote is the same one at
// both moments, and what it alone decides is not looked at.
func (d *differ[T]) any(a, b *T) bool {
	if a == b {
		return slices.ContainsFunc(d.outward, func(i int) bool { return d.differs(i, a, b) })
	}
	for i := range d.infos {
		if d.differs(i, a, b) {
			return true
		}
	}
	return false
}

func (d *differ[T]) all(a, b *T) (found []Changed) {
	show := func(c *Column[T], s *Scope, e *T) string {
		if c == nil {
			return ""
		}
		return c.Show(s, e)
	}
	for i, info := range d.infos {
		if d.differs(i, a, b) {
			found = append(found, Changed{info, show(d.was[i], d.then, a), show(d.is[i], d.now, b)})
		}
	}
	return found
}

func (d *differ[T]) differs(i int, a, b *T) bool {
	was, is := d.was[i], d.is[i]
	switch {
	case was == nil && is == nil:
		return false
	case was == nil:
		return is.Show(d.now, b) != ""
	case is == nil:
		return was.Show(d.then, a) != ""
	// what a link leads to may have another title by now: it is the same link
	case is.ref != nil && was.ref != nil:
		return was.ref(a) != is.ref(b)
	case is.refs != nil && was.refs != nil:
		return !slices.Equal(was.refs(d.then, a), is.refs(d.now, b))
	case is.long != nil && was.long != nil:
		return was.long(a) != is.long(b)
	}
	return was.Show(d.then, a) != is.Show(d.now, b)
}
