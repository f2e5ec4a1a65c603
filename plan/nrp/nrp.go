package nrp

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/throughline-pm/throughline/plan/chance"

	"github.com/throughline-pm/throughline/plan/closure"
)

// Options say how to search. The zero value searches until all is proven.
type Options struct {
	Seed    uint64         // of the random numbers
	Workers int            // goroutines at a time; 0 is one for each processor
	Nodes   int            // nodes of the search tree to open at most; 0 is no limit
	Report  func(Progress) // if not nil, is called as the search goes on, by one goroutine
}

// Progress is how far a search is.
type Progress struct {
	Value      int64 // profit of the best choice so far
	UpperBound int64 // no choice brings more
	Nodes      int   // of the search tree, opened so far
}

// A Result is the best choice found, and how good the best can be.
type Result struct {
	Progress
	Optimal      bool  // Value is UpperBound
	Customers    []int // who are satisfied, ascending
	Requirements []int // what is built, ascending
	Cuts         int   // minimum cuts found on the way
}

// Solve chooses the requirements to build within the budget such that the satisfied
// customers bring the most. It stops when that is proven, when the nodes of the options
// are used up, or when the context is done, and returns the best found. Without the end
// of a context the result depends on the instance, the budget, seed and nodes alone.
// There is an error if the instance is not valid or the budget is negative.
func Solve(ctx context.Context, in *Instance, budget int64, o Options) (Result, error) {
	if err := in.Validate(); err != nil {
		return Result{}, err
	}
	if budget < 0 {
		return Result{}, fmt.Errorf("the budget is %d: it is 0 or more", budget)
	}
	s := &solving{ctx: ctx, instance: in, options: o, value: -1}
	for _, customer := range in.Customers {
		s.bound += customer.Profit
	}
	if s.options.Workers <= 0 {
		s.options.Workers = runtime.GOMAXPROCS(0)
	}
	s.run(newCore(in, budget))
	return s.result(), nil
}

// A solving is one call of Solve.
type solving struct {
	ctx      context.Context
	instance *Instance
	options  Options
	value    int64 // the profit of the best choice, -1 before there is one
	bound    int64
	taken    []int32 // the customers of the best choice, but for those that come with them
	nodes    int
	cuts     int
}

// record takes a set of clients of a core, if it is better than the best.
func (s *solving) record(c *core, profit int64, clients []bool) {
	if profit += c.gained; profit <= s.value {
		return
	}
	s.value, s.taken = profit, slices.Clone(c.taken)
	for i, members := range c.members {
		if clients[i] {
			s.taken = append(s.taken, members...)
		}
	}
	s.report()
}

func (s *solving) report() {
	if s.options.Report != nil {
		s.options.Report(Progress{s.value, s.bound, s.nodes})
	}
}

// run solves a core. What its bound leaves no choice of is decided; if that is much, what
// remains is a smaller core of a better bound, and so on, and the rest is for the tree.
func (s *solving) run(c *core) {
	const much = 0.1
	at := price{1, 1}
	for walked := false; ; walked = true {
		free := pinned{c, make([]closure.Force, len(c.profit)+len(c.cost))}
		cheap, dear := free.lines()
		if dear.cost <= c.budget {
			s.record(c, dear.profit, slices.Repeat([]bool{true}, len(c.profit)))
			s.bound = s.value
			return
		}
		best, kept := cheap, make([]bool, len(c.profit))
		d := newDual(c, c.graph())
		bound := d.minimise(s.ctx, at, cheap, dear, s.value-c.gained, func(l line, in []bool) {
			if l.profit > best.profit {
				best = l
				copy(kept, in)
			}
		})
		at = d.at
		s.cuts += d.cuts
		s.bound = min(s.bound, c.gained+bound)
		s.record(c, best.profit, kept)
		if !walked && s.bound > s.value {
			s.anneal(c, kept, at)
		}
		if s.bound <= s.value || s.ctx.Err() != nil {
			s.bound = max(s.bound, s.value)
			return
		}
		free.fix(d, s.value-c.gained+1)
		if !free.spread() {
			s.bound = s.value
			return
		}
		before := c.size()
		if c = c.reduce(free.clients(), free.parts()); c.size() > (1-much)*before {
			break
		}
	}
	s.search(c, at)
}

// anneal fills a set of clients up to the budget, and walks from there under a price near
// the best, with shares of it from 0.7 to 1.
func (s *solving) anneal(c *core, from []bool, at price) {
	greedy := newWalk(c, nil)
	greedy.start(from)
	greedy.fill()
	s.record(c, greedy.best.profit, greedy.kept)
	all := make([]*walk, walks)
	var wait sync.WaitGroup
	for worker := range min(s.options.Workers, walks) {
		wait.Go(func() {
			for k := worker; k < walks; k += s.options.Workers {
				all[k] = newWalk(c, chance.New(s.options.Seed, uint64(k)))
				all[k].run(s.ctx, greedy.kept, at, 0.7+0.3*float64(k)/(walks-1))
			}
		})
	}
	wait.Wait()
	for _, w := range all {
		s.record(c, w.best.profit, w.kept)
	}
}

// search searches the tree of a core, starting from a price.
func (s *solving) search(c *core, at price) {
	t := newTree(c, s.value-c.gained, s.bound-c.gained, at, s.options.Workers, func(profit int64, clients []bool) {
		s.record(c, profit, clients)
	})
	for t.bound() > t.best && s.ctx.Err() == nil {
		most := math.MaxInt
		if s.options.Nodes > 0 {
			if most = s.options.Nodes - s.nodes; most <= 0 {
				return
			}
		}
		nodes, cuts := t.step(s.ctx, most)
		s.nodes += nodes
		s.cuts += cuts
		if b := t.bound() + c.gained; b < s.bound {
			s.bound = b
			s.report()
		}
	}
}

// result tells the best choice in terms of the instance, with all customers it satisfies.
func (s *solving) result() Result {
	in := s.instance
	var wants []int
	for _, i := range s.taken {
		wants = append(wants, in.Customers[i].Wants...)
	}
	built := make([]bool, len(in.Costs))
	r := Result{Progress: Progress{UpperBound: s.bound, Nodes: s.nodes}, Cuts: s.cuts}
	for _, k := range newNeeds(in).all(wants) {
		built[k] = true
		r.Requirements = append(r.Requirements, int(k))
	}
	for i, customer := range in.Customers {
		if !slices.ContainsFunc(customer.Wants, func(k int) bool { return !built[k] }) {
			r.Value += customer.Profit
			r.Customers = append(r.Customers, i)
		}
	}
	r.Optimal = r.Value == r.UpperBound
	return r
}
