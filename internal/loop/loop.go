// Package loop runs the jobs that a server does again and again: what is due, cleaning,
// following. Of several processes on one database one does a job at a time.
package loop

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
)

// Loop is a job that is done again and again.
type Loop struct {
	Name  string        // of its lease, and in the log
	Every time.Duration // the pause between two runs; about a tenth of it is left to chance
	// Do does the job once. It ends soon after its context.
	Do func(context.Context) error
}

// Leases lets one of several processes have a name for a time. The ledger keeps them.
type Leases interface {
	// Lease takes or renews the named lease for d and reports whether this process has it.
	Lease(ctx context.Context, name string, d time.Duration) (bool, error)
}

// A failed job is tried again after firstPause, and after twice the pause before at each
// further failure, up to lastPause or the loop's own pause, whichever is longer.
const (
	firstPause = time.Second
	lastPause  = 5 * time.Minute
)

// Run runs the loops until ctx ends and every job that runs has returned.
func Run(ctx context.Context, leases Leases, log *slog.Logger, loops ...Loop) {
	var all sync.WaitGroup
	for _, l := range loops {
		r := &runner{Loop: l, leases: leases, log: log.With("loop", l.Name)}
		all.Go(func() { r.run(ctx) })
	}
	all.Wait()
}

type runner struct {
	Loop
	leases Leases
	log    *slog.Logger

	until    time.Time // the lease is ours up to here
	failures int
}

func (r *runner) run(ctx context.Context) {
	defer r.giveUp(ctx)
	// Processes that start together do not ask for leases together.
	for pause := rand.N(min(r.Every, time.Second) + 1); r.sleep(ctx, pause); pause = r.pause() {
		switch held, err := r.hold(ctx); {
		case err != nil:
			r.fail(ctx, fmt.Errorf("take the lease: %w", err))
		case held:
			if err := r.once(ctx); err != nil {
				r.fail(ctx, err)
			} else {
				r.failures = 0
			}
		default:
			r.failures = 0 // the job is another process's
		}
	}
}

func (r *runner) sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// pause is the time to the next run.
func (r *runner) pause() time.Duration {
	d := r.Every
	switch {
	case r.failures > 0:
		d = min(firstPause<<min(r.failures-1, 20), max(lastPause, r.Every))
	case r.until.IsZero(): // another process has the lease, or had it until it was killed
		d = min(d, r.term())
	}
	return d - d/20 + rand.N(d/10+1)
}

func (r *runner) fail(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // the end of the process, not of the job
	}
	r.failures++
	r.log.Error("a background job failed and will be tried again", "failures", r.failures, "error", err)
}

// term is for how long the lease is taken. It spans the pause of a quick loop, so that the
// job stays with one process as long as that lives; but not a long one, so that a process
// that was killed does not keep others from the job for more than a minute and a half. A
// job with a long pause may so be done once in it by each process.
func (r *runner) term() time.Duration { return min(2*r.Every, time.Minute) + 30*time.Second }

// hold makes sure that the lease is ours for half a term. Every renewal is a write to the
// disk, so it is not done at each run of a quick loop.
func (r *runner) hold(ctx context.Context) (bool, error) {
	now := time.Now()
	if r.until.Sub(now) > r.term()/2 {
		return true, nil
	}
	held, err := r.leases.Lease(ctx, r.Name, r.term())
	if err != nil || !held {
		r.until = time.Time{}
		return false, err
	}
	r.until = now.Add(r.term())
	return true, nil
}

// once does the job, renewing the lease meanwhile. The job's context ends when the lease
// is lost: another process may have begun.
func (r *runner) once(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan error, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				done <- fmt.Errorf("panic: %v\n%s", v, debug.Stack())
			}
		}()
		done <- r.Do(ctx)
	}()
	renew := time.NewTicker(r.term() / 4)
	defer renew.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-renew.C:
			switch held, err := r.hold(ctx); {
			case err != nil:
				cancel(fmt.Errorf("renew the lease: %w", err))
			case !held:
				cancel(fmt.Errorf("another process has the lease"))
			}
		}
	}
}

// giveUp ends the lease, so that another process goes on at once.
func (r *runner) giveUp(ctx context.Context) {
	if !time.Now().Before(r.until) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, err := r.leases.Lease(ctx, r.Name, 0); err != nil {
		r.log.Warn("the lease of a background job will run out by itself", "error", err)
	}
}
