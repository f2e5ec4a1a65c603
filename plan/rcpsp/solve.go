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

// search is a run of Solve: islands that search on their own and meet after each epoch.
// How many there are and when they meet follows from the limit of schedules, not from the
// number of workers.
type search struct {
	*project
	opt      Options
	bound    int32
	makespan int32
	best     []int32
	islands  []*island
}

const (
	unlimited = math.MaxInt
	// small is a limit too small to share out among islands.
	small = 20_000
)

func newSearch(p *project, opt Options) *search {
	if opt.Workers == 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	s := &search{project: p, opt: opt, makespan: math.MaxInt32}
	s.bound = p.lowerBound()
	islands := 4
	limit := opt.Schedules
	switch {
	case limit == 0:
		limit = unlimited
		islands = max(opt.Workers, 1)
	case limit < small:
		islands = 1
	}
	for i := range islands {
		share := limit
		if limit != unlimited {
			share = (limit + islands - 1 - i) / islands
		}
		s.islands = append(s.islands, newIsland(p, s.bound, share, opt.Seed+uint64(i)<<32))
	}
	return s
}

func (s *search) schedules() (n int) {
	for _, i := range s.islands {
		n += i.made
	}
	return n
}

// epoch is how many schedules an island makes between two meetings.
const epoch = 5_000

func (s *search) run(ctx context.Context) {
	for over := false; !over; {
		turn := make(chan *island, len(s.islands))
		for _, i := range s.islands {
			turn <- i
		}
		close(turn)
		var all sync.WaitGroup
		for range min(s.opt.Workers, len(s.islands)) {
			all.Go(func() {
				for i := range turn {
					i.run(ctx, i.made+epoch)
				}
			})
		}
		all.Wait()
		over = true
		var from *island
		for _, i := range s.islands {
			if i.makespan < s.makespan {
				s.makespan, s.best, from = i.makespan, i.best, i
			}
			over = over && i.made >= i.limit
		}
		if s.opt.Progress != nil {
			s.opt.Progress(Progress{s.schedules(), int(s.makespan), int(s.bound)})
		}
		if s.makespan <= s.bound || ctx.Err() != nil {
			return
		}
		if from != nil {
			for _, i := range s.islands {
				if i != from {
					i.welcome(s.best)
				}
			}
		}
	}
}
