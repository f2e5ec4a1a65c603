package notify

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Settings are what a Box is opened with.
type Settings struct {
	Ledger *ledger.Ledger
	Tables *table.Set
	// Follows reports whether entities of a kind can be followed: those that have a page.
	Follows func(kind string) bool
	// Prefers has what accounts do not want to be told; nil: everybody wants all.
	Prefers Preferences
	Clock   func() time.Time
	Log     *slog.Logger
}

// Box has the inboxes of all accounts. Its methods may be called at once from any number
// of goroutines.
type Box struct {
	set Settings
	db  *sql.DB

	mu       sync.Mutex
	watchers map[*watcher]struct{}
	counts   map[mailbox]count
	looking  bool // a goroutine looks for what other processes write
	closed   chan struct{}
	running  sync.WaitGroup
}

// Open brings the records up to date.
func Open(ctx context.Context, set Settings) (*Box, error) {
	db := set.Ledger.DB()
	if err := ledger.MigrateRecords(ctx, db, "notify", migrations); err != nil {
		return nil, err
	}
	return &Box{set: set, db: db, watchers: map[*watcher]struct{}{}, counts: map[mailbox]count{}, closed: make(chan struct{})}, nil
}

// Close ends what runs for those who watch.
func (b *Box) Close() {
	b.mu.Lock()
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
	b.mu.Unlock()
	b.running.Wait()
}

func (b *Box) now() ledger.Time { return ledger.TimeOf(b.set.Clock()) }

func micros(d time.Duration) ledger.Time { return ledger.Time(d.Microseconds()) }

// tx runs f in one transaction.
func (b *Box) tx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// rows calls scan for every row of a query.
func (b *Box) rows(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := b.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// kept is how long what is done is remembered.
const kept = 90 * 24 * time.Hour

// Sweep forgets what was done long ago, and what belongs to workspaces that are gone.
func (b *Box) Sweep(ctx context.Context) error {
	old := b.now() - micros(kept)
	if err := b.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM notify_notices WHERE EXISTS (SELECT 1 FROM notify_items i
			WHERE i.workspace = notify_notices.workspace AND i.account = notify_notices.account AND i.entity = notify_notices.entity
			AND i.done_at < $1 AND i.done_at > 0 AND notify_notices.seq <= i.done_to)`, old); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM notify_items WHERE done_at < $1 AND done_at > 0 AND newest <= done_to`, old)
		return err
	}); err != nil {
		return fmt.Errorf("sweep notices: %w", err)
	}
	all, err := b.set.Ledger.Workspaces(ctx)
	if err != nil {
		return err
	}
	there := map[ledger.ID]bool{}
	for _, id := range all {
		there[id] = true
	}
	var gone []ledger.ID
	if err := b.rows(ctx, func(rows *sql.Rows) error {
		var id ledger.ID
		err := rows.Scan(&id)
		if !there[id] {
			gone = append(gone, id)
		}
		return err
	}, `SELECT DISTINCT workspace FROM notify_follows UNION SELECT DISTINCT workspace FROM notify_items`); err != nil {
		return err
	}
	for _, id := range gone {
		if err := b.ForgetWorkspace(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// ForgetWorkspace removes what was told and who follows what in a workspace that is no
// more. The follower may be at it meanwhile: Sweep looks again.
func (b *Box) ForgetWorkspace(ctx context.Context, workspace ledger.ID) error {
	return ledger.ForgetRecords(ctx, b.db, workspace,
		`DELETE FROM notify_follows WHERE workspace = $1`, `DELETE FROM notify_items WHERE workspace = $1`,
		`DELETE FROM notify_notices WHERE workspace = $1`, `DELETE FROM notify_touched WHERE workspace = $1`)
}
