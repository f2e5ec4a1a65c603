package plan

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
)

// SolveOptions bound a search. The zero value searches until the context ends.
type SolveOptions struct {
	// Evaluations is the greatest number of plans that are worked out; 0 means no limit.
	Evaluations int
	Seed        uint64
	// Workers is the number of goroutines; 0 means as many as can be of use. The answer
	// does not depend on it, if Evaluations ends the search.
	Workers int
	// Gap ends the search once the plan is proven to be that near to the best, as a share.
	Gap float64
	// Progress, if set, is called now and then from one goroutine.
	Progress func(Progress)
	// Start is a plan to begin with, the one of before an edit, say. What it says is kept
	// unless there is a reason to change it: moving a tenth of the features to other
	// releases must raise the value by half a percent.
	Start *Plan
}

// Progress tells how far a search is.
type Progress struct {
	Value       float64 // of the best plan; -Inf while there is none that satisfies all rules
	Coarse      float64 // as in Plan; -Inf while none was found
	Bound       float64 // no plan is worth more
	Gap         float64 // as in Plan
	Evaluations int
}

const (
	islands = 4    // searches of their own; the answer depends on their number, not on the workers'
	epoch   = 250  // trials of each between two comparisons
	climb   = 40   // steps of the bound meanwhile
	rough   = 2000 // trials of the search by releases alone, all in all
)

// Solve looks for the plan of greatest worth, and proves how far from it the plan found
// can be; see [Planner.Solve].
func Solve(ctx context.Context, p *Problem, options SolveOptions) (*Plan, error) {
	planner, err := NewPlanner(p)
	if err != nil {
		return nil, err
	}
	return planner.Solve(ctx, options)
}

// Planner plans one problem and keeps what it has learnt of it: the best order, the bound
// and its prices. Its methods are not for use by several goroutines at once.
type Planner struct {
	m           *model
	b           *bound
	best        *schedule // of the best plan, or nil
	value       float64   // of it
	coarse      *search   // for the best plan by releases alone, or nil
	order       []int32   // that makes it
	evaluations int
}

// NewPlanner prepares to plan a problem. Faults of the problem are a [Faults]; a problem
// of which can be seen that no plan satisfies it is an *[Infeasible].
func NewPlanner(p *Problem) (*Planner, error) {
	m, err := compile(p)
	if err != nil {
		return nil, err
	}
	b, err := m.newBound()
	if err != nil {
		return nil, err
	}
	if err := b.overfull(); err != nil {
		return nil, err
	}
	return &Planner{m: m, b: b, value: math.Inf(-1)}, nil
}

// Solve looks for the plan of greatest worth. It goes on from the best plan of earlier
// calls, and ends when ctx does, after the evaluations allowed, or when the gap is proven;
// even if ctx has ended it works out some plans. If none of them satisfies all rules the
// error is a *[NotFound].
func (x *Planner) Solve(ctx context.Context, options SolveOptions) (*Plan, error) {
	s := &solver{Planner: x, m: x.m, options: options}
	if options.Start != nil {
		s.m = x.m.keeping(options.Start)
	}
	if err := s.begin(); err != nil {
		return nil, err
	}
	for !s.over(ctx) {
		if err := s.epoch(); err != nil {
			return nil, err
		}
		s.report()
	}
	if x.best == nil {
		last := s.m.newSchedule()
		last.run(s.islands[0].bestOf)
		return nil, &NotFound{s.spent, x.m.blocked(last)}
	}
	return x.plan(), nil
}

// solver is one call of Solve. It may search on another model than the planner's, one
// that leans towards what is there already; what plans are worth the planner's model says.
type solver struct {
	*Planner
	m       *model
	options SolveOptions
	islands []*search
	tops    []score // what the best of each island was when it was last looked at
	spent   int
}

// begin makes a first plan, by what a feature brings for the work it takes, as people
// order; then the bound takes its first steps, and how early its relaxation has each
// feature live is an order of its own, mostly the better one.
func (s *solver) begin() error {
	first := s.m.byDensity(s.b)
	switch {
	case s.options.Start != nil:
		first = s.m.byPlan(s.options.Start)
		kept := s.m.replay(s.options.Start)
		s.take(kept, first)
	case s.order != nil:
		first = s.order
	}
	s.found(first)
	s.report()
	if err := s.b.improve(4*climb, s.value); err != nil {
		return err
	}
	second := s.m.byBound(s.b)
	if s.coarse == nil && len(second) > 0 {
		if d := s.b.newBuckets(); d != nil {
			s.coarse = newSearch(d, second, s.options.Seed, islands)
		}
	}
	if s.order != nil {
		second = s.order
	}
	for len(s.islands) < islands {
		s.found(second)
	}
	s.report()
	return nil
}

// found adds an island that begins with an order.
func (s *solver) found(order []int32) {
	s.islands = append(s.islands, newSearch(s.m.newSchedule(), order, s.options.Seed, len(s.islands)))
	s.tops = append(s.tops, score{lacks: len(s.m.blocks) + 1})
	s.spent++
	s.evaluations++
	s.choose()
}

// choose takes over the best plan of the islands if it is better than that of before.
func (s *solver) choose() {
	for i, x := range s.islands {
		if !x.best.over(s.tops[i]) {
			continue
		}
		s.tops[i] = x.best
		if x.best.lacks > 0 {
			continue
		}
		made := s.m.newSchedule()
		made.run(x.bestOf)
		s.spent += made.polish(x.bestOf)
		s.take(made, x.bestOf)
	}
}

// take makes a schedule the best one if it is better, by what it is worth and leans to.
func (s *solver) take(made *schedule, order []int32) {
	value := s.Planner.m.valueOf(made)
	if made.lacks == 0 && (s.best == nil || value+s.m.leaning(made) > s.value+s.m.leaning(s.best)) {
		s.best, s.Planner.value, s.order = made, value, slices.Clone(order)
	}
}

func (s *solver) over(ctx context.Context) bool {
	if ctx.Err() != nil || s.options.Evaluations > 0 && s.spent >= s.options.Evaluations {
		return true
	}
	settled := len(s.m.blocks) < 2 && s.b.settled() // nothing to try, and the bound is what it is
	return s.best != nil && (settled || s.progress().Gap <= s.options.Gap)
}

// epoch lets every island search for a while and the bound climb meanwhile.
func (s *solver) epoch() error {
	trials := epoch
	if left := s.options.Evaluations - s.spent; s.options.Evaluations > 0 {
		trials = min(trials, (left+islands-1)/islands)
	}
	var failed error
	value := s.value
	jobs := []func(){func() { failed = s.b.improve(climb, value) }}
	if s.coarse != nil && s.coarse.trials < rough {
		jobs = append(jobs, func() { s.coarse.run(trials) })
	}
	for _, x := range s.islands {
		jobs = append(jobs, func() { x.run(trials) })
	}
	run(jobs, s.options.Workers)
	s.spent += trials * islands
	s.evaluations += trials * islands
	s.choose()
	return failed
}

// run does jobs that do not depend on each other, so many at once; 0 means all.
func run(jobs []func(), workers int) {
	if workers == 0 || workers > len(jobs) {
		workers = len(jobs)
	}
	next := make(chan func(), len(jobs))
	for _, job := range jobs {
		next <- job
	}
	close(next)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for job := range next {
				job()
			}
		})
	}
	all.Wait()
}

func (x *Planner) progress() Progress {
	most := math.Max(x.b.value(), x.value)
	coarse := math.Inf(-1)
	if x.coarse != nil && x.coarse.best.lacks == 0 {
		coarse = math.Max(x.coarse.best.value, x.value) // a plan by days is one by releases
	}
	return Progress{Value: x.value, Coarse: coarse, Bound: most, Gap: gap(x.value, most), Evaluations: x.evaluations}
}

// gap is how far below a bound a value is, as a share of the bound; 1 while nothing is
// known of one of them.
func gap(value, most float64) float64 {
	switch {
	case math.IsInf(value, 0) || math.IsInf(most, 0):
		return 1
	case value >= most:
		return 0
	}
	return (most - value) / math.Abs(most)
}

func (s *solver) report() {
	if s.options.Progress != nil {
		s.options.Progress(s.progress())
	}
}

// NotFound is the error of a search that found no plan which satisfies all rules, though
// nothing proves that there is none.
type NotFound struct {
	Evaluations int
	Blocked     []string // features and activities that must be done and found no place
}

func (e *NotFound) Error() string {
	names := e.Blocked
	if len(names) > 5 {
		names = append(slices.Clone(names[:5]), "and others")
	}
	return fmt.Sprintf("none of %d plans satisfies all rules; what must be done and found no place: %s", e.Evaluations, strings.Join(names, ", "))
}

// plan writes the best schedule down.
func (x *Planner) plan() *Plan {
	out := x.m.answer(x.best)
	p := x.progress()
	out.Value, out.Bound, out.Gap, out.Evaluations = p.Value, p.Bound, p.Gap, p.Evaluations
	if !math.IsInf(p.Coarse, -1) {
		out.Coarse = &p.Coarse
	}
	return out
}

// blocked names what must be built and is not.
func (m *model) blocked(s *schedule) []string {
	var out []string
	for b := range m.blocks {
		if !m.blocks[b].must || s.state[b] == inPlan {
			continue
		}
		for _, p := range m.blocks[b].parts {
			for _, f := range p.features {
				out = append(out, m.p.Features[f].ID)
			}
		}
		if len(m.blocks[b].parts) == 0 {
			out = append(out, m.activityID(&m.acts[m.blocks[b].acts[0]]))
		}
	}
	return out
}

// answer writes a schedule down with the names of the problem.
func (m *model) answer(s *schedule) *Plan {
	out := &Plan{Activities: []PlannedActivity{}}
	for i := range m.features {
		f, k := &m.features[i], int(s.live[i])
		pf := PlannedFeature{Feature: m.p.Features[i].ID, Value: f.worth[k]}
		if k < len(m.releases) {
			pf.Release = m.releases[k].ID
			pf.Value -= s.cost(f) * m.discounts[k]
			for _, a := range f.acts {
				pf.Finish = max(pf.Finish, s.end(a))
			}
		}
		out.Features = append(out.Features, pf)
	}
	for i := range m.acts {
		if s.start[i] < 0 {
			continue
		}
		a := &m.acts[i]
		mo := a.modes[s.mode[i]]
		pa := PlannedActivity{Activity: m.activityID(a), Mode: m.modeName(a, mo), Start: int(s.start[i]), Finish: s.end(i)}
		for _, who := range s.people(i) {
			pa.People = append(pa.People, m.p.People[who].ID)
		}
		out.Activities = append(out.Activities, pa)
		out.Makespan = max(out.Makespan, pa.Finish)
	}
	return out
}
