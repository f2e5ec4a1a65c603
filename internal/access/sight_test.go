package access_test

import (
	"context"
	"testing"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// seen are the notes that a memoised list holds for somebody.
func (h *house) seen(s *ledger.Snapshot) (all []string) {
	h.t.Helper()
	list, err := ledger.Memo(h.t.Context(), s, "notes", []ledger.AnyKind{notes}, func(_ context.Context, v ledger.View) ([]string, error) {
		var all []string
		for n := range notes.All(v) {
			all = append(all, n.Text)
		}
		return all, nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func (h *house) setPrivate(private bool, opts ...ledger.UpdateOption) {
	h.t.Helper()
	if _, err := h.l.Update(h.t.Context(), h.ws, ledger.System, "edit", func(tx *ledger.Tx) error {
		return access.Products.Edit(tx, h.public, func(p *access.Product) error { p.Private = private; return nil })
	}, opts...); err != nil {
		h.t.Fatal(err)
	}
}

func TestAListIsForgottenWhenItsProductBecomesPrivate(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		h := newHouse(t, open)
		now := func() *ledger.Snapshot {
			s, err := h.l.At(t.Context(), h.ws, h.people["viewer"], 0)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		start := now().Seq()
		past := func() *ledger.Snapshot {
			s, err := h.l.AsOf(t.Context(), h.ws, h.people["viewer"], ledger.AtSeq(start))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if n, m := len(h.seen(now())), len(h.seen(past())); n != 1 || m != 1 {
			t.Fatalf("%d notes now and %d then, want the public one", n, m)
		}
		h.setPrivate(true)
		if got := h.seen(now()); len(got) != 0 {
			t.Errorf("a list shows %q of a product that is private now", got)
		}
		if got := h.seen(past()); len(got) != 0 {
			t.Errorf("a list of the past shows %q of a product that is private now", got)
		}
		if _, err := h.l.Update(t.Context(), h.ws, ledger.System, "delete", func(tx *ledger.Tx) error {
			for n := range notes.All(tx) {
				if err := notes.Delete(tx, n.ID); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := h.seen(past()); len(got) != 0 {
			t.Errorf("the past shows %q, deleted since from a product that is private now", got)
		}
	})
}

func TestAProposalToPublishPublishesNothing(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		h := newHouse(t, open)
		var proposal ledger.ID
		write := func(fn func(*ledger.Tx) error, opts ...ledger.UpdateOption) {
			t.Helper()
			if _, err := h.l.Update(t.Context(), h.ws, ledger.System, "edit", fn, opts...); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx *ledger.Tx) (err error) {
			proposal, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "publish", State: ledger.ProposalOpen})
			return err
		})
		write(func(tx *ledger.Tx) error {
			if err := access.Products.Edit(tx, h.private, func(p *access.Product) error { p.Private = false; return nil }); err != nil {
				return err
			}
			_, err := notes.Create(tx, note{Text: "more secrets", Product: ledger.Ref(h.private)})
			return err
		}, ledger.In(proposal))
		s, err := h.l.In(t.Context(), h.ws, h.people["viewer"], proposal)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.seen(s); len(got) != 1 || got[0] != "Open note" {
			t.Errorf("a viewer of the proposal sees %q", got)
		}
		if _, ok := access.Products.Get(s, h.private); ok {
			t.Error("a viewer of the proposal sees the product")
		}
	})
}

func TestWhatIsHiddenCannotBeTakenBackNorAskedFor(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) {
		h := newHouse(t, open)
		mine := h.people["contributor"]
		var id ledger.ID
		var commits []ledger.Seq
		for _, write := range []func(*ledger.Tx) error{
			func(tx *ledger.Tx) (err error) { id, err = cards.Create(tx, card{Text: "diary"}); return err },
			func(tx *ledger.Tx) error { return cards.Edit(tx, id, func(c *card) error { c.Text = "x"; return nil }) },
			func(tx *ledger.Tx) error { return cards.Delete(tx, id) },
		} {
			seq, err := h.l.Update(t.Context(), h.ws, mine, "write", write)
			if err != nil {
				t.Fatal(err)
			}
			commits = append(commits, seq)
			_, err = h.l.Undo(t.Context(), h.ws, h.people["owner"], seq, ledger.Settlement{})
			_, none := h.l.Undo(t.Context(), h.ws, h.people["owner"], seq+1000, ledger.Settlement{})
			if !fault.Is(err, fault.NotFound) || !fault.Is(none, fault.NotFound) {
				t.Errorf("undo of somebody else's diary at %d: %v; of nothing: %v", seq, err, none)
			}
		}
		if _, err := h.l.Undo(t.Context(), h.ws, mine, commits[2], ledger.Settlement{}); err != nil {
			t.Errorf("the diary's own writer cannot bring it back: %v", err)
		}
	})
}
