package notify

import (
	"context"
	"database/sql"
	"math"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// count is how many lines of an inbox are unread, as long as nothing has changed since.
type count struct {
	n     int
	seq   ledger.Seq  // of the workspace: what the reader may see, and what was taken back
	touch ledger.Time // when the inbox had changed last
	until ledger.Time // when a snoozed line comes back
}

// keptCounts bounds the memory of counts; what is dropped is counted again.
const keptCounts = 20_000

// Unread returns how many lines of an inbox are unread. Every page shows it, so it is
// counted anew only after the inbox or the workspace has changed, in whatever process: to
// ask for that takes one row.
func (b *Box) Unread(ctx context.Context, workspace, account ledger.ID, s *table.Scope) (int, error) {
	of, now := mailbox{workspace, account}, b.now()
	c := count{seq: s.View.Seq(), until: math.MaxInt64}
	if err := b.rows(ctx, func(rows *sql.Rows) error { return rows.Scan(&c.touch) },
		`SELECT at FROM notify_touched WHERE workspace = $1 AND account = $2`, workspace, account); err != nil {
		return 0, err
	}
	b.mu.Lock()
	have, known := b.counts[of]
	b.mu.Unlock()
	if known && have.seq == c.seq && have.touch == c.touch && now < have.until {
		return have.n, nil
	}
	if c.touch != 0 { // else nothing was ever told
		all, err := b.lines(ctx, selectUnread, workspace, account, now, atMost)
		if err != nil {
			return 0, err
		}
		for _, l := range all {
			if _, ok := l.shown(s, Waiting); ok {
				c.n++
			}
		}
		if err := b.rows(ctx, func(rows *sql.Rows) error { return rows.Scan(&c.until) }, `SELECT coalesce(min(snoozed_until), $4) FROM notify_items
			WHERE workspace = $1 AND account = $2 AND snoozed_until > $3`, workspace, account, now, c.until); err != nil {
			return 0, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.counts) >= keptCounts {
		clear(b.counts)
	}
	b.counts[of] = c
	return c.n, nil
}
