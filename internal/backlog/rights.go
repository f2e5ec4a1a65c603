package backlog

import (
	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
)

// mine reports whether a feature is the account's own: it made the feature, or is its
// owner. Nobody becomes the owner by writing their own name, because the kernel asks
// about the feature as it was, too.
func mine(v ledger.View, e ledger.Entity, account ledger.ID) bool {
	f := e.(*Feature)
	if f.CreatedBy == account {
		return true
	}
	p, ok := people.Of(v, account)
	return ok && f.Owner.ID() == p.ID
}

// guardView: a view that is shared with everybody is its maker's and the editors'.
func guardView(_ ledger.View, w ledger.Write, account ledger.ID, role access.Role) error {
	for _, e := range []ledger.Entity{w.Before, w.After} {
		if s, ok := e.(*View); ok && s.Shared && s.CreatedBy != account && !role.AtLeast(access.Editor) {
			return fault.New(fault.Forbidden, "this view is somebody else's")
		}
	}
	return nil
}
