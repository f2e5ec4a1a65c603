package ledger

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Moment is a point of the past: a position, or a time.
type Moment struct {
	seq  Seq
	time Time
}

// AtSeq is the workspace after the commit at position s.
func AtSeq(s Seq) Moment { return Moment{seq: s} }

// AtTime is the workspace as it was at t: with every change that happened not later.
// Imported history counts by when it happened, not by when it was imported.
func AtTime(t time.Time) Moment { return Moment{time: TimeOf(t)} }

// IsZero reports whether the moment is now.
func (m Moment) IsZero() bool { return m == Moment{} }

// Holds reports whether what a commit at a position did at a time had happened at the
// moment. Everything has happened by now.
func (m Moment) Holds(seq Seq, at Time) bool {
	switch {
	case m.seq != 0:
		return seq <= m.seq
	case m.time != 0:
		return at <= m.time
	}
	return true
}

// AsOf returns a past moment of the workspace, read with the rights of now: an entity
// is visible there if it is visible then and now. Seq is 0 for a time.
//
// Errors: fault.NotFound for a position that does not exist yet.
func (l *Ledger) AsOf(ctx context.Context, workspace ID, as Actor, m Moment) (*Snapshot, error) {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return nil, err
	}
	defer ws.unpin()
	now, err := ws.snapshot(as)
	if err != nil {
		return nil, err
	}
	if m.time == 0 && (m.seq < 0 || m.seq > now.seq) {
		return nil, fault.New(fault.NotFound, "there is no position %d; the newest is %d", m.seq, now.seq)
	}
	st, err := ws.past.get(ctx, ws, now.st, m)
	if err != nil {
		return nil, err
	}
	viewer := now.viewer
	viewer.Live = false // it may hold what was private then
	return &Snapshot{ws: ws, st: st, seq: m.seq, viewer: viewer, now: now}, nil
}

// pastStates keeps the moments that were asked for last: a moment of the past does not
// change, except by an import that brings history, or by a change at its very time.
type pastStates struct {
	mu   sync.Mutex
	kept []pastState // most recently used first
}

type pastState struct {
	m    Moment
	from Seq // the position it was computed at
	st   *state
}

const keptPasts = 8

func (p *pastStates) get(ctx context.Context, ws *workspace, now *state, m Moment) (*state, error) {
	base := now
	p.mu.Lock()
	for i, k := range p.kept {
		// What a time shows can grow with an import; a position is fixed for ever.
		if k.m == m && (m.time == 0 || k.from == now.seq) {
			p.kept = slices.Insert(slices.Delete(p.kept, i, i+1), 0, k)
			p.mu.Unlock()
			return k.st, nil
		}
		if m.time == 0 && k.m.time == 0 && k.m.seq >= m.seq && k.m.seq < base.seq {
			base = k.st
		}
	}
	p.mu.Unlock()
	st, err := ws.rewindTo(ctx, base, m)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.kept = slices.Insert(p.kept, 0, pastState{m, now.seq, st})
	p.kept = p.kept[:min(len(p.kept), keptPasts)]
	p.mu.Unlock()
	return st, nil
}

// rewindTo undoes the journal from base back to m. base is not touched.
func (ws *workspace) rewindTo(ctx context.Context, base *state, m Moment) (*state, error) {
	b := newBuilder(ws.l.reg, base)
	r := newRewind(b)
	q := CommitQuery{UpTo: base.seq, Desc: true, Branch: new(ID)}
	if m.time != 0 {
		// An entry's time is never later than its commit's, so older commits have none.
		q.Since = m.time
	} else {
		q.After = m.seq
	}
	undo := func(c *Commit) error {
		for i := range c.Entries { // newest first, as the query says
			if e := &c.Entries[i]; m.time == 0 || e.At > m.time {
				if err := r.undo(e); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for c, err := range ws.l.store.Commits(ctx, ws.id, q) {
		if err != nil {
			return nil, err
		}
		if err := undo(&c); err != nil {
			return nil, err
		}
		if ws.mergesBatch(base, &c) {
			branch := c.Merges
			for part, err := range ws.l.store.Commits(ctx, ws.id, CommitQuery{UpTo: c.Seq, Branch: &branch, Desc: true}) {
				if err != nil {
					return nil, err
				}
				if err := undo(&part); err != nil {
					return nil, err
				}
			}
		}
	}
	r.done()
	b.seq = m.seq
	return b.publish(), nil
}
