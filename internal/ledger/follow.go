package ledger

import (
	"context"
	"iter"
	"time"
)

// Follow yields the live commits of a workspace after position from, in order and each
// once, and then waits for more, until ctx ends. Commits of proposals are left out; an
// import appears as the commit that made it live, with all its entries.
//
// A follower sees everything; what it passes on to somebody it reads again as that
// person.
func (l *Ledger) Follow(ctx context.Context, workspace ID, from Seq) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		ws, err := l.resident(ctx, workspace)
		if err != nil {
			yield(Commit{}, err)
			return
		}
		defer ws.unpin()
		for {
			wake := ws.changed()
			commits, err := ws.since(ctx, from)
			if err != nil {
				yield(Commit{}, err)
				return
			}
			for _, c := range commits {
				from = c.Seq
				if !c.Branch.IsZero() {
					continue
				}
				if err := ws.expand(ctx, &c); err != nil {
					yield(Commit{}, err)
					return
				}
				if !yield(c, nil) {
					return
				}
			}
			if len(commits) > 0 {
				continue
			}
			select {
			case <-wake:
			case <-ws.removed:
				yield(Commit{}, noWorkspace())
				return
			case <-ctx.Done():
				yield(Commit{}, ctx.Err())
				return
			case <-l.ctx.Done():
				yield(Commit{}, context.Cause(l.ctx))
				return
			}
		}
	}
}

// since returns some commits after from, from memory or from the database.
func (ws *workspace) since(ctx context.Context, from Seq) ([]Commit, error) {
	ws.mu.Lock()
	newest := ws.committed.Load().seq
	recent := ws.recent
	ws.mu.Unlock()
	if newest <= from {
		return nil, nil
	}
	if len(recent) > 0 && recent[0].Seq <= from+1 {
		return recent[from+1-recent[0].Seq:], nil
	}
	var out []Commit
	for c, err := range ws.l.store.Commits(ctx, ws.id, CommitQuery{After: from, UpTo: newest, Limit: recentCommits}) {
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// expand gives the commit that made an import live the import's entries.
func (ws *workspace) expand(ctx context.Context, c *Commit) error {
	if !ws.mergesBatch(ws.committed.Load(), c) {
		return nil
	}
	branch := c.Merges
	var all []Entry
	for part, err := range ws.l.store.Commits(ctx, ws.id, CommitQuery{UpTo: c.Seq, Branch: &branch}) {
		if err != nil {
			return err
		}
		all = append(all, part.Entries...)
	}
	c.Entries = append(all, c.Entries...)
	for i := range c.Entries {
		c.Entries[i].N = i
	}
	return nil
}

// History yields the live commits that touched one entity, newest first, with just the
// entries about it. The caller has read the entity as the person who asks.
func (l *Ledger) History(ctx context.Context, workspace ID, kind AnyKind, id ID) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		ws, err := l.resident(ctx, workspace)
		if err != nil {
			yield(Commit{}, err)
			return
		}
		defer ws.unpin()
		st := ws.committed.Load()
		open := st.table(Proposals.k)
		for c, err := range l.store.Commits(ctx, ws.id, CommitQuery{UpTo: st.seq, Kind: kind.kind().name, ID: id, Desc: true}) {
			if err == nil && !c.Branch.IsZero() && open.get(c.Branch) != nil {
				continue // pending in a proposal; what the merge took stands there
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// Cursor returns how far the named follower of a workspace has come.
func (l *Ledger) Cursor(ctx context.Context, workspace ID, follower string) (Seq, error) {
	return l.store.Cursor(ctx, workspace, follower)
}

// SetCursor notes how far the named follower has come.
func (l *Ledger) SetCursor(ctx context.Context, workspace ID, follower string, at Seq) error {
	return l.store.SetCursor(ctx, workspace, follower, at)
}

// Lease takes or renews a named lease for d, so that of several processes one does a
// job. It reports whether this process has it.
func (l *Ledger) Lease(ctx context.Context, name string, d time.Duration) (bool, error) {
	now := l.clock()
	return l.store.Lease(ctx, name, l.node, TimeOf(now), TimeOf(now.Add(d)))
}
