package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// TestRandomGroups lets many writers wait for one disk commit. Those that are refused
// leave no trace in the state of those that come after them in the same group.
func TestRandomGroups(t *testing.T) {
	rounds := max(sequences()/200, 2)
	for i, e := range lt.Engines {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			x := newArena(t, e.Open(t))
			for seed := range uint64(rounds / (1 + 4*i)) {
				group(t, x, 4_000_001+seed)
			}
		})
	}
}

func group(t testing.TB, x *arena, seed uint64) {
	s := newSim(t, x.a, x.clock, fmt.Sprintf("g%d", seed), seed)
	s.log = append(s.log, fmt.Sprintf("seed %d", seed))
	s.setUp()
	for range 3 {
		var all sync.WaitGroup
		all.Go(func() { // holds the lane until the others wait
			_, _ = s.l.Update(t.Context(), s.ws, lt.Ann, "hold", func(*ledger.Tx) error {
				time.Sleep(5 * time.Millisecond)
				return nil
			})
		})
		time.Sleep(time.Millisecond)
		failed := make(chan error, 24)
		for i := range 24 {
			// each writer rolls its own dice, since they run in any order
			w := *s
			w.rng = rand.New(rand.NewPCG(seed, s.rng.Uint64()))
			w.ever, w.long, w.docs = map[string][]ledger.ID{}, map[ledger.TextRef]string{}, docCache{}
			boom := i%3 == 0
			all.Go(func() {
				_, err := w.l.Update(t.Context(), w.ws, lt.Ann, "write", func(tx *ledger.Tx) error {
					for range 1 + w.rng.IntN(3) {
						if err := w.write(tx); err != nil {
							return err
						}
					}
					if boom {
						// refused by a check, at the end, when keys are given
						_, err := lt.Features.Create(tx, lt.Feature{})
						return err
					}
					return nil
				})
				switch fault.KindOf(err) {
				case fault.NotFound, fault.Invalid, fault.Conflict:
				default:
					if err != nil {
						failed <- err
					}
				}
			})
		}
		all.Wait()
		close(failed)
		for err := range failed {
			s.fatal("write: %v", err)
		}
	}
	s.verify(x)
}
