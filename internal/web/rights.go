package web

import (
	"github.com/throughline-pm/throughline/internal/ledger"
)

// What a page offers is what the policy allows for just that entity; the kernel asks the
// same policy again when it is written. The past offers nothing.

// May reports whether the reader may make, edit or delete an entity where the page shows
// it. One that is still to be made is given as far as it is known: whose it is and what it
// is about.
func (q *Request) May(op ledger.Op, kind string, e ledger.Entity) bool {
	v, branch, ok := q.writes()
	if !ok || e == nil {
		return false
	}
	w := ledger.Write{Op: op, Kind: kind, Branch: branch}
	if op != ledger.OpCreate {
		w.Before = e
	}
	if op != ledger.OpDelete {
		w.After = e
	}
	return q.rights.May(v, w)
}

// MayAnywhere reports whether there is any entity of a kind that the reader may edit or
// delete, or a product where they may make one.
func (q *Request) MayAnywhere(op ledger.Op, kind string) bool {
	_, branch, ok := q.writes()
	return ok && q.rights.Anywhere(op, kind, branch)
}

// MayMakeIn reports whether the reader may make entities of a kind in a product.
func (q *Request) MayMakeIn(product ledger.ID, kind string) bool {
	v, branch, ok := q.writes()
	return ok && q.rights.In(v, product, kind, branch)
}

// writes returns what the reader would write to, false where nothing is written.
func (q *Request) writes() (v *ledger.Snapshot, branch ledger.ID, ok bool) {
	s, err := q.Snapshot()
	if err != nil || q.Past() {
		return nil, branch, false
	}
	if q.rights == nil {
		all := q.Kit.Policy.RightsOf(q.now.Whole(), q.Principal.Actor())
		q.rights = &all
	}
	if q.in != nil {
		branch = q.in.ID
	}
	return s.Whole(), branch, true
}
