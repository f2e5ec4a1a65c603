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
}

const keptMemos = 64

// Memo returns compute's value for this Snapshot, computing it at most once as long as
// the kinds in reads do not change. compute sees only these kinds. Callers that ask at
// once share one computation, whose context ends when the last of them leaves.
// key is any comparable value, as a rule of an unexported type of the caller's.
func Memo[T any](ctx context.Context, s *Snapshot, key any, reads []AnyKind, compute func(context.Context, View) (T, error)) (T, error) {
	v, err := s.memo(ctx, key, reads, func(ctx context.Context, v View) (any, error) { return compute(ctx, v) })
	t, _ := v.(T)
	return t, err
}

func (s *Snapshot) memo(ctx context.Context, key any, reads []AnyKind, compute func(context.Context, View) (any, error)) (any, error) {
	m := &memo{key: key, done: make(chan struct{})}
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
	m.value, m.err = compute(ctx, declared{s, m.reads})
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
