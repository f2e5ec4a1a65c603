package access

import (
	"context"
	"database/sql"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// Preference returns what an account prefers in a workspace under a name, "" if it has not
// said.
func (a *Accounts) Preference(ctx context.Context, account, workspace ledger.ID, name string) (string, error) {
	d, err := a.deskOf(ctx, account, workspace)
	return d.preferences[name], err
}

// Prefer keeps what an account prefers; "" forgets it.
func (a *Accounts) Prefer(ctx context.Context, account, workspace ledger.ID, name, value string) error {
	return a.change(ctx, []ledger.ID{account}, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM preferences WHERE account = $1 AND workspace = $2 AND name = $3`, account, workspace, name)
		if err != nil || value == "" {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO preferences(account, workspace, name, value) VALUES ($1, $2, $3, $4)`, account, workspace, name, value)
		return err
	})
}
