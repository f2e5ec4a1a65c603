package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/throughline-pm/throughline/plan/chance"
)

// simulation is a plan made ready to be played out. It is made once and only read
// afterwards; each course is a course of its own, see [course].
type simulation struct {
	m    *model
	plan *Plan
	seed uint64
	u    Uncertainty

	work      []work     // in the order in which resources are handed out
	lines     []timeline // what is free of each resource at the start
	users     [][]int32  // the work that takes each resource
	factors   []factor   // of pools and skills
	people    map[string]int
	growth    []growing
	priced    []int // work whose cost or lateness counts by itself, not with a feature
	risks     []risky
	features  []simFeature
	ties      []tie
	deadlines []simDeadline

	global, own float64 // weights of the factors
	shared      float64
	globalBits  uint64
}

// work is an activity of the plan.
type work struct {
	act       int // in the model
	planned   int // in the plan
	takes     []take
	demands   []uncertain
	fixed     int32 // ticks it takes at least: all of them if no demand takes time
	after     []before
	notBefore int32
	growth    int     // or -1
	rate      float64 // cost of a tick
	soft      []softDeadline
}

// before is a link from work that comes earlier in the order.
type before struct {
	work           int
	fromEnd, toEnd bool
	lag            int32
}

// growing is a feature of the plan whose work may grow.
type growing struct {
	feature int
	name    uint64
}

// factor is what the demands of a pool, or of a skill, have in common.
type factor struct {
	common, leave uint64 // names of draws
	away          bool
}

type risky struct {
	name   uint64
	chance float64
	factor float64
	delay  int32
	work   []int
}

// simFeature is a feature of the problem.
type simFeature struct {
	planned int // its release, or as many as there are for none
	floor   int // the first release it may go live with
	work    []int
}

// tie says that a feature goes live no earlier than another.
type tie struct{ feature, other int }

// simDeadline is a feature or a piece of work with the moment it is due at.
type simDeadline struct {
	rule          int
	element       string
	feature, work int // one of them is -1
	at            int
}

// newSimulation checks that a plan is one of the problem and makes it ready.
func newSimulation(p *Problem, plan *Plan, seed uint64) (*simulation, error) {
	m, err := compile(p)
	if err != nil {
		return nil, err
	}
	u := p.Uncertainty
	s := &simulation{m: m, plan: plan, seed: seed, u: u, globalBits: chance.Hash(seed, drawGlobal)}
	s.global, s.shared, s.own = math.Sqrt(u.Global), math.Sqrt(u.Shared), math.Sqrt(max(0, 1-u.Global-u.Shared))
	for r := range m.resources {
		s.lines = append(s.lines, newTimeline(m.row(m.supply, r)))
	}
	if err := s.pickFeatures(); err != nil {
		return nil, err
	}
	s.people = number(p.People, func(x *Person) string { return x.ID })
	at, err := s.order()
	if err != nil {
		return nil, err
	}
	for _, r := range p.Rules {
		if r.Sort != NotBefore && r.Sort != StartAt {
			continue
		}
		for _, id := range r.Activities {
			if w, ok := at[id]; ok {
				s.work[w].notBefore = max(s.work[w].notBefore, int32(r.At*tick))
			}
		}
	}
	for i := range s.features {
		if len(s.features[i].work) > 0 && u.Growth > 0 {
			s.growth = append(s.growth, growing{i, chance.Hash(seed, drawGrowth, chance.Name(p.Features[i].ID))})
		}
	}
	s.pack()
	s.holdBack()
	for i := range p.Risks {
		r := &p.Risks[i]
		x := risky{name: chance.Hash(seed, drawRisk, chance.Name(r.ID)), chance: r.Chance, factor: cmp.Or(r.Factor, 1), delay: int32(r.Delay) * tick}
		for _, id := range r.Activities {
			if w, ok := at[id]; ok {
				x.work = append(x.work, w)
			}
		}
		s.risks = append(s.risks, x)
	}
	features := number(p.Features, func(f *Feature) string { return f.ID })
	for i, r := range p.Rules {
		if r.Sort != Deadline {
			continue
		}
		for _, id := range r.Features {
			s.deadlines = append(s.deadlines, simDeadline{rule: i, element: id, feature: features[id], work: -1, at: r.At})
		}
		for _, id := range r.Activities {
			if w, ok := at[id]; ok {
				s.deadlines = append(s.deadlines, simDeadline{rule: i, element: id, feature: -1, work: w, at: r.At})
			}
		}
	}
	return s, nil
}

// factorOf returns what a demand has in common with others of its pool or skill.
func (s *simulation) factorOf(d *Demand) int {
	name := chance.Name(d.Pool + "\x00" + d.Skill)
	common := chance.Hash(s.seed, drawPool, name)
	if i := slices.IndexFunc(s.factors, func(f factor) bool { return f.common == common }); i >= 0 {
		return i
	}
	s.factors = append(s.factors, factor{common, chance.Hash(s.seed, drawLeave, name), d.Pool != "" && s.u.Leave > 0})
	return len(s.factors) - 1
}

// pickFeatures reads where the plan has each feature.
func (s *simulation) pickFeatures() error {
	m, p := s.m, s.m.p
	features := number(p.Features, func(f *Feature) string { return f.ID })
	releases := number(p.Releases, func(r *Release) string { return r.ID })
	s.features = make([]simFeature, len(m.features))
	for i := range s.features {
		s.features[i].planned = len(m.releases)
	}
	for _, f := range s.plan.Features {
		n, ok := features[f.Feature]
		if !ok {
			return fmt.Errorf("feature %q of the plan: it is not in the problem", f.Feature)
		}
		if f.Release == "" {
			continue
		}
		if s.features[n].planned, ok = releases[f.Release]; !ok {
			return fmt.Errorf("feature %q of the plan: its release %q is not in the problem", f.Feature, f.Release)
		}
	}
	// What is required comes first, so that settling needs few rounds.
	seen := make([]bool, len(m.features))
	var visit func(i int)
	visit = func(i int) {
		seen[i] = true
		for _, others := range [][]int{m.features[i].requires, m.features[i].together} {
			for _, g := range others {
				if !seen[g] {
					visit(g)
				}
				s.ties = append(s.ties, tie{i, g})
			}
		}
	}
	for i := range m.features {
		if !seen[i] {
			visit(i)
		}
	}
	return nil
}

// order puts the work in the order of its planned starts, but each after what it is linked
// to: that is the order in which resources are handed out in every course. Links can run
// in a circle, with negative lags; then the earliest of the circle does not wait.
func (s *simulation) order() (at map[string]int, err error) {
	m, p := s.m, s.m.p
	planned := make([]int, len(m.acts)) // in the plan, plus one
	numbers := number(p.Activities, func(a *Activity) string { return a.ID })
	for i := range s.plan.Activities {
		a := &s.plan.Activities[i]
		n, ok := numbers[a.Activity]
		if !ok || planned[n] > 0 {
			return nil, fmt.Errorf("activity %q of the plan: it is not in the problem, or twice in the plan", a.Activity)
		}
		planned[n] = i + 1
	}
	var open []int
	for n := range m.acts {
		f := m.acts[n].feature
		if built := f < 0 || s.features[f].planned < len(m.releases); built != (planned[n] > 0) {
			return nil, fmt.Errorf("activity %q: the plan has it and not its feature, or the other way round", p.Activities[n].ID)
		} else if built {
			open = append(open, n)
		}
	}
	slices.SortStableFunc(open, func(a, b int) int {
		return cmp.Compare(s.plan.Activities[planned[a]-1].Start, s.plan.Activities[planned[b]-1].Start)
	})
	place := make([]int, len(m.acts))
	for n := range place {
		place[n] = -1
	}
	seen := make([]bool, len(m.acts))
	at = make(map[string]int, len(open))
	var visit func(n int) error
	visit = func(n int) error {
		seen[n] = true
		for _, c := range m.acts[n].in {
			if planned[c.other] > 0 && !seen[c.other] {
				if err := visit(c.other); err != nil {
					return err
				}
			}
		}
		w, err := s.prepare(n, planned[n]-1, place)
		if err != nil {
			return err
		}
		place[n] = len(s.work)
		at[p.Activities[n].ID] = len(s.work)
		if f := m.acts[n].feature; f >= 0 {
			s.features[f].work = append(s.features[f].work, len(s.work))
		}
		s.work = append(s.work, w)
		return nil
	}
	for _, n := range open {
		if !seen[n] {
			if err := visit(n); err != nil {
				return nil, err
			}
		}
	}
	s.users = make([][]int32, len(s.lines))
	for i := range s.work {
		for _, d := range s.work[i].takes {
			r := d.resource
			if len(s.users[r]) == 0 || d.units < s.lines[r].least {
				s.lines[r].least = d.units
			}
			s.users[r] = append(s.users[r], int32(i))
		}
	}
	return at, nil
}

// prepare makes an activity of the plan ready; place tells which ones come before it.
func (s *simulation) prepare(n, number int, place []int) (work, error) {
	m, p := s.m, s.m.p
	planned := &s.plan.Activities[number]
	a := &m.acts[n]
	id := p.Activities[n].ID
	k := slices.IndexFunc(a.modes, func(mo mode) bool { return m.modeName(a, mo) == planned.Mode })
	if k < 0 {
		return work{}, fmt.Errorf("activity %q of the plan: there is no mode %q it may be done in", id, planned.Mode)
	}
	mo := &a.modes[k]
	w := work{act: n, planned: number, growth: -1, takes: slices.Clone(mo.pools), soft: a.soft}
	cost := 0.0
	for _, d := range mo.pools {
		if d.resource < len(p.Pools) {
			cost += float64(d.units) * p.Pools[d.resource].Cost
		}
	}
	for _, person := range planned.People {
		i, ok := s.people[person]
		if !ok {
			return work{}, fmt.Errorf("activity %q of the plan: there is no person %q", id, person)
		}
		w.takes = append(w.takes, take{m.firstHand + i, 1})
		cost += p.People[i].Cost
	}
	w.rate = cost / tick
	from := &p.Activities[n].Modes[mo.index]
	for i := range from.Demands {
		d := &from.Demands[i]
		u := uncertain{name: chance.Hash(s.seed, drawEffort, chance.Name(id), uint64(i))}
		u.pool = s.factorOf(d)
		switch {
		case from.Duration > 0:
			u.base = float64(from.Duration * tick)
		case d.Effort != nil:
			u.base = d.Effort.Median() / float64(d.Units) * tick
		}
		u.fit(d.Effort, s.u.Spread)
		w.demands = append(w.demands, u)
	}
	if len(w.demands) == 0 {
		w.fixed = int32(from.Duration * tick)
	}
	if f := a.feature; f >= 0 && s.u.Growth > 0 {
		w.growth = f
	}
	for _, c := range a.in {
		if i := place[c.other]; i >= 0 {
			w.after = append(w.after, before{i, c.fromEnd, c.toEnd, int32(c.lag * tick)})
		}
	}
	return w, nil
}

// pack puts what courses read one after the other side by side in memory.
func (s *simulation) pack() {
	var takes []take
	var demands []uncertain
	var after []before
	for i := range s.work {
		w := &s.work[i]
		takes, demands, after = append(takes, w.takes...), append(demands, w.demands...), append(after, w.after...)
		if s.m.acts[w.act].feature < 0 && s.m.costs || len(w.soft) > 0 {
			s.priced = append(s.priced, i)
		}
	}
	for i := range s.work {
		w := &s.work[i]
		w.takes, takes = cut(takes, len(w.takes))
		w.demands, demands = cut(demands, len(w.demands))
		w.after, after = cut(after, len(w.after))
	}
}

func cut[T any](all []T, n int) (first, rest []T) { return all[:n:n], all[n:] }

// holdBack finds the features that rules or the plan keep for a later release than their
// work makes: they are kept in every course, too.
func (s *simulation) holdBack() {
	m, p := s.m, s.m.p
	made := make([]int16, len(s.features))
	finish := make([]int, len(m.acts))
	for i := range s.work {
		n := s.work[i].act
		finish[n] = s.plan.Activities[s.work[i].planned].Finish
	}
	for i := range s.features {
		end := 0
		for _, a := range m.features[i].acts {
			end = max(end, finish[a])
		}
		made[i] = m.soonest[min(end, m.horizon)]
	}
	s.settle(made)
	releases := number(p.Releases, func(r *Release) string { return r.ID })
	features := number(p.Features, func(f *Feature) string { return f.ID })
	for i := range s.features {
		if f := &s.features[i]; f.planned < len(m.releases) && f.planned > int(made[i]) {
			f.floor = f.planned
		}
	}
	for _, r := range p.Rules {
		if r.Sort != InRelease && (r.Sort != NotBefore || r.Release == "") {
			continue
		}
		for _, id := range r.Features {
			f := &s.features[features[id]]
			f.floor = max(f.floor, releases[r.Release])
		}
	}
}

// settle moves features to later releases until none is live before one it requires, nor
// before those it is coupled with.
func (s *simulation) settle(live []int16) {
	for moved := true; moved; {
		moved = false
		for _, t := range s.ties {
			if live[t.feature] < live[t.other] {
				live[t.feature], moved = live[t.other], true
			}
		}
	}
}
