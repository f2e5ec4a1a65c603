package ledger

import "context"

// Heads returns the newest position of every workspace, as the database has it: a
// follower of all of them learns where there is something to read without loading any.
func (l *Ledger) Heads(ctx context.Context) (map[ID]Seq, error) {
	all, err := l.store.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	heads := map[ID]Seq{}
	for _, w := range all {
		heads[w.ID] = w.Head.Seq
	}
	return heads, nil
}

// Since returns some of the commits that Follow would yield after position from, and the
// position up to which they go; from itself when this process knows of no more yet, which
// is not always as far as Heads.
//
// Errors: fault.NotFound if there is no such workspace.
func (l *Ledger) Since(ctx context.Context, workspace ID, from Seq) ([]Commit, Seq, error) {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return nil, from, err
	}
	defer ws.unpin()
	commits, err := ws.since(ctx, from)
	if err != nil {
		return nil, from, err
	}
	var live []Commit
	to := from
	for _, c := range commits {
		to = c.Seq
		if !c.Branch.IsZero() {
			continue
		}
		if err := ws.expand(ctx, &c); err != nil {
			return nil, from, err
		}
		live = append(live, c)
	}
	return live, to, nil
}
