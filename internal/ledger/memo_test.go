package ledger_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	lt "github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

func onlySQLite(t *testing.T) *world {
	return newWorld(t, lt.Engines[0].Open(t), ledger.Options{})
}

func TestAMemoIsComputedOnceAsLongAsItIsTrue(t *testing.T) {
	w := onlySQLite(t)
	id := w.feature(lt.Feature{Title: "x"})
	var runs atomic.Int64
	ask := func(v *ledger.Snapshot, key any, reads ...ledger.AnyKind) int {
		w.Helper()
		n, err := ledger.Memo(w.Context(), v, key, reads, func(_ context.Context, v ledger.View) (int, error) {
			runs.Add(1)
			sum := 0
			for f := range lt.Features.All(v) {
				sum += f.Priority
			}
			return sum, nil
		})
		if err != nil {
			w.Fatal(err)
		}
		return n
	}
	expect := func(what string, n int64) {
		w.Helper()
		if got := runs.Swap(0); got != n {
			w.Errorf("%s: computed %d times, want %d", what, got, n)
		}
	}
	first := w.now()
	ask(first, "sum", lt.Features)
	ask(w.now(), "sum", lt.Features)
	expect("twice the same", 1)
	w.product("FB")
	ask(w.now(), "sum", lt.Features)
	expect("after a write to another kind", 0)
	ask(w.now(), "sum", lt.Features, lt.Products)
	expect("with another kind read", 1)
	ask(w.now(), "other", lt.Features)
	expect("under another key", 1)
	w.edit(id, func(f *lt.Feature) { f.Priority = 5 })
	if ask(w.now(), "sum", lt.Features) != 5 {
		w.Error("the value is stale")
	}
	expect("after a write to the kind", 1)
	if ask(first, "sum", lt.Features) != 0 {
		w.Error("an older snapshot has the newer value")
	}
	expect("an older snapshot", 0)
	p := w.propose()
	w.edit(id, func(f *lt.Feature) { f.Priority = 7 }, ledger.In(p))
	v, err := w.In(w.Context(), w.ws, lt.Ann, p)
	if err != nil || ask(v, "sum", lt.Features) != 7 || ask(w.now(), "sum", lt.Features) != 5 {
		w.Errorf("a proposal and the live workspace share a value, %v", err)
	}
}

func TestCallersOfAMemoShareOneRun(t *testing.T) {
	w := onlySQLite(t)
	var runs atomic.Int64
	release := make(chan struct{})
	var all sync.WaitGroup
	for range 16 {
		v := w.now()
		all.Go(func() {
			got, err := ledger.Memo(w.Context(), v, "slow", []ledger.AnyKind{lt.Features}, func(context.Context, ledger.View) (string, error) {
				runs.Add(1)
				<-release
				return "done", nil
			})
			if got != "done" || err != nil {
				w.Errorf("%q, %v", got, err)
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	close(release)
	all.Wait()
	if runs.Load() != 1 {
		w.Errorf("computed %d times", runs.Load())
	}
}

func TestAMemoOfUndeclaredKindsFails(t *testing.T) {
	w := onlySQLite(t)
	for range 2 {
		_, err := ledger.Memo(w.Context(), w.now(), "bad", []ledger.AnyKind{lt.Features}, func(_ context.Context, v ledger.View) (int, error) {
			return lt.Products.Len(v), nil
		})
		if err == nil || !strings.Contains(err.Error(), "product") {
			w.Errorf("reading an undeclared kind: %v", err)
		}
	}
	boom := errors.New("boom")
	if _, err := ledger.Memo(w.Context(), w.now(), "fails", nil, func(context.Context, ledger.View) (int, error) { return 0, boom }); !errors.Is(err, boom) {
		w.Errorf("an error: %v", err)
	}
	if n, err := ledger.Memo(w.Context(), w.now(), "fails", nil, func(context.Context, ledger.View) (int, error) { return 3, nil }); n != 3 || err != nil {
		w.Errorf("an error is kept: %d, %v", n, err)
	}
}

func TestAMemoEndsWhenNobodyWaits(t *testing.T) {
	w := onlySQLite(t)
	started, ended, goOn := make(chan struct{}), make(chan error, 2), make(chan struct{})
	compute := func(ctx context.Context, _ ledger.View) (int, error) {
		close(started)
		<-ctx.Done()
		ended <- ctx.Err()
		<-goOn // it takes a while to notice
		return 0, ctx.Err()
	}
	v := w.now()
	ctx, leave := context.WithCancel(w.Context())
	other, leaveToo := context.WithCancel(w.Context())
	answers := make(chan error, 2)
	ask := func(ctx context.Context) {
		_, err := ledger.Memo(ctx, v, "long", []ledger.AnyKind{lt.Features}, compute)
		answers <- err
	}
	go ask(ctx)
	<-started
	go ask(other)
	time.Sleep(10 * time.Millisecond)
	leave()
	if err := <-answers; !errors.Is(err, context.Canceled) {
		w.Errorf("who left gets %v", err)
	}
	select {
	case <-ended:
		w.Error("the run ended while somebody waited")
	case <-time.After(20 * time.Millisecond):
	}
	leaveToo()
	<-answers
	if err := <-ended; !errors.Is(err, context.Canceled) {
		w.Errorf("the run ended with %v", err)
	}
	// who comes now, while the old run winds up, has nothing to do with it
	last, cancel := context.WithTimeout(w.Context(), 10*time.Second)
	defer cancel()
	n, err := ledger.Memo(last, v, "long", []ledger.AnyKind{lt.Features}, func(context.Context, ledger.View) (int, error) { return 4, nil })
	close(goOn)
	if n != 4 || err != nil {
		w.Errorf("a caller after the others got %d, %v", n, err)
	}
}
