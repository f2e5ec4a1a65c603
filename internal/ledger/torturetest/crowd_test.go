//go:build linux

package torturetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// each runs a test on a world in a fresh database of each engine. wrap may put something
// between the ledger and its store.
func each(t *testing.T, wrap func(ledger.Store) ledger.Store, change func(*ledger.Options), f func(t *testing.T, w *world, store ledger.Store)) {
	for _, e := range lt.Engines {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			store := e.Open(t)()
			if wrap != nil {
				store = wrap(store)
			}
			o := options(0)
			if change != nil {
				change(&o)
			}
			l := lt.Open(t, store, o)
			if _, err := create(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			w, err := find(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			f(t, w, store)
		})
	}
}

func tail(waits []time.Duration, share float64) time.Duration {
	slices.Sort(waits)
	return waits[int(share*float64(len(waits)-1))].Round(time.Microsecond)
}

// TestCrowd lets 64 writers create at once while 16 more edit shared entities: nobody is
// refused but for a version that is not the newest any more, and no edit is lost.
func TestCrowd(t *testing.T) {
	const writers, editors, shared = 64, 16, 4
	creates, edits := either(15, 300), either(10, 200)
	each(t, nil, nil, func(t *testing.T, w *world, store ledger.Store) {
		ctx := t.Context()
		var ids []ledger.ID
		for i := range shared {
			ack, err := w.feature(ctx, "shared", i+1)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, ack.ID)
		}
		var mu sync.Mutex
		var said []line
		var waits []time.Duration
		var edited, conflicts atomic.Int64
		var crowd sync.WaitGroup
		for i := range writers {
			crowd.Go(func() {
				for n := 1; n <= creates; n++ {
					began := time.Now()
					ack, err := w.feature(ctx, fmt.Sprintf("c%d", i), n)
					if err != nil {
						t.Errorf("create: %v", err)
						return
					}
					mu.Lock()
					said = append(said, ack)
					waits = append(waits, time.Since(began))
					mu.Unlock()
				}
			})
		}
		for i := range editors {
			crowd.Go(func() {
				for n := range edits {
					id := ids[(i+n)%shared]
					for {
						err := w.raise(ctx, id)
						if err == nil {
							edited.Add(1)
							break
						}
						if !fault.Is(err, fault.Conflict) {
							t.Errorf("edit: %v", err)
							return
						}
						conflicts.Add(1)
					}
				}
			})
		}
		crowd.Wait()
		if t.Failed() {
			return
		}
		inspect(t, w.Ledger, store).compare(t, said)
		s, err := w.At(ctx, w.ws, lt.Ann, 0)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for _, id := range ids {
			f, _ := lt.Features.Get(s, id)
			sum += f.Priority
			if f.Version != int64(f.Priority)+1 {
				t.Errorf("%s was edited %d times and has version %d", f.Key, f.Priority, f.Version)
			}
		}
		if want := editors * edits; sum != want || edited.Load() != int64(want) {
			t.Errorf("%d edits were acknowledged, %d are there, want %d", edited.Load(), sum, want)
		}
		t.Logf("%d creates, p99 %v; %d edits, %d conflicts", len(said), tail(waits, .99), sum, conflicts.Load())
	})
}

// raise adds one to the priority that it has read, if nobody else has meanwhile.
func (w *world) raise(ctx context.Context, id ledger.ID) error {
	s, err := w.At(ctx, w.ws, lt.Bob, 0)
	if err != nil {
		return err
	}
	f, ok := lt.Features.Get(s, id)
	if !ok {
		return errors.New("it is not there")
	}
	read := f.Priority
	_, err = w.Update(ctx, w.ws, lt.Bob, "raise", func(tx *ledger.Tx) error {
		return lt.Features.Edit(tx, id, func(f *lt.Feature) error { f.Priority = read + 1; return nil })
	}, ledger.Expect(lt.Features, id, f.Version))
	return err
}
