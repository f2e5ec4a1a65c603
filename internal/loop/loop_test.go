package loop

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// leases are those of several processes, by the time of the test.
type leases struct {
	mu    sync.Mutex
	held  map[string]holding
	taken int
	fail  error
}

type holding struct {
	by    *process
	until time.Time
}

// process is one of those that share leases.
type process struct{ all *leases }

func (p *process) Lease(_ context.Context, name string, d time.Duration) (bool, error) {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	if p.all.fail != nil {
		return false, p.all.fail
	}
	if h, ok := p.all.held[name]; ok && h.by != p && h.until.After(time.Now()) {
		return false, nil
	}
	p.all.taken++
	p.all.held[name] = holding{p, time.Now().Add(d)}
	return true, nil
}

func (l *leases) process() *process { return &process{l} }

func newLeases() *leases { return &leases{held: map[string]holding{}} }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// start runs a loop in the background; stop ends it and waits.
func start(p *process, log *slog.Logger, l Loop) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { Run(ctx, p, log, l) })
	return func() { cancel(); all.Wait() }
}

// pass lets time pass, and what it sets off come to rest.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAJobIsDoneAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, runs := newLeases(), 0
		stop := start(all.process(), quiet, Loop{"count", time.Second, func(context.Context) error { runs++; return nil }})
		pass(time.Hour)
		stop()
		if runs < 3300 || runs > 3900 {
			t.Errorf("%d runs in an hour of one a second", runs)
		}
		if all.taken > runs/10 {
			t.Errorf("the lease was written %d times for %d runs", all.taken, runs)
		}
	})
}

func TestOneOfTwoProcessesDoesTheJobAndTheOtherTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newLeases()
		var a, b int
		stopA := start(all.process(), quiet, Loop{"job", time.Minute, func(context.Context) error { a++; return nil }})
		time.Sleep(2 * time.Second)
		stopB := start(all.process(), quiet, Loop{"job", time.Minute, func(context.Context) error { b++; return nil }})
		pass(time.Hour)
		if a == 0 || b != 0 {
			t.Errorf("the first process ran %d times, the second %d", a, b)
		}
		stopA()
		pass(2 * time.Minute) // no longer than a pause: the lease was given up
		if b == 0 {
			t.Error("the second process did not take over")
		}
		stopB()
	})
}

func TestAKilledProcessDoesNotKeepADailyJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, runs := newLeases(), 0
		if held, _ := all.process().Lease(t.Context(), "job", (&runner{Loop: Loop{Every: 24 * time.Hour}}).term()); !held {
			t.Fatal("the lease of the process that will be killed")
		}
		stop := start(all.process(), quiet, Loop{"job", 24 * time.Hour, func(context.Context) error { runs++; return nil }})
		pass(4 * time.Minute)
		stop()
		if runs != 1 {
			t.Errorf("%d runs soon after the kill", runs)
		}
	})
}

func TestAFailingJobIsTriedLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		runs := make(chan time.Time, 1000)
		var works atomic.Bool
		stop := start(newLeases().process(), slog.New(slog.NewTextHandler(&log, nil)), Loop{"job", 10 * time.Second, func(context.Context) error {
			runs <- time.Now()
			if works.Load() {
				return nil
			}
			return errors.New("no such luck")
		}})
		pass(time.Hour)
		begun := <-runs
		first, before, last := (<-runs).Sub(begun), begun, begun
		for len(runs) > 0 {
			before, last = last, <-runs
		}
		if pause := last.Sub(before); first > 2*time.Second || pause < 4*time.Minute || pause > 6*time.Minute {
			t.Errorf("pauses went from %v to %v", first, pause)
		}
		works.Store(true)
		pass(6 * time.Minute)
		had := len(runs)
		pass(time.Minute)
		if n := len(runs) - had; n < 4 {
			t.Errorf("%d runs in a minute after it works again", n)
		}
		stop()
		if !strings.Contains(log.String(), "no such luck") {
			t.Error("the log does not say why")
		}
	})
}

func TestAPanicIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		stop := start(newLeases().process(), quiet, Loop{"job", time.Second, func(context.Context) error { runs++; panic("oh") }})
		time.Sleep(time.Minute)
		stop()
		if runs < 3 {
			t.Errorf("%d runs", runs)
		}
	})
}

func TestALongJobKeepsItsLeaseOrStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newLeases()
		ended := make(chan error, 1)
		stop := start(all.process(), quiet, Loop{"job", time.Second, func(ctx context.Context) error {
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return nil
		}})
		defer stop()
		pass(10 * time.Minute)
		if held, _ := all.process().Lease(t.Context(), "job", time.Minute); held {
			t.Fatal("a job that still runs lost its lease")
		}
		all.mu.Lock()
		all.fail = errors.New("the database is gone")
		all.mu.Unlock()
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "the database is gone") {
			t.Errorf("the job ended by %v", err)
		}
	})
}

func TestTheEndWaitsForTheJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, cleaned := newLeases(), false
		stop := start(all.process(), quiet, Loop{"job", time.Second, func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			cleaned = true
			return ctx.Err()
		}})
		time.Sleep(time.Minute)
		stop()
		if !cleaned {
			t.Error("Run returned while the job still ran")
		}
		if held, _ := all.process().Lease(t.Context(), "job", time.Minute); !held {
			t.Error("the lease was not given up")
		}
	})
}
