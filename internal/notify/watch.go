package notify

import (
	"context"
	"database/sql"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
)

const (
	// lookAgain is how often a process with open pages looks for what others have written,
	// and for what was snoozed until now.
	lookAgain = time.Second
	// skew is by how much the clocks of two processes may differ.
	skew = 10 * time.Second
)

// mailbox is the inbox of an account in a workspace.
type mailbox struct{ workspace, account ledger.ID }

// watcher is an open page.
type watcher struct {
	of    mailbox
	woken chan struct{}
}

// Watch returns a channel that gets a value soon after the inbox of an account has
// changed, in whatever process, or a line of it came back. It is given up with stop.
func (b *Box) Watch(workspace, account ledger.ID) (woken <-chan struct{}, stop func()) {
	w := &watcher{of: mailbox{workspace, account}, woken: make(chan struct{}, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[w] = struct{}{}
	if !b.looking {
		b.looking = true
		b.running.Go(b.watch)
	}
	return w.woken, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, w)
	}
}

// wake tells the pages that show an inbox.
func (b *Box) wake(workspace, account ledger.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.watchers {
		if w.of != (mailbox{workspace, account}) {
			continue
		}
		select {
		case w.woken <- struct{}{}:
		default: // it has not looked since the last time
		}
	}
}

// watch looks for changes as long as there are pages to be told.
func (b *Box) watch() {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	seen := map[mailbox]ledger.Time{}
	from := b.now()
	for {
		select {
		case <-tick.C:
		case <-b.closed:
			return
		}
		b.mu.Lock()
		if len(b.watchers) == 0 {
			b.looking = false
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		now := b.now()
		ctx, cancel := context.WithTimeout(context.Background(), skew)
		err := b.changed(ctx, from, now, seen)
		cancel()
		if err != nil {
			b.set.Log.Warn("cannot look for news", "error", err)
			continue
		}
		from = now
	}
}

// changed wakes whose inbox was touched, or has a line that came back, since the last look.
func (b *Box) changed(ctx context.Context, from, now ledger.Time, seen map[mailbox]ledger.Time) error {
	var all []mailbox
	if err := b.rows(ctx, func(rows *sql.Rows) error {
		var m mailbox
		var at ledger.Time
		err := rows.Scan(&m.workspace, &m.account, &at)
		if seen[m] != at {
			seen[m] = at
			all = append(all, m)
		}
		return err
	}, `SELECT workspace, account, at FROM notify_touched WHERE at > $1`, from-micros(skew)); err != nil {
		return err
	}
	if err := b.rows(ctx, func(rows *sql.Rows) error {
		var m mailbox
		err := rows.Scan(&m.workspace, &m.account)
		all = append(all, m)
		return err
	}, `SELECT DISTINCT workspace, account FROM notify_items WHERE snoozed_until > $1 AND snoozed_until <= $2`, from, now); err != nil {
		return err
	}
	for m, at := range seen { // what is older is not read again
		if at < from-2*micros(skew) {
			delete(seen, m)
		}
	}
	for _, m := range all {
		b.wake(m.workspace, m.account)
	}
	return nil
}
