package demo

import (
	"context"
	"fmt"
	"sync"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
)

// loading lets one demo be made at a time: who asks twice waits for the first one.
var loading sync.Mutex

// Load lets somebody into the demo of a running installation as one of its owners, and
// makes it before if it is not there. It answers with its slug. The people in it have no
// accounts, so that nothing is left when it is removed.
func Load(ctx context.Context, a *app.App, guest access.Account) (string, error) {
	loading.Lock()
	defer loading.Unlock()
	slug, id, err := find(ctx, a)
	if err == nil && id.IsZero() {
		id, err = build(ctx, a, slug, ledger.NewID(ledger.TimeOf(a.Now())))
	}
	if err != nil {
		return "", err
	}
	_, err = a.Ledger.Update(ctx, id, ledger.System, "join", func(tx *ledger.Tx) error {
		if err := access.Grant(tx, guest.ID, access.Owner, ledger.ID{}); err != nil {
			return err
		}
		return people.Join(tx, guest.ID, guest.Name, guest.Email)
	})
	return slug, err
}

// find returns the demo that is there, or the slug for a new one. A demo in which nobody
// with an account is was left half-made by a server that ended; it goes.
func find(ctx context.Context, a *app.App) (slug string, id ledger.ID, err error) {
	all, err := a.Ledger.Workspaces(ctx)
	if err != nil {
		return "", ledger.ID{}, err
	}
	for n := 1; ; n++ {
		slug = Slug
		if n > 1 {
			slug = fmt.Sprintf("%s-%d", Slug, n)
		}
		id, taken := all[slug]
		if !taken {
			return slug, ledger.ID{}, nil
		}
		s, err := a.Ledger.At(ctx, id, ledger.System, 0)
		if err != nil {
			return "", ledger.ID{}, err
		}
		if !access.SettingsOf(s).Demo && access.Workspaces.Len(s) > 0 {
			continue // somebody's own, of the same name
		}
		inhabited, err := hasAccounts(ctx, a, s)
		if err != nil || inhabited {
			return slug, id, err
		}
		return slug, ledger.ID{}, a.RemoveWorkspace(ctx, id)
	}
}

func hasAccounts(ctx context.Context, a *app.App, v ledger.View) (bool, error) {
	for m := range access.Memberships.All(v) {
		_, err := a.Accounts.ByID(ctx, m.Account)
		if err == nil || !fault.Is(err, fault.NotFound) {
			return err == nil, err
		}
	}
	return false, nil
}
