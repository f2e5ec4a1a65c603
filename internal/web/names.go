package web

import (
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
)

// Names returns a function that names who did something in the workspace: by their
// account, or by the person that they are in it, if they have no account here.
func (q *Request) Names() func(ledger.ID) string {
	names := q.Kit.Accounts.Names(q.Context())
	return func(id ledger.ID) string {
		name := names(id)
		if name == "" && q.now != nil {
			if p, ok := people.Of(q.now, id); ok {
				name = p.Name
			}
		}
		return name
	}
}
