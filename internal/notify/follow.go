package notify

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// followers returns who follows an entity, and with false who said that they do not.
func (b *Box) followers(ctx context.Context, workspace, entity ledger.ID) (map[ledger.ID]bool, error) {
	all := map[ledger.ID]bool{}
	err := b.rows(ctx, func(rows *sql.Rows) error {
		var id ledger.ID
		var on int
		err := rows.Scan(&id, &on)
		all[id] = on == 1
		return err
	}, `SELECT account, following FROM notify_follows WHERE workspace = $1 AND entity = $2`, workspace, entity)
	return all, err
}

// Followers returns the accounts that follow an entity, those who began first in front.
// The caller has made sure that the reader sees the entity.
func (b *Box) Followers(ctx context.Context, workspace, entity ledger.ID) (all []ledger.ID, err error) {
	err = b.rows(ctx, func(rows *sql.Rows) error {
		var id ledger.ID
		err := rows.Scan(&id)
		all = append(all, id)
		return err
	}, `SELECT account FROM notify_follows WHERE workspace = $1 AND entity = $2 AND following = 1 ORDER BY since, account`, workspace, entity)
	return all, err
}

// Follow lets an account follow an entity, or not any more: then nothing makes it follow
// again but itself.
func (b *Box) Follow(ctx context.Context, workspace, account ledger.ID, about ledger.AnyRef, on bool) error {
	following := 0
	if on {
		following = 1
	}
	_, err := b.db.ExecContext(ctx, `INSERT INTO notify_follows(workspace, entity, account, kind, following, since)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT(workspace, entity, account) DO UPDATE SET following = $5, since = $6`,
		workspace, about.ID, account, about.Kind, following, b.now())
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	return nil
}
