package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// TestRandomProposalsCommute merges two proposals of one base in both orders, in twin
// workspaces. Without a conflict the documents are the same, and whether there is one
// does not depend on the order.
func TestRandomProposalsCommute(t *testing.T) {
	n := sequences() * 30 / 100
	var met counts
	random(t, lt.Engines[0], 1_000_001, n, met.commute, nil)
	random(t, lt.Engines[1], 1_000_001, n/25, met.commute, nil)
	t.Cleanup(func() {
		t.Logf("%d clean pairs, %d in conflict, %d refused by a rule", met.clean.Load(), met.conflict.Load(), met.refused.Load())
		if n >= 500 && (met.clean.Load() < int64(n)/10 || met.conflict.Load() < int64(n)/50) {
			t.Error("too few pairs were clean or in conflict to prove anything")
		}
	})
}

func (c *counts) commute(t testing.TB, x *arena, seed uint64) {
	type result struct {
		*sim
		conflicts int
		refused   bool
	}
	var twins [2]result
	for i := range twins {
		s := newSim(t, x.a, x.clock, fmt.Sprintf("t%d-%d", seed, i), seed)
		s.log = append(s.log, fmt.Sprintf("seed %d, twin %d", seed, i))
		s.setUp()
		for range 3 {
			s.update()
		}
		var p [2]ledger.ID
		for j := range p {
			p[j] = s.newID("proposal")
			if _, err := s.l.Update(t.Context(), s.ws, lt.Ann, "propose", func(tx *ledger.Tx) error {
				_, err := ledger.Proposals.Create(tx, ledger.Proposal{Meta: ledger.Meta{ID: p[j]}, Title: "p", State: ledger.ProposalOpen})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			for _, id := range p {
				s.update(ledger.In(id))
			}
		}
		if i == 1 {
			slices.Reverse(p[:])
		}
		twins[i].sim = s
		if _, err := s.l.Merge(t.Context(), s.ws, lt.Ann, p[0], ledger.Settlement{}); err != nil {
			// Nothing changed since the base; only a rule across entities may object.
			if !s.note("merge the first", 0, err) && fault.Is(err, fault.Conflict) {
				if found, err := s.l.Conflicts(t.Context(), s.ws, lt.Ann, p[0]); err != nil || !onlySecrets(found) {
					s.fatal("a proposal on an unchanged base has conflicts: %v, %v", found, err)
				}
			}
			twins[i].refused = true
			continue
		}
		found, err := s.l.Conflicts(t.Context(), s.ws, lt.Ann, p[1])
		twins[i].conflicts = len(found)
		for _, f := range found {
			s.log = append(s.log, fmt.Sprintf("- %s %s %s %s: %s, %s, %s", f.Reason, f.Kind, f.ID, f.Field, f.Base, f.Theirs, f.Yours))
		}
		if err != nil {
			twins[i].refused = true
			s.note("look", 0, err)
			continue
		}
		seq, err := s.l.Merge(t.Context(), s.ws, lt.Ann, p[1], ledger.Settlement{})
		s.note("merge the second", seq, err)
		switch {
		case len(found) > 0 && err == nil:
			s.fatal("conflicts %v were merged", found)
		case err != nil && len(found) == 0:
			twins[i].refused = true
		case err == nil:
			before := s.docs.dump(s.now(s.l))
			if _, err := s.l.Merge(t.Context(), s.ws, lt.Ann, p[1], ledger.Settlement{Otherwise: ledger.TakeYours}); !fault.Is(err, fault.Conflict) {
				s.fatal("merging again: %v", err)
			}
			if d := differ(s.docs.dump(s.now(s.l)), before); d != "" {
				s.fatal("merging again changed something: %s", d)
			}
		}
	}
	a, b := twins[0], twins[1]
	switch {
	case a.refused || b.refused:
		c.refused.Add(1)
	case (a.conflicts > 0) != (b.conflicts > 0):
		b.fatal("%d conflicts in one order, %d in the other\nfirst twin:\n%s", a.conflicts, b.conflicts, a.story())
	case a.conflicts > 0:
		c.conflict.Add(1)
	default:
		c.clean.Add(1)
		if d := differDocs(keyless(a.docs.dump(a.now(a.l))), keyless(b.docs.dump(b.now(b.l)))); d != "" {
			b.fatal("the order of merging matters: %s\nfirst twin:\n%s", d, a.story())
		}
		a.sound(a.now(a.l), a.docs.dump(a.now(a.l)))
	}
}

// onlySecrets reports whether conflicts are about secrets alone, which a proposal never
// carries.
func onlySecrets(found []ledger.Conflict) bool {
	return !slices.ContainsFunc(found, func(c ledger.Conflict) bool { return c.Field != "token" })
}

// keyless leaves out human keys: they are given in the order of merging.
func keyless(d dump) dump {
	out := slices.Clone(d)
	for i := range out {
		out[i].doc = withoutMembers(out[i].doc, "key", "former_keys")
	}
	return out
}

// TestRandomHistoriesOnBothEngines runs the same sequence on each and compares.
func TestRandomHistoriesOnBothEngines(t *testing.T) {
	n := max(sequences()*3/100, 1)
	one := newArena(t, lt.Engines[0].Open(t))
	other := newArena(t, lt.Engines[1].Open(t))
	for seed := uint64(2_000_001); seed < 2_000_001+uint64(n); seed++ {
		var ends [2]*sim
		for i, x := range []*arena{one, other} {
			s := newSim(t, x.a, x.clock, fmt.Sprintf("e%d", seed), seed)
			s.log = append(s.log, fmt.Sprintf("seed %d on %s", seed, lt.Engines[i].Name))
			s.setUp()
			for range 12 {
				s.step()
			}
			ends[i] = s
		}
		a, b := ends[0], ends[1]
		if d := differ(b.docs.dump(b.now(b.l)), a.docs.dump(a.now(a.l))); d != "" {
			b.fatal("the engines differ: %s\nthe other one:\n%s", d, a.story())
		}
		la, lb := exported(t, a.l, a.ws), exported(t, b.l, b.ws)
		if len(la) != len(lb) {
			b.fatal("%d and %d commits", len(la), len(lb))
		}
		for i := range la {
			if x, y := flat(la[i]), flat(lb[i]); x != y {
				b.fatal("the journals differ:\n%s\n%s", x, y)
			}
		}
	}
}

// flat writes a line of the journal in one form.
func flat(l line) string {
	var b strings.Builder
	fmt.Fprint(&b, l.Seq, l.At, l.Actor, l.Verb, l.Undoes)
	for _, e := range l.Entries {
		fmt.Fprint(&b, " ", e.N, e.At, e.By, e.Op, e.Kind, e.ID)
		names := make([]string, 0, len(e.Changes))
		for name := range e.Changes {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			for _, v := range e.Changes[name] {
				fmt.Fprint(&b, " ", name, canonical(slices.Concat([]byte(`{"v":`), v, []byte("}"))))
			}
		}
	}
	return b.String()
}

// TestRandomUndoIsAStack compares undo and redo of two actors, who work on entities of
// their own, with the stacks of an editor.
func TestRandomUndoIsAStack(t *testing.T) {
	n := sequences() * 22 / 100
	random(t, lt.Engines[0], 3_000_001, n, stack, nil)
	random(t, lt.Engines[1], 3_000_001, n/25, stack, nil)
}

func stack(t testing.TB, x *arena, seed uint64) {
	s := newSim(t, x.a, x.clock, fmt.Sprintf("u%d", seed), seed)
	type hand struct {
		as         ledger.Actor
		id         ledger.ID
		value      int
		undo, redo []int // values to go back and forth to
	}
	hands := []*hand{{as: lt.Ann}, {as: lt.Bob}}
	for _, h := range hands {
		h.id = s.newID("feature")
		if _, err := s.l.Update(t.Context(), s.ws, ledger.System, "make", func(tx *ledger.Tx) error {
			_, err := lt.Features.Create(tx, lt.Feature{Meta: ledger.Meta{ID: h.id}, Title: "x"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for range 14 {
		h := pick(s, hands)
		var err error
		switch s.rng.IntN(5) {
		case 0, 1:
			was := h.value
			h.value = rand.New(s.rng).IntN(1e9)
			_, err = s.l.Update(t.Context(), s.ws, h.as, "edit", func(tx *ledger.Tx) error {
				return lt.Features.Edit(tx, h.id, func(f *lt.Feature) error { f.Priority = h.value; return nil })
			})
			h.undo, h.redo = append(h.undo, was), nil
			s.log = append(s.log, fmt.Sprint(h.as, " edit ", h.value))
		case 2, 3:
			_, err = s.l.UndoLast(t.Context(), s.ws, h.as, ledger.Settlement{})
			s.log = append(s.log, fmt.Sprint(h.as, " undo ", err))
			if n := len(h.undo); n > 0 {
				h.redo = append(h.redo, h.value)
				h.value, h.undo = h.undo[n-1], h.undo[:n-1]
			} else if fault.Is(err, fault.NotFound) {
				err = nil
			}
		default:
			_, err = s.l.RedoLast(t.Context(), s.ws, h.as, ledger.Settlement{})
			s.log = append(s.log, fmt.Sprint(h.as, " redo ", err))
			if n := len(h.redo); n > 0 {
				h.undo = append(h.undo, h.value)
				h.value, h.redo = h.redo[n-1], h.redo[:n-1]
			} else if fault.Is(err, fault.NotFound) {
				err = nil
			}
		}
		if err != nil {
			s.fatal("seed %d: %v", seed, err)
		}
		for _, h := range hands {
			if f, _ := lt.Features.Get(s.now(s.l), h.id); f.Priority != h.value {
				s.fatal("seed %d: %v has %d, want %d", seed, h.as, f.Priority, h.value)
			}
		}
	}
}
