package access

import (
	"context"
	"database/sql"
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Favourite is something of a workspace that a person keeps at hand.
type Favourite struct {
	Kind   string
	Entity ledger.ID
}

// favouritesAtMost is how many things a person can keep at hand in a workspace.
const favouritesAtMost = 50

// Favourites returns what an account keeps at hand in a workspace, in the order in which it
// was put there. What is there need not exist any more.
func (a *Accounts) Favourites(ctx context.Context, account, workspace ledger.ID) ([]Favourite, error) {
	d, err := a.deskOf(ctx, account, workspace)
	return slices.Clone(d.favourites), err
}

// KeepFavourite puts something among what an account keeps at hand; a second time changes
// nothing. It is Invalid if there are too many.
func (a *Accounts) KeepFavourite(ctx context.Context, account, workspace ledger.ID, f Favourite) error {
	return a.change(ctx, []ledger.ID{account}, func(ctx context.Context, tx *sql.Tx) error {
		n := 0
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM favourites WHERE account = $1 AND workspace = $2 AND entity <> $3`,
			account, workspace, f.Entity).Scan(&n); err != nil {
			return err
		}
		if n >= favouritesAtMost {
			return fault.New(fault.Invalid, "there are %d favourites; take one out first", favouritesAtMost)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO favourites(account, workspace, kind, entity, kept_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT(account, workspace, entity) DO NOTHING`, account, workspace, f.Kind, f.Entity, a.now())
		return err
	})
}

// DropFavourite takes something out of what an account keeps at hand, if it is there.
func (a *Accounts) DropFavourite(ctx context.Context, account, workspace, entity ledger.ID) error {
	return a.change(ctx, []ledger.ID{account}, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM favourites WHERE account = $1 AND workspace = $2 AND entity = $3`, account, workspace, entity)
		return err
	})
}
