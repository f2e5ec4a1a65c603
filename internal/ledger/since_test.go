package ledger_test

import (
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// read returns the positions of the live commits after one, and the end of what there is.
func (w *world) read(l *ledger.Ledger, from ledger.Seq) (live []ledger.Seq, to ledger.Seq) {
	w.Helper()
	for to = from; ; {
		commits, next, err := l.Since(w.Context(), w.ws, to)
		if err != nil {
			w.Fatal(err)
		}
		if next == to {
			return live, to
		}
		for _, c := range commits {
			if c.Seq <= to || c.Seq > next || len(c.Entries) == 0 {
				w.Errorf("after %d up to %d there is %d with %d entries", to, next, c.Seq, len(c.Entries))
			}
			live = append(live, c.Seq)
		}
		to = next
	}
}

func TestSinceHasWhatFollowYieldsAndWaitsForNothing(t *testing.T) {
	each(t, func(w *world) {
		p := w.product("FB")
		f := w.feature(lt.Feature{Title: "first", Product: ledger.Ref(p)})
		var proposal ledger.ID
		w.do(lt.Ann, "propose", func(tx *ledger.Tx) (err error) {
			proposal, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "What if", State: ledger.ProposalOpen})
			return err
		})
		pending := w.edit(f, func(f *lt.Feature) { f.Title = "pending" }, ledger.In(proposal))
		last := w.edit(f, func(f *lt.Feature) { f.Priority = 2 })
		for name, l := range map[string]*ledger.Ledger{
			"here": w.Ledger, "later": lt.Open(w.T, w.open(), ledger.Options{Clock: w.clock.Now}), // of the database, not of memory
		} {
			live, to := w.read(l, 0)
			if to != last || len(live) != int(last)-1 {
				w.Errorf("%s: %v up to %d", name, live, to)
			}
			for _, seq := range live {
				if seq == pending {
					w.Errorf("%s: what is pending is not live", name)
				}
			}
			if live, to = w.read(l, last-1); len(live) != 1 || live[0] != last || to != last {
				w.Errorf("%s, the last one: %v up to %d", name, live, to)
			}
			if live, to = w.read(l, last); len(live) != 0 || to != last {
				w.Errorf("%s, after the last one: %v up to %d", name, live, to)
			}
			if live, to = w.read(l, pending-1); len(live) != 1 || to != last {
				w.Errorf("%s, what is pending is passed over: %v up to %d", name, live, to)
			}
		}
		if _, to, err := w.Since(w.Context(), ledger.ID{1}, 3); !fault.Is(err, fault.NotFound) || to != 3 {
			w.Errorf("a workspace that is none: %d %v", to, err)
		}
	})
}

func TestHeadsAreThoseOfTheDatabase(t *testing.T) {
	lt.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open, ledger.Options{})
		elsewhere := lt.Open(t, open(), ledger.Options{Clock: w.clock.Now, Poll: time.Hour}) // nobody tells it
		empty, err := w.CreateWorkspace(t.Context(), "empty")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			w.product("FB" + string(rune('A'+w.now().Seq())))
			for name, l := range map[string]*ledger.Ledger{"here": w.Ledger, "elsewhere": elsewhere} {
				heads, err := l.Heads(t.Context())
				if at, there := heads[empty]; err != nil || heads[w.ws] != w.now().Seq() || at != 0 || !there || len(heads) != 2 {
					t.Errorf("%s: %v %v", name, heads, err)
				}
			}
		}
	})
}
