package ledger

import (
	"container/heap"
	"fmt"
	"math"
	"slices"
)

// Column is a number computed from one entity alone: a score, an age, a count. It is
// kept on the pages, so that sorting 100,000 entities by it right after a write computes
// one page anew. Declared while the program starts, before NewRegistry.
type Column[T any] struct {
	k  *kind
	at int
}

// NewColumn declares a column of a kind. value reads e only.
func NewColumn[T any](k Kind[T], value func(e *T) float64) Column[T] {
	k.k.columns = append(k.k.columns, func(e Entity) float64 { return value(any(e).(*T)) })
	return Column[T]{k.k, len(k.k.columns) - 1}
}

// pageColumn is one column of one page.
type pageColumn struct {
	values      [pageRows]float64
	least, most float64 // of the rows that hold an entity
}

// column returns a page's values of one column; rows without an entity have none.
func (p *page) column(k *kind, at int) *pageColumn {
	d := p.derived.Load()
	if d != nil && at < len(d.columns) && d.columns[at] != nil {
		return d.columns[at]
	}
	c := &pageColumn{least: math.Inf(1), most: math.Inf(-1)}
	for i, e := range p.rows {
		if !gone(e) {
			v := k.columns[at](e)
			c.values[i], c.least, c.most = v, min(c.least, v), max(c.most, v)
		}
	}
	for {
		n := &derived{columns: make([]*pageColumn, len(k.columns))}
		if d != nil {
			copy(n.columns, d.columns)
			n.block = d.block
		}
		n.columns[at] = c
		if p.derived.CompareAndSwap(d, n) {
			return c
		}
		d = p.derived.Load()
	}
}

// Ranked is an entity with its value of a column.
type Ranked[T any] struct {
	Entity *T
	Value  float64
}

// Top returns the rows offset to offset+n of the entities that keep accepts (nil: all),
// by the column, the greatest first or, with ascending, the least; equal values stand in
// canonical order. It asks keep only about rows that could stand on the page.
func (c Column[T]) Top(v View, offset, n int, ascending bool, keep func(*T) bool) []Ranked[T] {
	if offset < 0 || n < 0 {
		panic(fmt.Sprintf("ledger: rows %d to %d+%d", offset, offset, n))
	}
	sign := 1.0
	if ascending {
		sign = -1
	}
	best := &worstFirst{}
	for first, p := range v.table(c.k).eachPage() {
		column := p.column(c.k, c.at)
		full := len(*best) == offset+n
		// slots ascend, so an equal value on a later page stands behind
		if full && (len(*best) == 0 || max(sign*column.least, sign*column.most) <= (*best)[0].value) {
			continue
		}
		for i, e := range p.rows {
			x := ranked{sign * column.values[i], first + uint32(i), e}
			if gone(e) || (full && !x.before((*best)[0])) || !v.sees(c.k, e) || (keep != nil && !keep(any(e).(*T))) {
				continue
			}
			if full {
				(*best)[0] = x
				heap.Fix(best, 0)
				continue
			}
			heap.Push(best, x)
			full = len(*best) == offset+n
		}
	}
	slices.SortFunc(*best, func(a, b ranked) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	var out []Ranked[T]
	for _, x := range (*best)[min(offset, len(*best)):] {
		out = append(out, Ranked[T]{any(x.e).(*T), sign * x.value})
	}
	return out
}

type ranked struct {
	value float64
	slot  uint32
	e     Entity
}

// before says which of two stands higher; slots make the order total.
func (a ranked) before(b ranked) bool {
	if a.value != b.value {
		return a.value > b.value
	}
	return a.slot < b.slot
}

// worstFirst is a heap whose root is the row to be replaced next.
type worstFirst []ranked

func (h worstFirst) Len() int           { return len(h) }
func (h worstFirst) Less(i, j int) bool { return h[j].before(h[i]) }
func (h worstFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *worstFirst) Push(x any)        { *h = append(*h, x.(ranked)) }
func (h *worstFirst) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
