//go:build linux

package torturetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// TestDroppedImportGivesNoKeyTwice lets somebody write between the chunks of an import
// that then fails: the numbers it frees are those that nobody followed.
func TestDroppedImportGivesNoKeyTwice(t *testing.T) {
	each(t, nil, nil, func(t *testing.T, w *world, store ledger.Store) {
		var said []line
		write := func(n int) {
			t.Helper()
			ack, err := w.feature(t.Context(), "between", n)
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, ack)
		}
		write(1)
		_, err := w.Import(t.Context(), w.ws, lt.Bob, "import", func(im *ledger.Import) error {
			for i := range 2 * importSize {
				if _, err := lt.Features.Import(im, lt.Feature{Title: fmt.Sprint(i), Product: ledger.Ref(w.named[written])}, ledger.Stamp{}); err != nil {
					return err
				}
				if i == importSize {
					write(2)
				}
			}
			return errRefused
		})
		if !errors.Is(err, errRefused) {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for n := 3; n < importSize+20; n++ {
			write(n)
		}
		s, err := w.At(t.Context(), w.ws, lt.Ann, 0)
		if err != nil {
			t.Fatal(err)
		}
		for f := range lt.Features.All(s) {
			if keys[f.Key] {
				t.Fatalf("the key %s was given twice", f.Key)
			}
			keys[f.Key] = true
		}
		if _, err := w.Verify(t.Context(), w.ws); err != nil {
			t.Error(err)
		}
	})
}

// TestImportThatWasTakenForDead pauses an import for longer than its lease, in which time
// another process starts and drops it: it must not become live with what is left.
func TestImportThatWasTakenForDead(t *testing.T) {
	for _, e := range lt.Engines {
		t.Run(e.Name, func(t *testing.T) {
			opener := e.Open(t)
			clock := lt.NewClock()
			o := options(0)
			o.Clock = clock.Now
			store := opener()
			l := lt.Open(t, store, o)
			if _, err := create(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			w, err := find(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			for _, pause := range []time.Duration{31 * time.Second, 2 * time.Minute} {
				for _, at := range []int{300, 500, importSize - 1} { // around the chunk of 500
					_, err := w.Import(t.Context(), w.ws, lt.Bob, "import", func(im *ledger.Import) error {
						for i := range importSize {
							if _, err := lt.Features.Import(im, lt.Feature{Title: fmt.Sprint(i), Product: ledger.Ref(w.named[imported])}, ledger.Stamp{}); err != nil {
								return err
							}
							if i != at {
								continue
							}
							clock.Add(31 * time.Second)
							other := lt.Open(t, opener(), o)
							if err := other.Close(); err != nil {
								return err
							}
							clock.Add(pause - 31*time.Second)
						}
						return nil
					})
					there := lt.Features.Len(now(t, w))
					// before the first chunk nobody knows of it, so it cannot be dropped
					if want := map[bool]int{true: importSize, false: 0}[err == nil]; there != want {
						t.Fatalf("paused %v at %d: answered %v, %d features are there", pause, at, err, there)
					}
					if err == nil {
						if at >= 500 {
							t.Errorf("paused %v at %d: a dropped import was merged", pause, at)
						}
						if _, err := w.Undo(t.Context(), w.ws, lt.Bob, now(t, w).Seq(), ledger.Settlement{}); err != nil {
							t.Fatal(err)
						}
					}
					clock.Add(time.Hour)
					inspect(t, w.Ledger, store)
					fresh := lt.Open(t, opener(), o)
					v, err := find(t.Context(), fresh)
					if err != nil {
						t.Fatal(err)
					}
					if have, want := state(now(t, v)), state(now(t, w)); have != want {
						t.Fatalf("paused %v at %d: a new process holds %s, this one %s", pause, at, have, want)
					}
					if err := fresh.Close(); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func now(t testing.TB, w *world) *ledger.Snapshot {
	t.Helper()
	s, err := w.At(t.Context(), w.ws, lt.Ann, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
