package ledger

import (
	"context"
	"iter"
	"slices"
	"time"
)

// Follow yields the live commits of a workspace after position from, in order and each
// once, and then waits for more, until ctx ends. Commits of proposals are left out; an
// import appears as the commit that made it live, with all its entries.
//
// A follower sees everything; what it passes on to somebody it reads again as that
// person.
func (l *Ledger) Follow(ctx context.Context, workspace ID, from Seq, proposals ...ID) iter.Seq2[Commit, error] {
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
				if !c.Branch.IsZero() && !slices.Contains(proposals, c.Branch) {
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
// entries about it that the viewer of s may read: those whose entity it sees as it was
// before and after, with the rights of now. A feature that came out of a private product
// does not bring its secrets along.
func (l *Ledger) History(ctx context.Context, s *Snapshot, kind AnyKind, id ID) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		ws, err := l.resident(ctx, s.ws.id)
		if err != nil {
			yield(Commit{}, err)
			return
		}
		defer ws.unpin()
		st := ws.committed.Load()
		open := st.table(Proposals.k)
		may := l.mayRead(s, st, place{kind.kind(), id})
		for c, err := range l.store.Commits(ctx, ws.id, CommitQuery{UpTo: st.seq, Kind: kind.kind().name, ID: id, Desc: true}) {
			if err == nil && !c.Branch.IsZero() && open.get(c.Branch) != nil {
				continue // pending in a proposal; what the merge took stands there
			}
			if err == nil {
				if c.Entries, err = may(c.Entries); err == nil && len(c.Entries) == 0 {
					continue
				}
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// mayRead returns a function that keeps of an entity's entries those that the viewer of s
// may read. It is called with ever older ones, and undoes them on the way.
func (l *Ledger) mayRead(s *Snapshot, st *state, at place) func([]Entry) ([]Entry, error) {
	viewer := s.viewer
	viewer.Live = false // what was private then counts
	if !viewer.limited(at.k) {
		return func(all []Entry) ([]Entry, error) { return all, nil }
	}
	now := unfiltered{&Snapshot{ws: s.ws, st: st, seq: st.seq}}
	r := newRewind(newBuilder(l.reg, st))
	seen := func() bool {
		e, started := r.work[at]
		if !started {
			e = st.table(at.k).get(at.id)
		}
		return gone(e) || viewer.sees(now, at.k, e)
	}
	return func(all []Entry) ([]Entry, error) {
		var kept []Entry
		for i := len(all) - 1; i >= 0; i-- {
			after := seen()
			if err := r.undo(&all[i]); err != nil {
				return nil, err
			}
			if after && seen() {
				kept = append(kept, all[i])
			}
		}
		slices.Reverse(kept)
		return kept, nil
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
