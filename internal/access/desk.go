package access

import (
	"context"
	"database/sql"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// desk is what an account keeps for itself in a workspace: every page shows some of it. It
// is part of the memory, so that what is written by one process is known to all of them
// within a heartbeat. Nobody writes to it.
type desk struct {
	favourites  []Favourite
	preferences map[string]string
}

// deskOf returns what an account keeps for itself in a workspace; the zero workspace has
// what it keeps for all of them.
func (a *Accounts) deskOf(ctx context.Context, account, workspace ledger.ID) (desk, error) {
	of := visitor{account, workspace}
	m := &a.memory
	m.mu.Lock()
	d, known := m.desks[of]
	epoch := m.epoch
	m.mu.Unlock()
	if known {
		return d, nil
	}
	d.preferences = map[string]string{}
	if err := query(ctx, a.db, func(rows *sql.Rows) error {
		var f Favourite
		var name, value string
		var at ledger.Time
		if err := rows.Scan(&f.Kind, &f.Entity, &name, &value, &at); err != nil {
			return err
		}
		if name != "" {
			d.preferences[name] = value
		} else {
			d.favourites = append(d.favourites, f)
		}
		return nil
	}, `SELECT kind, entity, '', '', kept_at FROM favourites WHERE account = $1 AND workspace = $2
		UNION ALL SELECT '', '', name, value, 0 FROM preferences WHERE account = $1 AND workspace = $2 ORDER BY 5, 2`, account, workspace); err != nil {
		return desk{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch == m.epoch { // else something has changed since it was read
		if len(m.desks) >= keptPrincipals {
			clear(m.desks)
		}
		m.desks[of] = d
	}
	return d, nil
}
