package plan

import (
	"context"
	"math"
	"slices"
	"sync"
)

// SolveOptions bound a search. The zero value searches with one worker for each island
// until the context ends.
type SolveOptions struct {
	// Evaluations is the greatest number of plans that are worked out; 0 means no limit.
	Evaluations int
	Seed        uint64
	// Workers is the number of goroutines; 0 means as many as can be of use. The answer
	// does not depend on it, if Evaluations ends the search.
	Workers int
	// Gap ends the search once the plan is proven to be that near to the best, as a share.
	Gap float64
	// Progress, if set, is called now and then, and at the end, from one goroutine.
	Progress func(Progress)
	// Start is a plan to begin with, one made before an edit, say.
	Start *Plan
}

// Progress tells how far a search is.
type Progress struct {
	Value       float64
	Bound       float64
	Gap         float64
	Evaluations int
}

const (
	islands = 4   // searches of their own; the answer depends on their number, not on the workers'
	epoch   = 250 // trials of each between two comparisons
	climb   = 40  // steps of the bound meanwhile
)

// Solve looks for the plan of greatest worth, and proves how far from it the plan found
// can be. It ends when ctx does, after the evaluations allowed, or when the gap is proven.
// Faults of the problem are a [Faults]; a problem of which it can be seen that no plan
// satisfies it is an *[Infeasible]; if within the budget none was found that does, the
// error is a *[NotFound].
func Solve(ctx context.Context, p *Problem, options SolveOptions) (*Plan, error) {
	m, err := compile(p)
	if err != nil {
		return nil, err
	}
	b, err := m.newBound()
	if err != nil {
		return nil, err
	}
	s := &solver{m: m, b: b, options: options}
	if err := s.begin(); err != nil {
		return nil, err
	}
	for !s.over(ctx) {
		if err := s.epoch(); err != nil {
			return nil, err
		}
		s.report()
	}
	return s.plan()
}

type solver struct {
	m           *model
	b           *bound
	options     SolveOptions
	islands     []*search
	best        *search
	evaluations int
}

// begin makes a first plan, by what a feature brings for the work it takes, as people
// order; then the bound takes its first steps, and how early its relaxation has each
// feature live is an order of its own, mostly the better one.
func (s *solver) begin() error {
	m := s.m
	first := m.byDensity(s.b)
	if s.options.Start != nil {
		first = m.byPlan(s.options.Start)
	}
	s.islands = append(s.islands, newSearch(m.newSchedule(), first, s.options.Seed, 0))
	s.evaluations++
	s.choose()
	s.report()
	if err := s.b.improve(4*climb, s.value()); err != nil {
		return err
	}
	second := m.byBound(s.b)
	for i := 1; i < islands; i++ {
		s.islands = append(s.islands, newSearch(m.newSchedule(), second, s.options.Seed, i))
		s.evaluations++
	}
	s.choose()
	s.report()
	return nil
}

// value is what the best plan known is worth, for the bound to stop at.
func (s *solver) value() float64 {
	if s.best.best.lacks > 0 {
		return math.Inf(-1)
	}
	return s.best.best.value
}

func (s *solver) choose() {
	s.best = s.islands[0]
	for _, x := range s.islands[1:] {
		if x.best.over(s.best.best) {
			s.best = x
		}
	}
}

func (s *solver) over(ctx context.Context) bool {
	return ctx.Err() != nil || s.options.Evaluations > 0 && s.evaluations >= s.options.Evaluations ||
		len(s.m.blocks) < 2 && s.b.idle > 0 || s.best.best.lacks == 0 && s.progress().Gap <= s.options.Gap
}

// epoch lets every island search for a while and the bound climb meanwhile; then those
// that lag take over the best order.
func (s *solver) epoch() error {
	trials := epoch
	if left := s.options.Evaluations - s.evaluations; s.options.Evaluations > 0 {
		trials = min(trials, (left+islands-1)/islands)
	}
	var failed error
	value := s.value()
	jobs := []func(){func() { failed = s.b.improve(climb, value) }}
	for _, x := range s.islands {
		jobs = append(jobs, func() { x.run(trials) })
	}
	run(jobs, s.options.Workers)
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

func (s *solver) progress() Progress {
	value, most := s.best.best.value, s.b.value()
	return Progress{Value: value, Bound: most, Gap: gap(value, most), Evaluations: s.evaluations}
}

// gap is how far below a bound a value is, as a share of the bound.
func gap(value, most float64) float64 {
	if value >= most {
		return 0
	}
	return (most - value) / math.Max(math.Abs(most), 1e-300)
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
	Blocked     []string // what could not be placed
}

func (e *NotFound) Error() string {
	return "no plan was found that satisfies all rules; what must be built and found no place: " + list(e.Blocked)
}

func list(names []string) string {
	if len(names) > 5 {
		names = append(slices.Clone(names[:5]), "…")
	}
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}

// plan turns the best schedule into an answer.
func (s *solver) plan() (*Plan, error) {
	m := s.m
	sch := m.newSchedule()
	sch.run(s.best.bestOf)
	if sch.lacks > 0 {
		return nil, &NotFound{s.evaluations, m.blocked(sch)}
	}
	out := m.answer(sch)
	p := s.progress()
	out.Value, out.Bound, out.Gap, out.Evaluations = sch.value, max(p.Bound, sch.value), p.Gap, s.evaluations
	return out, nil
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
