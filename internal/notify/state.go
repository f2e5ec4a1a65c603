package notify

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// What an account does with lines of its inbox. A line that is not there is left alone:
// somebody else's cannot be named.
const (
	markRead   = `UPDATE notify_items SET read_to = newest WHERE workspace = $1 AND account = $2 AND entity = $3 AND read_to < newest`
	markUnread = `UPDATE notify_items SET read_to = 0 WHERE workspace = $1 AND account = $2 AND entity = $3`
	markDone   = `UPDATE notify_items SET done_before = done_to, done_to = newest, read_to = newest, snoozed_until = 0, done_at = $4
		WHERE workspace = $1 AND account = $2 AND entity = $3 AND done_to < newest`
	takeBack = `UPDATE notify_items SET done_to = done_before, done_at = 0
		WHERE workspace = $1 AND account = $2 AND entity = $3 AND done_at > 0 AND done_to > done_before`
	markSnoozed = `UPDATE notify_items SET snoozed_until = $4, read_to = 0 WHERE workspace = $1 AND account = $2 AND entity = $3 AND done_to < newest`
)

// Read marks lines as read.
func (b *Box) Read(ctx context.Context, workspace, account ledger.ID, entities ...ledger.ID) (int, error) {
	return b.mark(ctx, markRead, workspace, account, entities)
}

// MarkUnread marks lines as unread.
func (b *Box) MarkUnread(ctx context.Context, workspace, account ledger.ID, entities ...ledger.ID) (int, error) {
	return b.mark(ctx, markUnread, workspace, account, entities)
}

// Finish marks lines as done: they leave the inbox until something new happens.
func (b *Box) Finish(ctx context.Context, workspace, account ledger.ID, entities ...ledger.ID) (int, error) {
	return b.mark(ctx, markDone, workspace, account, entities, b.now())
}

// Return takes Finish back.
func (b *Box) Return(ctx context.Context, workspace, account ledger.ID, entities ...ledger.ID) (int, error) {
	return b.mark(ctx, takeBack, workspace, account, entities)
}

// Snooze puts lines away until a moment, or until something new happens; a moment that is
// past brings them back. They return unread.
//
// Errors: fault.Invalid for a moment that is more than a year away.
func (b *Box) Snooze(ctx context.Context, workspace, account ledger.ID, until time.Time, entities ...ledger.ID) (int, error) {
	at, now := ledger.TimeOf(until), b.now()
	if at > now+micros(snoozeAtMost) {
		return 0, fault.New(fault.Invalid, "at most a year can be slept over")
	}
	if at <= now {
		at = 0
	}
	return b.mark(ctx, markSnoozed, workspace, account, entities, at)
}

// mark runs a statement for each line and returns how many it changed.
func (b *Box) mark(ctx context.Context, statement string, workspace, account ledger.ID, entities []ledger.ID, more ...any) (changed int, err error) {
	err = b.tx(ctx, func(tx *sql.Tx) error {
		for _, id := range entities {
			done, err := tx.ExecContext(ctx, statement, append([]any{workspace, account, id}, more...)...)
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if err != nil {
				return err
			}
			changed += int(n)
		}
		if changed == 0 {
			return nil
		}
		return b.touch(ctx, tx, workspace, account)
	})
	if err != nil {
		return 0, fmt.Errorf("mark notices: %w", err)
	}
	return changed, nil
}

// touch notes that the inbox of an account has changed. Each time is another, so that who
// has seen one knows whether there was a later one.
func (b *Box) touch(ctx context.Context, tx *sql.Tx, workspace, account ledger.ID) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notify_touched(workspace, account, at) VALUES ($1, $2, $3)
		ON CONFLICT(workspace, account) DO UPDATE SET at = CASE WHEN notify_touched.at < $3 THEN $3 ELSE notify_touched.at + 1 END`, workspace, account, b.now())
	return err
}
