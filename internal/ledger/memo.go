package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// memos keeps computed values of a workspace. A value belongs to the tables it was
// computed from, so a write to any other kind leaves it alone; and to a class of
// viewers, so it cannot carry what they may not see to others.
type memos struct {
	mu   sync.Mutex
	kept []*memo // most recently used first
}

type memo struct {
	key    any
	class  string
	reads  []*kind
	tables []*table
	done   chan struct{}
	value  any
	err    error

	waiters int // guarded by memos.mu
	cancel  context.CancelFunc

	before *memo // what the value may be revised from; nil: none
	turn   *revision
}

const keptMemos = 64

// Memo returns compute's value for this Snapshot, computing it at most once as long as
// the kinds in reads do not change. compute sees only these kinds. Callers that ask at
// once share one computation, whose context ends when the last of them leaves.
// key is any comparable value, as a rule of an unexported type of the caller's.
func Memo[T any](ctx context.Context, s *Snapshot, key any, reads []AnyKind, compute func(context.Context, View) (T, error)) (T, error) {
	v, err := s.memo(ctx, key, reads, nil, func(ctx context.Context, v View) (any, error) { return compute(ctx, v) })
	t, _ := v.(T)
	return t, err
}

// Revision says how a value follows changes of one kind, where computing it anew would
// cost what exists and not what changed.
type Revision[T any] struct {
	Of     AnyKind // among the kinds that the value reads
	AtMost int     // so many changed entities; above it the value is computed anew
	// Revise returns the value of v, made from the value before it and what changed, in no
	// order. It must not write to old.
	Revise func(ctx context.Context, v View, old T, changed []Change) (T, error)
}

type revision struct {
	k      *kind
	atMost int
	revise func(ctx context.Context, v View, old any, changed []Change) (any, error)
}

// MemoRevised is Memo for a value that can follow changes of one kind.
func MemoRevised[T any](ctx context.Context, s *Snapshot, key any, reads []AnyKind, compute func(context.Context, View) (T, error), r Revision[T]) (T, error) {
	turn := &revision{r.Of.kind(), r.AtMost, func(ctx context.Context, v View, old any, changed []Change) (any, error) {
		return r.Revise(ctx, v, old.(T), changed)
	}}
	v, err := s.memo(ctx, key, reads, turn, func(ctx context.Context, v View) (any, error) { return compute(ctx, v) })
	t, _ := v.(T)
	return t, err
}

func (s *Snapshot) memo(ctx context.Context, key any, reads []AnyKind, turn *revision, compute func(context.Context, View) (any, error)) (any, error) {
	m := &memo{key: key, turn: turn, done: make(chan struct{})}
	for _, r := range reads {
		m.reads = append(m.reads, r.kind())
		m.tables = append(m.tables, s.table(r.kind()))
	}
	m.class = s.viewer.class(m.reads)
	if m.class != "" {
		m.tables = append(m.tables, s.rights(m.reads)...)
	}
	ms := &s.ws.memos
	ms.mu.Lock()
	found := false
	for i, have := range ms.kept {
		if have.matches(m) {
			copy(ms.kept[1:i+1], ms.kept[:i])
			ms.kept[0] = have
			m, found = have, true
			break
		}
	}
	if !found {
		if m.before = ms.revisable(m); m.before != nil {
			ms.drop(m.before)
		}
		var run context.Context
		run, m.cancel = context.WithCancel(context.WithoutCancel(ctx))
		ms.kept = append([]*memo{m}, ms.kept...)
		ms.kept = ms.kept[:min(len(ms.kept), keptMemos)]
		go m.run(run, s, ms, compute)
	}
	m.waiters++
	ms.mu.Unlock()
	defer func() {
		ms.mu.Lock()
		defer ms.mu.Unlock()
		if m.waiters--; m.waiters > 0 {
			return
		}
		m.cancel()
		select {
		case <-m.done:
		default: // nobody who comes now may wait for a run that is given up
			ms.drop(m)
		}
	}()
	select {
	case <-m.done:
		return m.value, m.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// rights returns the tables that decide which entities of the kinds the viewer sees: where
// a product is private is no matter of the features in it.
func (s *Snapshot) rights(reads []*kind) (all []*table) {
	for _, k := range s.viewer.Reads {
		all = append(all, s.table(k.kind()))
	}
	if s.now != nil {
		for _, k := range reads {
			all = append(all, s.now.table(k))
		}
		all = append(all, s.now.rights(nil)...)
	}
	return all
}

// drop forgets a memo; the caller holds the lock.
func (ms *memos) drop(m *memo) {
	ms.kept = slices.DeleteFunc(ms.kept, func(k *memo) bool { return k == m })
}

// revisable returns the newest finished value that differs from m in the table of m's
// revision alone; the caller holds the lock.
func (ms *memos) revisable(m *memo) *memo {
	if m.turn == nil {
		return nil
	}
	for _, have := range ms.kept {
		if have.key != m.key || have.class != m.class || !slices.Equal(have.reads, m.reads) || len(have.tables) != len(m.tables) {
			continue
		}
		same := true
		for i, t := range m.tables {
			same = same && (t == have.tables[i] || (i < len(m.reads) && m.reads[i] == m.turn.k))
		}
		select {
		case <-have.done:
			if same && have.err == nil {
				return have
			}
		default:
		}
	}
	return nil
}

// changes returns what differs between the values' tables of the revised kind, as the
// viewer of s sees it; false if it is too much.
func (m *memo) changes(s *Snapshot) (all []Change, ok bool) {
	k, i := m.turn.k, slices.Index(m.reads, m.turn.k)
	ok = diffTables(m.before.tables[i], m.tables[i], func(before, after Entity) bool {
		if gone(before) || !s.sees(k, before) {
			before = nil
		}
		if gone(after) || !s.sees(k, after) {
			after = nil
		}
		c := Change{Kind: k.name, Before: before, After: after, k: k}
		switch {
		case after != nil:
			c.ID = after.meta().ID
		case before != nil:
			c.ID = before.meta().ID
		default:
			return true
		}
		all = append(all, c)
		return len(all) <= m.turn.atMost
	})
	return all, ok
}

func (m *memo) matches(o *memo) bool {
	if m.key != o.key || m.class != o.class || len(m.tables) != len(o.tables) {
		return false
	}
	for i, t := range m.tables {
		if t != o.tables[i] {
			return false
		}
	}
	return true
}

func (m *memo) run(ctx context.Context, s *Snapshot, ms *memos, compute func(context.Context, View) (any, error)) {
	defer close(m.done)
	defer func() {
		if v := recover(); v != nil {
			m.err = fmt.Errorf("ledger: memo %v panicked: %v", m.key, v)
		}
		if m.err == nil {
			return
		}
		// an error is not kept: the next caller tries again
		ms.mu.Lock()
		defer ms.mu.Unlock()
		ms.drop(m)
	}()
	changed, few := []Change(nil), false
	if m.before != nil {
		changed, few = m.changes(s)
	}
	if few {
		m.value, m.err = m.turn.revise(ctx, declared{s, m.reads}, m.before.value, changed)
	} else {
		m.value, m.err = compute(ctx, declared{s, m.reads})
	}
	m.before = nil
	if m.err == nil && errors.Is(ctx.Err(), context.Canceled) {
		m.err = ctx.Err()
	}
}

// declared is a View that shows just the kinds a memo said it reads.
type declared struct {
	*Snapshot
	reads []*kind
}

func (d declared) table(k *kind) *table {
	for _, r := range d.reads {
		if r == k {
			return d.Snapshot.table(k)
		}
	}
	panic(fmt.Sprintf("ledger: a memo reads the kind %q, which it did not declare", k.name))
}
