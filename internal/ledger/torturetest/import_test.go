//go:build linux

package torturetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
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

// hesitant is a store that waits between finding a dead import and dropping it.
type hesitant struct {
	ledger.Store
	wait func()
}

func (s hesitant) Commits(ctx context.Context, ws ledger.ID, q ledger.CommitQuery) iter.Seq2[ledger.Commit, error] {
	s.wait()
	return s.Store.Commits(ctx, ws, q)
}

// TestImportThatEndsWhileItIsDropped lets an import that was taken for dead become live
// just before the other process drops it: what was acknowledged stays.
func TestImportThatEndsWhileItIsDropped(t *testing.T) {
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
			const size = 500 // a whole chunk: nothing is left to be written before the merge
			found, merged, dropped := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			var once sync.Once
			_, err = w.Import(t.Context(), w.ws, lt.Bob, "import", func(im *ledger.Import) error {
				for i := range size {
					if _, err := lt.Features.Import(im, lt.Feature{Title: fmt.Sprint(i), Product: ledger.Ref(w.named[imported])}, ledger.Stamp{}); err != nil {
						return err
					}
				}
				clock.Add(31 * time.Second)
				go func() {
					other, err := ledger.Open(t.Context(), hesitant{opener(), func() {
						once.Do(func() { close(found) })
						<-merged
					}}, o)
					if err == nil {
						err = other.Close()
					}
					dropped <- err
				}()
				<-found
				return nil
			})
			close(merged)
			if err := <-dropped; err != nil {
				t.Fatal(err)
			}
			fresh := lt.Open(t, opener(), o)
			v, err2 := find(t.Context(), fresh)
			if err2 != nil {
				t.Fatal(err2)
			}
			there := lt.Features.Len(now(t, v))
			if want := map[bool]int{true: size, false: 0}[err == nil]; there != want {
				t.Fatalf("answered %v, %d features are there", err, there)
			}
			if _, err := fresh.Verify(t.Context(), v.ws); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestImportOfUnknownOutcome loses every answer about the merge of an import, which
// happened: it stays.
func TestImportOfUnknownOutcome(t *testing.T) {
	t.Parallel() // it waits, mostly
	s := &liar{Store: lt.Engines[0].Open(t)()}
	l := lt.Open(t, s, options(0))
	if _, err := create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	w, err := find(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	s.answer = func(_ int64, writes []ledger.Writes) (error, bool) {
		for _, b := range writes[0].Batch {
			if b.State == ledger.BatchMerged {
				s.deaf.Store(true)
				return errLost, true
			}
		}
		return nil, false
	}
	if _, err := w.bring(t.Context(), "u.im", 1, importSize); !errors.Is(err, ledger.ErrUnknown) {
		t.Fatalf("got %v", err)
	}
	s.deaf.Store(false)
	if b := inspect(t, l, s); b.features["u.im/1/0"] == nil {
		t.Error("what had become live was dropped")
	}
}
