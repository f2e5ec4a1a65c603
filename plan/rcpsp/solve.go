package rcpsp

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
)

// Options say how much a search may do.
type Options struct {
	// Schedules is how many schedules may be made; 0 sets no limit, so that the search
	// goes on until the context is done or the makespan proven to be the least.
	Schedules int

	// Seed chooses one of many searches of equal worth.
	Seed uint64

	// Workers is how many threads may run at once; 0 is one for each processor. It changes
	// how long a search under a limit of schedules takes, not what it finds.
	Workers int

	// Progress, if given, is called from time to time, never by two threads at once.
	Progress func(Progress)
}

// Progress is how far a search has come.
type Progress struct {
	Schedules  int // made so far
	Makespan   int // of the best of them
	LowerBound int // proven so far
}

// Result is the best schedule that a search has found, and what is known about it.
type Result struct {
	Start        []int // of each activity, in periods from 0
	Makespan     int   // finish of the last activity
	CriticalPath int   // makespan if no resource were scarce
	LowerBound   int   // no schedule is shorter than this
	Schedules    int   // how many the search has made
	Optimal      bool  // Makespan equals LowerBound
}

// Solve looks for a schedule of least makespan. It returns the best found when the makespan
// is proven to be the least, the schedules that the options allow are used up, or the
// context is done, whichever comes first; it makes at least one schedule, so there always
// is an answer. The only errors are those of Validate and of negative options.
func Solve(ctx context.Context, in *Instance, opt Options) (Result, error) {
	if err := in.Validate(); err != nil {
		return Result{}, err
	}
	if opt.Schedules < 0 {
		return Result{}, fmt.Errorf("rcpsp: %d schedules allowed", opt.Schedules)
	}
	if opt.Workers < 0 {
		return Result{}, fmt.Errorf("rcpsp: %d workers", opt.Workers)
	}
	p, number, unit := compile(in)
	s := newSearch(p, opt)
	s.run(ctx)
	r := Result{
		Start:        make([]int, p.n),
		Makespan:     int(s.makespan) * unit,
		CriticalPath: int(p.criticalPath()) * unit,
		LowerBound:   int(s.bound) * unit,
		Schedules:    s.schedules(),
		Optimal:      s.makespan == s.bound,
	}
	for i, t := range s.best {
		r.Start[number[i]] = int(t) * unit
	}
	return r, nil
}

// search is a run of Solve: islands that search on their own, and a prover, which meet after
// each epoch. How many islands there are, what each does in an epoch and what they then
// tell each other follows from the limit of schedules, not from the number of workers.
type search struct {
	*project
	opt      Options
	limit    int
	bound    int32
	makespan int32
	best     []int32
	islands  []*island
	prover   *prover
}

const (
	unlimited = math.MaxInt

	// small is a limit too small to share out among islands, of which there are some
	// otherwise.
	small = 60_000
	some  = 4

	// epoch is how many schedules an island makes between two meetings.
	epoch = 5_000

	// manyDives take about as long as the schedules of an epoch, fewDives a tenth of that.
	manyDives = 500
	fewDives  = 50
)

func newSearch(p *project, opt Options) *search {
	if opt.Workers == 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	s := &search{project: p, opt: opt, limit: opt.Schedules, makespan: math.MaxInt32, best: make([]int32, p.n)}
	s.bound = p.lowerBound()
	islands := some
	switch {
	case s.limit == 0:
		s.limit = unlimited
		islands = max(some, opt.Workers)
	case s.limit < small:
		islands = 1
	}
	for i := range islands {
		share := s.limit
		if s.limit != unlimited {
			share /= islands
		}
		s.islands = append(s.islands, newIsland(p, share, opt.Seed+uint64(i)<<32))
	}
	s.prover = newProver(p, s.bound)
	return s
}

func (s *search) schedules() int {
	n := s.prover.made
	for _, i := range s.islands {
		n += i.made
	}
	return n
}

// run searches until there is nothing more to find or to spend.
func (s *search) run(ctx context.Context) {
	for {
		left := s.limit - s.schedules()
		if left <= 0 {
			return
		}
		s.together(s.plan(ctx, left))
		s.meet()
		if s.opt.Progress != nil {
			s.opt.Progress(Progress{s.schedules(), int(s.makespan), int(s.bound)})
		}
		if s.makespan <= s.bound || ctx.Err() != nil {
			return
		}
	}
}

// plan shares the work of an epoch out. Under a limit, proofs get half of the schedules as
// long as there is hope.
func (s *search) plan(ctx context.Context, left int) (tasks []func()) {
	quota := epoch
	if len(s.islands) == 1 {
		quota = (s.limit + 7) / 8
	}
	if makespan := s.makespan; makespan < math.MaxInt32 && s.provable(makespan) {
		dives, prove := 0, s.prover.refute
		switch hopeful := s.hopeful(s.bound, makespan); {
		case s.limit == unlimited && hopeful:
			dives = manyDives
		case s.limit == unlimited:
			dives, prove = fewDives, s.prover.lift
		case hopeful:
			dives = min(left, quota)
		}
		left -= dives
		tasks = append(tasks, func() { prove(ctx, makespan, dives) })
	}
	for k, i := range s.islands {
		share := min(quota, left/(len(s.islands)-k))
		left -= share
		tasks = append(tasks, func() { i.run(ctx, s.bound, share) })
	}
	return tasks
}

// together does the tasks with as many workers as there may be.
func (s *search) together(tasks []func()) {
	turn := make(chan func(), len(tasks))
	for _, t := range tasks {
		turn <- t
	}
	close(turn)
	var all sync.WaitGroup
	for range min(s.opt.Workers, len(tasks)) {
		all.Go(func() {
			for t := range turn {
				t()
			}
		})
	}
	all.Wait()
}

// meet takes the best that has been found and tells it to all.
func (s *search) meet() {
	var from *island
	for _, i := range s.islands {
		if i.makespan < s.makespan {
			s.makespan, from = i.makespan, i
			copy(s.best, i.best)
		}
	}
	if v := s.prover; v.found < s.makespan {
		s.makespan, from = v.found, nil
		copy(s.best, v.best)
	}
	s.bound = max(s.bound, s.prover.bound)
	for _, i := range s.islands {
		if i != from && i.makespan > s.makespan {
			i.welcome(s.best)
		}
	}
}
