package ledger

import (
	"context"
	"iter"
)

// Change is one entity that differs between two Snapshots.
type Change struct {
	Kind   string
	ID     ID
	Before Entity // nil: not there, or not visible
	After  Entity
	k      *kind
}

// Op says what happened from the first Snapshot to the second.
func (c Change) Op() Op {
	switch {
	case c.Before == nil:
		return OpCreate
	case c.After == nil:
		return OpDelete
	default:
		return OpEdit
	}
}

// Fields returns the changed fields.
func (c Change) Fields() (Changes, error) { return c.k.plan.diff(c.Before, c.After) }

// Diff yields the entities that differ between two Snapshots of one workspace, by kind
// and canonical order, as both viewers may see them. Its cost is what changed, not what
// exists: unchanged pages are shared and skipped.
func Diff(ctx context.Context, a, b *Snapshot) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for _, k := range a.ws.l.reg.kinds {
			if err := ctx.Err(); err != nil {
				yield(Change{}, err)
				return
			}
			if !diffTables(a.table(k), b.table(k), func(before, after Entity) bool {
				if gone(before) || !a.sees(k, before) {
					before = nil
				}
				if gone(after) || !b.sees(k, after) {
					after = nil
				}
				c := Change{Kind: k.name, Before: before, After: after, k: k}
				switch {
				case after != nil:
					c.ID = after.meta().ID
				case before != nil:
					c.ID = before.meta().ID
				default:
					return true
				}
				return yield(c, nil)
			}) {
				return
			}
		}
	}
}

func diffTables(ta, tb *table, f func(before, after Entity) bool) bool {
	// Proposals keep what they made in a tail of their own, where one slot may hold two
	// entities: these are matched by identifier.
	for i := range max(len(ta.root), len(tb.root)) {
		ma, mb := at(ta.root, i), at(tb.root, i)
		if ma == mb {
			continue
		}
		for j := range pageRows {
			pa, pb := ma.page(j), mb.page(j)
			if pa == pb {
				continue
			}
			for r := range pageRows {
				ea, eb := pa.rowAt(r), pb.rowAt(r)
				if ea == eb {
					continue
				}
				if ea != nil && eb != nil && ea.meta().ID == eb.meta().ID {
					if !f(ea, eb) {
						return false
					}
					continue
				}
				if eb != nil {
					if !f(ta.get(eb.meta().ID), eb) {
						return false
					}
				}
				if ea != nil && tb.get(ea.meta().ID) == nil && !f(ea, nil) {
					return false
				}
			}
		}
	}
	return true
}

func at(root []*mid, i int) *mid {
	if i >= len(root) {
		return nil
	}
	return root[i]
}

func (m *mid) page(i int) *page {
	if m == nil {
		return nil
	}
	return m.pages[i]
}

func (p *page) rowAt(i int) Entity {
	if p == nil {
		return nil
	}
	return p.rows[i]
}
