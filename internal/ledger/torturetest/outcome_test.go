//go:build linux

package torturetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// liar is a store whose commits answer what the test wants.
type liar struct {
	ledger.Store
	commits atomic.Int64
	// answer is asked at the n-th commit. With lie it returns what the caller is told, and
	// whether the commit happens all the same.
	answer func(n int64, writes []ledger.Writes) (lie error, happens bool)
	deaf   atomic.Bool // there is no answer about outcomes either
	widest atomic.Int64
}

type liarTxn struct {
	ledger.Txn
	s *liar
}

var errLost = errors.New("the connection is lost")

func (s *liar) Begin(ctx context.Context, ws []ledger.ID) (ledger.Txn, map[ledger.ID]ledger.Head, error) {
	txn, heads, err := s.Store.Begin(ctx, ws)
	if err != nil {
		return nil, nil, err
	}
	return &liarTxn{txn, s}, heads, nil
}

func (s *liar) Outcome(ctx context.Context, ws ledger.ID, first ledger.Seq, origin int64) (bool, error) {
	if s.deaf.Load() {
		return false, errLost
	}
	return s.Store.Outcome(ctx, ws, first, origin)
}

func (t *liarTxn) Commit(ctx context.Context, writes []ledger.Writes) error {
	wide := int64(0)
	for i := range writes {
		wide += int64(len(writes[i].Commits))
	}
	t.s.widest.Store(max(t.s.widest.Load(), wide)) // one lane
	n := t.s.commits.Add(1)
	if t.s.answer == nil {
		return t.Txn.Commit(ctx, writes)
	}
	lie, happens := t.s.answer(n, writes)
	if lie == nil {
		return t.Txn.Commit(ctx, writes)
	}
	if !happens {
		if err := t.Txn.Rollback(); err != nil {
			return err
		}
		return lie
	}
	if err := t.Txn.Commit(ctx, writes); err != nil {
		return err
	}
	return lie
}

// lying is each with a liar.
func lying(t *testing.T, f func(t *testing.T, w *world, s *liar)) {
	each(t, func(s ledger.Store) ledger.Store { return &liar{Store: s} }, nil, func(t *testing.T, w *world, store ledger.Store) {
		f(t, w, store.(*liar))
	})
}

// TestLostAnswerToACommit loses the answer to the n-th commit, which happened or did not:
// all writes are acknowledged and there once.
func TestLostAnswerToACommit(t *testing.T) {
	lying(t, func(t *testing.T, w *world, s *liar) {
		var said []line
		for n := int64(1); n <= int64(rounds(12, 4, 60)); n++ {
			for _, happens := range []bool{true, false} {
				start := s.commits.Load()
				s.answer = func(at int64, _ []ledger.Writes) (error, bool) {
					if at == start+n {
						return errLost, happens
					}
					return nil, false
				}
				by := fmt.Sprintf("l%d%t", n, happens)
				var mu sync.Mutex
				var writers sync.WaitGroup
				for i := range 3 {
					writers.Go(func() {
						for k := 1; k <= 3; k++ {
							ack, err := w.feature(t.Context(), fmt.Sprintf("%s.%d", by, i), k)
							if err != nil {
								t.Errorf("lost at %d, happened %t: %v", n, happens, err)
								return
							}
							mu.Lock()
							said = append(said, ack)
							mu.Unlock()
						}
					})
				}
				writers.Wait()
				for name, act := range map[string]func() (line, error){
					"import": func() (line, error) { return w.bring(t.Context(), by+".im", 1, importSize) },
					"merge":  func() (line, error) { return w.propose(t.Context(), by+".pr", 1) },
				} {
					ack, err := act()
					if err != nil {
						t.Fatalf("%s lost at %d, happened %t: %v", name, n, happens, err)
					}
					said = append(said, ack)
				}
				if t.Failed() {
					return
				}
			}
		}
		s.answer = nil
		inspect(t, w.Ledger, s).compare(t, said)
	})
}

// TestNoAnswerAtAll loses the answer to a commit and to all questions about it: the
// error says so, and when the database is back the ledger knows.
func TestNoAnswerAtAll(t *testing.T) {
	t.Parallel() // it waits, mostly
	var all sync.WaitGroup
	var mu sync.Mutex
	var verify []func()
	for _, e := range lt.Engines {
		for _, happens := range []bool{true, false} {
			s := &liar{Store: e.Open(t)()}
			l := lt.Open(t, s, options(0))
			if _, err := create(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			w, err := find(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				s.answer = func(int64, []ledger.Writes) (error, bool) {
					s.deaf.Store(true)
					return errLost, happens
				}
				began := time.Now()
				_, err := w.feature(t.Context(), "unknown", 1)
				if !errors.Is(err, ledger.ErrUnknown) || !fault.Is(err, fault.Unavailable) {
					t.Errorf("%s: got %v", e.Name, err)
					return
				}
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("%s: the answer took %v", e.Name, took)
				}
				s.answer = nil
				s.deaf.Store(false)
				ack, err := w.feature(t.Context(), "known", 1)
				if err != nil {
					t.Errorf("%s: %v", e.Name, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				verify = append(verify, func() {
					b := inspect(t, l, s)
					b.compare(t, []line{ack})
					if there := b.features["unknown/1"] != nil; there != happens {
						t.Errorf("%s: happened %t, it is there: %t", e.Name, happens, there)
					}
				})
			})
		}
	}
	all.Wait()
	for _, f := range verify {
		f()
	}
}

// gate holds the lane until it is opened, so that what is asked meanwhile becomes one
// group.
func (w *world) gate(t *testing.T) (opened func()) {
	t.Helper()
	entered, open, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if _, err := w.Update(t.Context(), w.ws, lt.Ann, "hold", func(*ledger.Tx) error {
			close(entered)
			<-open
			return nil
		}); err != nil {
			t.Errorf("hold: %v", err)
		}
	}()
	<-entered
	return func() {
		time.Sleep(20 * time.Millisecond) // for all to queue; fewer would only make a smaller group
		close(open)
		<-done
	}
}

// TestBadNeighbours puts commands that the engine refuses, that panic, that refuse
// themselves and that are cancelled into one group with good ones.
func TestBadNeighbours(t *testing.T) {
	lying(t, func(t *testing.T, w *world, s *liar) {
		s.answer = func(_ int64, writes []ledger.Writes) (error, bool) {
			for _, part := range writes {
				for _, d := range part.Docs {
					if strings.Contains(string(d.JSON), "poison") {
						return fmt.Errorf("%w: poison", ledger.ErrData), false
					}
				}
			}
			return nil, false
		}
		ctx := t.Context()
		cancelled, cancel := context.WithCancel(ctx)
		opened := w.gate(t)
		var mu sync.Mutex
		var said []line
		var ran atomic.Bool
		var group sync.WaitGroup
		for i := range 12 {
			by := fmt.Sprintf("n%d", i)
			group.Go(func() {
				switch i % 4 {
				case 0, 1:
					ack, err := w.feature(ctx, by, 1)
					if err != nil {
						t.Errorf("a good neighbour got %v", err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					said = append(said, ack)
				case 2:
					if _, err := w.feature(ctx, by+"poison", 1); !fault.Is(err, fault.Invalid) {
						t.Errorf("poison got %v", err)
					}
				case 3:
					if _, err := w.Update(ctx, w.ws, lt.Ann, "panic", func(tx *ledger.Tx) error {
						if _, err := w.put(tx, "never/1", 1); err != nil {
							return err
						}
						panic("ouch")
					}); err == nil || fault.KindOf(err) != "" {
						t.Errorf("a panic got %v", err)
					}
				}
			})
		}
		group.Go(func() {
			if _, err := w.Update(cancelled, w.ws, lt.Ann, "cancelled", func(*ledger.Tx) error {
				ran.Store(true)
				return nil
			}); !errors.Is(err, context.Canceled) {
				t.Errorf("a cancelled command got %v", err)
			}
		})
		time.Sleep(10 * time.Millisecond) // to be in the queue when it is cancelled
		cancel()
		opened()
		group.Wait()
		if ran.Load() {
			t.Error("a command that was cancelled before its turn ran")
		}
		if s.widest.Load() < 3 {
			t.Errorf("the widest group had %d commits: they did not meet", s.widest.Load())
		}
		s.answer = nil
		b := inspect(t, w.Ledger, s)
		b.compare(t, said)
		for title := range b.features {
			if strings.Contains(title, "poison") {
				t.Errorf("%s is there", title)
			}
		}
	})
}

// TestCancelledAfterItsTurn gives the true outcome to a caller who has given up.
func TestCancelledAfterItsTurn(t *testing.T) {
	lying(t, func(t *testing.T, w *world, s *liar) {
		ctx, cancel := context.WithCancel(t.Context())
		runs := 0
		s.answer = func(int64, []ledger.Writes) (error, bool) {
			if runs == 1 {
				return errLost, false // it runs again, although cancelled
			}
			return nil, false
		}
		seq, err := w.Update(ctx, w.ws, lt.Ann, "cancel", func(tx *ledger.Tx) error {
			runs++
			cancel()
			_, err := w.put(tx, "cancelled/1", 1)
			return err
		})
		if err != nil || runs != 2 {
			t.Fatalf("%d runs: %v", runs, err)
		}
		s.answer = nil
		if f := inspect(t, w.Ledger, s).features["cancelled/1"]; f == nil || f.Born != seq {
			t.Errorf("acknowledged at %d, it is %v", seq, f)
		}
	})
}

// TestStuckCommandIsRefused: a command that takes long holds everybody up.
func TestStuckCommandIsRefused(t *testing.T) {
	each(t, nil, func(o *ledger.Options) { o.Stuck = 50 * time.Millisecond }, func(t *testing.T, w *world, store ledger.Store) {
		_, err := w.Update(t.Context(), w.ws, lt.Ann, "stuck", func(tx *ledger.Tx) error {
			time.Sleep(60 * time.Millisecond)
			_, err := w.put(tx, "never/1", 1)
			return err
		})
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("a stuck command got %v", err)
		}
		var ack line
		for try := 0; ; try++ { // a loaded machine may make it slow too
			if ack, err = w.feature(t.Context(), fmt.Sprintf("after%d", try), 1); err == nil || try == 20 {
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		inspect(t, w.Ledger, store).compare(t, []line{ack})
	})
}
