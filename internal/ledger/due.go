package ledger

import (
	"context"
	"time"
)

// DueHandler does what is due, as a command on a transaction; the row goes with the
// commit, so it happens once. It returns nil also if nothing is left to do.
type DueHandler func(tx *Tx, d DueRow) error

// RunDue hands due rows to the handlers by their Name until ctx ends. Of several
// processes one holds the lease and does it. Only workspaces in which something is due
// are loaded. A handler's error is logged and the row tried again at the next look.
func (l *Ledger) RunDue(ctx context.Context, every time.Duration, handlers map[string]DueHandler) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		held, err := l.Lease(ctx, "due", 4*every+10*time.Second)
		if err != nil {
			l.log.Warn("cannot take the lease for due work", "error", err)
		}
		if held {
			if _, err := l.HandOutDue(ctx, handlers); err != nil && ctx.Err() == nil {
				l.log.Warn("due work failed", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// HandOutDue hands out what is due now, once, and returns how many rows were handled.
func (l *Ledger) HandOutDue(ctx context.Context, handlers map[string]DueHandler) (int, error) {
	handled := 0
	now := TimeOf(l.clock())
	rows, err := l.store.DueBefore(ctx, now, 1000)
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		h := handlers[row.Name]
		if h == nil {
			continue // a newer binary's
		}
		_, err := l.Update(ctx, row.Workspace, System, row.Name, func(tx *Tx) error {
			if !tx.stillDue(row) {
				return nil
			}
			if err := h(tx, row); err != nil {
				return err
			}
			tx.done = append(tx.done, row)
			return nil
		})
		if err != nil {
			l.log.Error("handler of due work failed", "name", row.Name, "kind", row.Kind, "id", row.ID, "error", err)
			continue
		}
		handled++
	}
	return handled, nil
}

// stillDue asks the entity itself: the row may have been moved since it was read.
func (tx *Tx) stillDue(row DueRow) bool {
	k := tx.b.reg.byName[row.Kind]
	if k == nil || k.due == nil {
		return false
	}
	e := tx.b.table(k).get(row.ID)
	if gone(e) {
		return false
	}
	for _, d := range k.due(e) {
		if d == row.Due {
			return true
		}
	}
	return false
}
