package ledger

import (
	"context"
	"slices"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Undone is what an undo or a redo did.
type Undone struct {
	Seq  Seq        // the commit that it made
	Of   Seq        // the commit that it took back
	Verb string     // the verb of that commit
	Kept []Conflict // what others changed since and was therefore left as it is
}

// Undo takes back one commit: it merges the inverse changes at once, under the rights
// and checks of now, as a commit of its own. Fields that were changed since are kept
// and reported, unless s says TakeYours. The undo of an undo is a redo.
//
// Errors: fault.NotFound for a position that is no live commit; fault.Conflict if it is
// undone already; what a merge may answer.
func (l *Ledger) Undo(ctx context.Context, workspace ID, as Actor, of Seq, s Settlement) (Undone, error) {
	trail, err := l.trail(ctx, workspace, of)
	if err != nil {
		return Undone{}, err
	}
	if trail[of] == nil {
		return Undone{}, fault.New(fault.NotFound, "there is no commit %d to undo", of)
	}
	if !trail[of].effective {
		return Undone{}, fault.New(fault.Conflict, "the change at %d is undone already", of)
	}
	return l.takeBack(ctx, workspace, as, of, s)
}

// UndoLast takes back the actor's latest commit that is not undone. It is a NotFound if
// there is none among the newest 10,000 commits.
func (l *Ledger) UndoLast(ctx context.Context, workspace ID, as Actor, s Settlement) (Undone, error) {
	return l.last(ctx, workspace, as, s, "undo", func(c *step) (take, stop bool) { return c.forward, false })
}

// RedoLast takes back the actor's latest undo, unless the actor has made another change
// since.
func (l *Ledger) RedoLast(ctx context.Context, workspace ID, as Actor, s Settlement) (Undone, error) {
	return l.last(ctx, workspace, as, s, "redo", func(c *step) (take, stop bool) { return !c.forward, c.undoes == 0 })
}

func (l *Ledger) last(ctx context.Context, workspace ID, as Actor, s Settlement, what string, choose func(*step) (take, stop bool)) (Undone, error) {
	trail, err := l.trail(ctx, workspace, 0)
	if err != nil {
		return Undone{}, err
	}
	var mine []*step
	for _, c := range trail {
		if c.actor == as && c.effective {
			mine = append(mine, c)
		}
	}
	slices.SortFunc(mine, func(a, b *step) int { return int(b.seq - a.seq) })
	for _, c := range mine {
		take, stop := choose(c)
		if take {
			return l.takeBack(ctx, workspace, as, c.seq, s)
		}
		if stop {
			break
		}
	}
	return Undone{}, fault.New(fault.NotFound, "there is nothing to %s", what)
}

// step is a commit as the history of undos sees it.
type step struct {
	seq, undoes Seq
	actor       Actor
	effective   bool // no effective commit has taken it back
	forward     bool // it is not an undo, or it is the undo of an undo
}

// trailLength is how many commits back an undo looks.
const trailLength = 10_000

// trail returns the newest live commits, at least back to position to.
func (l *Ledger) trail(ctx context.Context, workspace ID, to Seq) (map[Seq]*step, error) {
	steps := map[Seq]*step{}
	undone := map[Seq]bool{}
	var order []*step
	q := CommitQuery{Branch: new(ID), Desc: true, Bare: true, Limit: trailLength}
	if to > 0 {
		q.After, q.Limit = to-1, 0
	}
	for c, err := range l.store.Commits(ctx, workspace, q) {
		if err != nil {
			return nil, err
		}
		st := &step{seq: c.Seq, undoes: c.Undoes, actor: c.Actor, effective: !undone[c.Seq]}
		if st.effective && c.Undoes != 0 {
			undone[c.Undoes] = true
		}
		steps[c.Seq] = st
		order = append(order, st)
	}
	for _, st := range slices.Backward(order) { // oldest first
		st.forward = st.undoes == 0
		if of := steps[st.undoes]; of != nil {
			st.forward = !of.forward
		}
	}
	return steps, nil
}

// takeBack merges the inverse of the commit at seq.
func (l *Ledger) takeBack(ctx context.Context, workspace ID, as Actor, of Seq, s Settlement) (Undone, error) {
	ws, err := l.resident(ctx, workspace)
	if err != nil {
		return Undone{}, err
	}
	defer ws.unpin()
	var commit *Commit
	for c, err := range l.store.Commits(ctx, workspace, CommitQuery{After: of - 1, UpTo: of}) {
		if err != nil {
			return Undone{}, err
		}
		commit = &c
	}
	if commit == nil || !commit.Branch.IsZero() {
		return Undone{}, fault.New(fault.NotFound, "there is no commit %d to undo", of)
	}
	if err := ws.expand(ctx, commit); err != nil {
		return Undone{}, err
	}
	patches, err := inverse(l.reg, commit)
	if err != nil {
		return Undone{}, err
	}
	if s.Otherwise == Unsettled {
		s.Otherwise = KeepTheirs
	}
	done := Undone{Of: of, Verb: commit.Verb}
	var own Seq // what the commit's position would be
	done.Seq, err = l.integrate(ctx, workspace, as, "undo", ID{}, func(tx *Tx, m *merging) error {
		m.settle = s
		tx.undoes = of
		own = tx.seq
		if tx.blind(patches) {
			return fault.New(fault.NotFound, "there is no commit %d to undo", of)
		}
		err := m.all(tx, patches)
		done.Kept = m.kept
		return err
	})
	if err == nil && done.Seq != own {
		return Undone{}, &ConflictError{done.Kept} // nothing is left to take back
	}
	return done, err
}

// blind reports whether the actor may not see anything of what the patches change.
func (tx *Tx) blind(patches []*patch) bool {
	for _, p := range patches {
		e := tx.b.table(p.k).get(p.id)
		if back, err := p.build(); err == nil && p.op == OpCreate && e != nil && gone(e) {
			*back.meta() = *e.meta() // it would be there again
			e = back
		}
		if gone(e) || tx.sees(p.k, e) {
			return false
		}
	}
	return true
}

// inverse returns the patches that lead from after the commit to before it. An import
// has several entries of one entity: the first and the last values count.
func inverse(reg *Registry, c *Commit) ([]*patch, error) {
	byPlace := map[place]*patch{}
	var out []*patch
	for i := range c.Entries {
		e := &c.Entries[i]
		k := reg.byName[e.Kind]
		if k == nil {
			continue
		}
		changes, err := k.upgradeChanges(e.Schema, e.Changes)
		if err != nil {
			return nil, err
		}
		at := place{k, e.ID}
		p := byPlace[at]
		if p == nil {
			p = &patch{k: k, id: e.ID}
			switch e.Op {
			case OpCreate:
				p.op = OpDelete
			case OpDelete:
				p.op = OpCreate
			default:
				p.op = OpEdit
			}
			byPlace[at] = p
			out = append(out, p)
		}
		for _, ch := range changes {
			if f := p.field(ch.Field); f != nil {
				f.base = ch.New
			} else {
				p.fields = append(p.fields, fieldPatch{ch.Field, ch.New, ch.Old})
			}
		}
	}
	return out, nil
}
