package ledger_test

import (
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

func TestARemovedWorkspaceIsGoneForAll(t *testing.T) {
	lt.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open, ledger.Options{Poll: 20 * time.Millisecond})
		elsewhere := lt.Open(t, open(), ledger.Options{Clock: w.clock.Now, Poll: 20 * time.Millisecond})
		kept, err := w.CreateWorkspace(t.Context(), "kept")
		if err != nil {
			t.Fatal(err)
		}
		touch := func(tx *ledger.Tx) error {
			_, err := lt.Products.Create(tx, lt.Product{Name: "Fieldbook", Prefix: "FB"})
			return err
		}
		from := w.do(ledger.System, "create", touch)
		snapshot := w.now()

		// followers wait for what comes next, here and in another process
		ended := make(chan error, 2)
		for _, l := range []*ledger.Ledger{w.Ledger, elsewhere} {
			if _, err := l.At(t.Context(), w.ws, ledger.System, from); err != nil {
				t.Fatal(err)
			}
			go func() {
				for _, err := range l.Follow(t.Context(), w.ws, from) {
					ended <- err
				}
			}()
		}
		if err := w.RemoveWorkspace(t.Context(), w.ws); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := <-ended; !fault.Is(err, fault.NotFound) {
				t.Errorf("a follower ends with %v", err)
			}
		}
		for name, l := range map[string]*ledger.Ledger{"here": w.Ledger, "elsewhere": elsewhere} {
			if _, err := l.At(t.Context(), w.ws, ledger.System, 0); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s, a read: %v", name, err)
			}
			if _, err := l.Update(t.Context(), w.ws, ledger.System, "create", touch); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s, a write: %v", name, err)
			}
			if err := l.RemoveWorkspace(t.Context(), w.ws); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s, removing it again: %v", name, err)
			}
			if _, err := l.Update(t.Context(), kept, ledger.System, "touch", func(*ledger.Tx) error { return nil }); err != nil {
				t.Errorf("%s, another workspace: %v", name, err)
			}
		}
		if lt.Products.Len(snapshot) != 1 {
			t.Error("who read it cannot read on")
		}
		if again, err := w.CreateWorkspace(t.Context(), "acme"); err != nil || again == w.ws {
			t.Errorf("its slug: %v, %v", again, err)
		}
	})
}

// TestWritersOfARemovedWorkspaceDoNotFailOthers: on SQLite both stand in one group.
func TestWritersOfARemovedWorkspaceDoNotFailOthers(t *testing.T) {
	lt.Each(t, func(t *testing.T, open func() ledger.Store) {
		w := newWorld(t, open, ledger.Options{Poll: time.Hour}) // nobody tells it
		kept, err := w.CreateWorkspace(t.Context(), "kept")
		if err != nil {
			t.Fatal(err)
		}
		create := func(tx *ledger.Tx) error {
			_, err := lt.Products.Create(tx, lt.Product{Name: "Fieldbook", Prefix: "FB"})
			return err
		}
		w.do(ledger.System, "create", create)
		elsewhere := open()
		if err := elsewhere.RemoveWorkspace(t.Context(), w.ws); err != nil {
			t.Fatal(err)
		}
		if err := elsewhere.Close(); err != nil {
			t.Fatal(err)
		}
		var writers sync.WaitGroup
		for i := range 40 {
			writers.Go(func() {
				ws, want := kept, false
				if i%2 == 0 {
					ws, want = w.ws, true
				}
				_, err := w.Update(t.Context(), ws, ledger.System, "touch", func(tx *ledger.Tx) error {
					_, err := lt.Products.Create(tx, lt.Product{Name: "P", Prefix: "P" + string(rune('A'+i/2))})
					return err
				})
				if gone := fault.Is(err, fault.NotFound); gone != want || !gone && err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		writers.Wait()
	})
}
