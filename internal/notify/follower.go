package notify

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
)

const (
	// cursor is the name under which the journal knows the follower.
	cursor = "notices"
	// look is how often it looks where there is something new.
	look = 250 * time.Millisecond
	// news is how old a change may be to be told: who comes to an old workspace is not
	// greeted with its history, and a server that was down for long does not tell it either.
	news = 14 * 24 * time.Hour
)

// Run follows all workspaces until ctx ends. Of several processes one does it.
func (b *Box) Run(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	done := map[ledger.ID]ledger.Seq{}
	for {
		heads, err := b.set.Ledger.Heads(ctx)
		if err != nil {
			return err
		}
		for workspace, head := range heads {
			if done[workspace] == head {
				continue
			}
			at, err := b.catchUp(ctx, workspace)
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				b.set.Log.Error("cannot tell the news of a workspace", "workspace", workspace, "error", err)
				continue
			}
			if at >= head { // else this process has not heard of it all yet
				done[workspace] = head
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// CatchUp tells everything up to the newest position of a workspace. What it was stopped
// at is told again, which changes nothing: a notice is known by its place in the journal.
func (b *Box) CatchUp(ctx context.Context, workspace ledger.ID) error {
	_, err := b.catchUp(ctx, workspace)
	return err
}

// catchUp returns the position up to which everything is told.
func (b *Box) catchUp(ctx context.Context, workspace ledger.ID) (ledger.Seq, error) {
	l := b.set.Ledger
	from, err := l.Cursor(ctx, workspace, cursor)
	if err != nil {
		return 0, err
	}
	for {
		commits, to, err := l.Since(ctx, workspace, from)
		if err != nil || to == from {
			return from, err
		}
		now, err := l.At(ctx, workspace, ledger.System, to)
		if err != nil {
			return from, err
		}
		r := &reading{box: b, v: now, fresh: b.now() - micros(news), follows: b.overlay(ctx, workspace), muted: b.mutedBy(ctx)}
		for i := range commits {
			if err := r.read(&commits[i]); err != nil {
				return from, err
			}
		}
		if err := b.write(ctx, workspace, r); err != nil {
			return from, err
		}
		if err := l.SetCursor(ctx, workspace, cursor, to); err != nil {
			return from, err
		}
		from = to
	}
}

// overlay returns who follows an entity, with what the pass has added to it.
func (b *Box) overlay(ctx context.Context, workspace ledger.ID) func(ledger.ID) (map[ledger.ID]bool, error) {
	known := map[ledger.ID]map[ledger.ID]bool{}
	return func(entity ledger.ID) (map[ledger.ID]bool, error) {
		if all, ok := known[entity]; ok {
			return all, nil
		}
		all, err := b.followers(ctx, workspace, entity)
		if err == nil {
			known[entity] = all
		}
		return all, err
	}
}

// write keeps what a pass has found.
func (b *Box) write(ctx context.Context, workspace ledger.ID, r *reading) error {
	if len(r.begun) == 0 && len(r.notices) == 0 {
		return nil
	}
	touched := map[ledger.ID]bool{}
	err := b.tx(ctx, func(tx *sql.Tx) error {
		for _, f := range r.begun {
			if _, err := tx.ExecContext(ctx, `INSERT INTO notify_follows(workspace, entity, account, kind, following, since)
				VALUES ($1, $2, $3, $4, 1, $5) ON CONFLICT DO NOTHING`, workspace, f.about.ID, f.account, f.about.Kind, f.since); err != nil {
				return err
			}
		}
		for i := range r.notices {
			n := &r.notices[i]
			made, err := tx.ExecContext(ctx, `INSERT INTO notify_notices(workspace, account, entity, seq, n, reason, actor, at, comment, fields)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
				workspace, n.account, n.about.ID, n.seq, n.n, string(n.reason), n.actor, n.at, n.comment, n.names())
			if err != nil {
				return err
			}
			if fresh, err := made.RowsAffected(); err != nil || fresh == 0 {
				if err != nil {
					return err
				}
				continue
			}
			// what is new ends a snooze: it may be what was waited for
			if _, err := tx.ExecContext(ctx, `INSERT INTO notify_items(workspace, account, entity, kind, newest, newest_at, read_to, done_to, done_before, done_at, snoozed_until)
				VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0) ON CONFLICT(workspace, account, entity) DO UPDATE SET
				newest = CASE WHEN notify_items.newest < $5 THEN $5 ELSE notify_items.newest END,
				newest_at = CASE WHEN notify_items.newest < $5 THEN $6 ELSE notify_items.newest_at END,
				snoozed_until = CASE WHEN notify_items.newest < $5 THEN 0 ELSE notify_items.snoozed_until END`,
				workspace, n.account, n.about.ID, n.about.Kind, n.seq, n.at); err != nil {
				return err
			}
			touched[n.account] = true
		}
		for account := range touched {
			if err := b.touch(ctx, tx, workspace, account); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep notices: %w", err)
	}
	for account := range touched {
		b.wake(workspace, account)
	}
	return nil
}
