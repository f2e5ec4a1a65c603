package access

import (
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Rights are what an account may write in a workspace, for those who offer it: a page shows
// a button for what it may do and none for what it may not. They are the same lines that
// the kernel asks when it is written.
type Rights struct {
	s     *sight // nil: none
	scope Scope
}

// RightsOf returns the rights of an actor. now is the whole workspace as it is now: nobody
// has the roles of the past, or of a proposal.
func (t *Table) RightsOf(now ledger.View, as ledger.Actor) Rights {
	account, scope, ok := t.accountOf(as)
	if !ok {
		return Rights{}
	}
	return Rights{t.sightOf(now, account), scope}
}

// May reports whether the account may make a change. v is the whole workspace, or the
// proposal, that it would be made in.
func (r Rights) May(v ledger.View, w ledger.Write) bool {
	return r.s != nil && r.s.may(v, w, r.scope) == nil
}

// Anywhere reports whether there is a place, the workspace or a product, where the account
// may make, edit or delete entities of a kind, in the proposal branch or, if that is zero,
// live.
func (r Rights) Anywhere(op ledger.Op, kind string, branch ledger.ID) bool {
	if r.s == nil {
		return false
	}
	rule, known := r.s.t.rules[kind]
	least := rule.least(op, branch)
	if !known || least == Nobody || !r.scope.Allows(least) {
		return false
	}
	if op != ledger.OpCreate && rule.Mine != nil && !Contributor.AtLeast(least) {
		least = Contributor // of one's own
	}
	if r.s.workspace.AtLeast(least) {
		return true
	}
	if rule.Product == nil && rule.About == nil || kind == Products.Name() && op == ledger.OpCreate {
		return false
	}
	for _, role := range r.s.products {
		if role.AtLeast(least) {
			return true
		}
	}
	return false
}

// In reports whether the account may make entities of a kind in a product.
func (r Rights) In(v ledger.View, product ledger.ID, kind string, branch ledger.ID) bool {
	if r.s == nil {
		return false
	}
	rule, known := r.s.t.rules[kind]
	least := rule.least(ledger.OpCreate, branch)
	return known && least != Nobody && r.scope.Allows(least) && r.s.role(v, product).AtLeast(least)
}

// least is the least role that makes a change, on the product if there is one; Nobody: no
// role does.
func (r Rule) least(op ledger.Op, branch ledger.ID) Role {
	least := Nobody
	switch op {
	case ledger.OpCreate:
		least = r.Create
	case ledger.OpEdit:
		least = r.Edit
	case ledger.OpDelete:
		least = r.Delete
	}
	if !branch.IsZero() && r.Product != nil && least == Editor { // to propose is not to do
		return Contributor
	}
	return least
}
