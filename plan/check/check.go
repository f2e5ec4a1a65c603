// Package check verifies plans. It shares no code with what makes them: it knows the model
// of a problem and of its answer, and works out everything else by itself, as simply as it
// can, so that a mistake would have to be made twice to stay hidden.
package check

import (
	"fmt"
	"math"
	"slices"

	"github.com/throughline-pm/throughline/plan"
)

// Violation is something that is not as the problem demands, or not as the plan says.
type Violation struct {
	Element string `json:"element"` // as `activity "A1"`
	Reason  string `json:"reason"`
}

func (v Violation) String() string { return v.Element + ": " + v.Reason }

// Plan returns what is wrong with a plan of a valid problem; nothing if it keeps all links,
// capacities, skills, releases and rules, and is worth what it says.
func Plan(p *plan.Problem, a *plan.Plan) []Violation {
	c := &checker{p: p, a: a}
	c.index()
	if c.read(); len(c.found) > 0 {
		return c.found // what follows looks up what is known to be there
	}
	c.activities()
	c.links()
	c.pools()
	c.people()
	c.features()
	c.rules()
	c.worth()
	return c.found
}

// placed is an activity of the plan.
type placed struct {
	activity      *plan.Activity
	mode          *plan.Mode
	start, finish int
	people        []string
}

type checker struct {
	p     *plan.Problem
	a     *plan.Plan
	found []Violation

	activity map[string]*plan.Activity
	pool     map[string]*plan.Pool
	person   map[string]*plan.Person
	release  map[string]int
	place    map[string]*placed // by activity; those that are done
	order    []*placed
	live     map[string]int // the release of each feature; -1 if it is left out
}

func (c *checker) add(element, reason string, args ...any) {
	c.found = append(c.found, Violation{element, fmt.Sprintf(reason, args...)})
}

func (c *checker) index() {
	c.activity, c.pool, c.person = map[string]*plan.Activity{}, map[string]*plan.Pool{}, map[string]*plan.Person{}
	c.release, c.place, c.live = map[string]int{}, map[string]*placed{}, map[string]int{}
	for i := range c.p.Activities {
		c.activity[c.p.Activities[i].ID] = &c.p.Activities[i]
	}
	for i := range c.p.Pools {
		c.pool[c.p.Pools[i].ID] = &c.p.Pools[i]
	}
	for i := range c.p.People {
		c.person[c.p.People[i].ID] = &c.p.People[i]
	}
	for i := range c.p.Releases {
		c.release[c.p.Releases[i].ID] = i
	}
}

// read takes the plan in, as far as it speaks of what there is.
func (c *checker) read() {
	if len(c.a.Features) != len(c.p.Features) {
		c.add("plan", "it tells of %d features; the problem has %d", len(c.a.Features), len(c.p.Features))
		return
	}
	for i, f := range c.a.Features {
		if want := c.p.Features[i].ID; f.Feature != want {
			c.add(fmt.Sprintf("feature %q", f.Feature), "it stands where the problem has the feature %q", want)
			continue
		}
		k := -1
		if f.Release != "" {
			at, ok := c.release[f.Release]
			if !ok {
				c.add(fmt.Sprintf("feature %q", f.Feature), "its release %q is not in the problem", f.Release)
				continue
			}
			k = at
		}
		c.live[f.Feature] = k
	}
	next := 0
	for _, x := range c.a.Activities {
		e := fmt.Sprintf("activity %q", x.Activity)
		a := c.activity[x.Activity]
		if a == nil {
			c.add(e, "it is not in the problem")
			continue
		}
		for next < len(c.p.Activities) && c.p.Activities[next].ID != x.Activity {
			next++
		}
		if next == len(c.p.Activities) {
			c.add(e, "it is in the plan twice, or not in the order of the problem")
			return
		}
		next++
		m := slices.IndexFunc(a.Modes, func(m plan.Mode) bool { return m.Name == x.Mode })
		if m < 0 {
			c.add(e, "it has no mode named %q", x.Mode)
			continue
		}
		for _, who := range x.People {
			if c.person[who] == nil {
				c.add(e, "the person %q is not in the problem", who)
				return
			}
		}
		if x.Start < 0 || x.Finish > c.p.Horizon || x.Start > x.Finish {
			c.add(e, "it runs from %d to %d; the horizon is %d", x.Start, x.Finish, c.p.Horizon)
			continue
		}
		one := &placed{a, &a.Modes[m], x.Start, x.Finish, x.People}
		c.place[x.Activity] = one
		c.order = append(c.order, one)
	}
}

// duration is the number of periods a mode takes.
func duration(m *plan.Mode) int {
	if m.Duration != 0 {
		return m.Duration
	}
	longest := 0
	for _, d := range m.Demands {
		if d.Effort == nil {
			continue
		}
		work := d.Effort.P50
		if s := d.Effort.Samples; len(s) > 0 {
			s = slices.Clone(s)
			slices.Sort(s)
			if work = s[len(s)/2]; len(s)%2 == 0 {
				work = (s[len(s)/2-1] + s[len(s)/2]) / 2
			}
		}
		longest = max(longest, int(math.Ceil(work/float64(d.Units)-1e-9)))
	}
	return longest
}

// activities checks which are done, and for how long each runs.
func (c *checker) activities() {
	makespan := 0
	for i := range c.p.Activities {
		a := &c.p.Activities[i]
		e := fmt.Sprintf("activity %q", a.ID)
		x := c.place[a.ID]
		built := a.Feature == "" || c.live[a.Feature] >= 0
		switch {
		case built && x == nil:
			c.add(e, "it is not done")
		case !built && x != nil:
			c.add(e, "it is done, though the feature %q is left out", a.Feature)
		}
		if x == nil {
			continue
		}
		if n := duration(x.mode); x.finish-x.start != n {
			c.add(e, "it runs for %d periods; its mode takes %d", x.finish-x.start, n)
		}
		makespan = max(makespan, x.finish)
	}
	if c.a.Makespan != makespan {
		c.add("plan", "its makespan is %d; the last activity is finished at %d", c.a.Makespan, makespan)
	}
}

func (c *checker) links() {
	for i, l := range c.p.Links {
		from, to := c.place[l.From], c.place[l.To]
		if from == nil || to == nil {
			continue
		}
		var apart int
		switch l.Sort {
		case plan.FinishStart:
			apart = to.start - from.finish
		case plan.StartStart:
			apart = to.start - from.start
		case plan.FinishFinish:
			apart = to.finish - from.finish
		case plan.StartFinish:
			apart = to.finish - from.start
		}
		e := fmt.Sprintf("link %d from %q to %q", i+1, l.From, l.To)
		if apart < l.Lag {
			c.add(e, "the distance is %d, less than %d", apart, l.Lag)
		}
		if l.Most != nil && apart > *l.Most {
			c.add(e, "the distance is %d, more than %d", apart, *l.Most)
		}
	}
}

// pools counts what every pool gives in every period.
func (c *checker) pools() {
	used := map[string][]int{}
	for id := range c.pool {
		used[id] = make([]int, c.p.Horizon)
	}
	for _, x := range c.order {
		for _, d := range x.mode.Demands {
			if d.Pool == "" {
				continue
			}
			for t := x.start; t < x.finish; t++ {
				used[d.Pool][t] += d.Units
			}
		}
	}
	for i := range c.p.Pools {
		p := &c.p.Pools[i]
		for t, n := range used[p.ID] {
			capacity := p.Capacity
			for _, s := range p.Changes {
				if s.At <= t {
					capacity = s.Capacity
				}
			}
			if have := float64(capacity) * (1 - p.Reserve); float64(n) > have+1e-9 {
				c.add(fmt.Sprintf("pool %q", p.ID), "in period %d it gives %d units of %v", t, n, have)
				break // one period is enough to say so
			}
		}
	}
}

// people checks that demands for skills are served, and that nobody is in two places.
func (c *checker) people() {
	busy := map[string][]*placed{}
	for _, x := range c.order {
		e := fmt.Sprintf("activity %q", x.activity.ID)
		for i, who := range x.people {
			if slices.Contains(x.people[:i], who) {
				c.add(e, "the person %q counts twice", who)
			}
			busy[who] = append(busy[who], x)
			for _, away := range c.person[who].Away {
				if x.start < away.Until && away.From < x.finish {
					c.add(e, "the person %q is away from %d to %d", who, away.From, away.Until)
				}
			}
		}
		c.crew(e, x)
	}
	for who, all := range busy {
		slices.SortFunc(all, func(a, b *placed) int { return a.start - b.start })
		for i := 1; i < len(all); i++ {
			if a, b := all[i-1], all[i]; b.start < a.finish {
				c.add(fmt.Sprintf("person %q", who), "does the activities %q and %q at once", a.activity.ID, b.activity.ID)
			}
		}
	}
}

// crew checks that the people of an activity can be dealt out to its demands: each place
// in a demand is taken by somebody who can have it, if need be by one who gives up another.
func (c *checker) crew(e string, x *placed) {
	var places []plan.Demand
	for _, d := range x.mode.Demands {
		if d.Skill != "" {
			for range d.Units {
				places = append(places, d)
			}
		}
	}
	if len(places) != len(x.people) {
		c.add(e, "%d people do it; it asks for %d", len(x.people), len(places))
		return
	}
	holder := make([]int, len(places)) // the person at each place, or -1
	for i := range holder {
		holder[i] = -1
	}
	var find func(person int, tried []bool) bool
	find = func(person int, tried []bool) bool {
		for i, d := range places {
			if tried[i] || !able(c.person[x.people[person]], d, x.start, x.finish) {
				continue
			}
			tried[i] = true
			if holder[i] < 0 || find(holder[i], tried) {
				holder[i] = person
				return true
			}
		}
		return false
	}
	for i, who := range x.people {
		if !find(i, make([]bool, len(places))) {
			c.add(e, "the person %q has none of the skills that are left to ask for, at the level and for as long as it runs", who)
		}
	}
}

// able says whether a person has the skill of a demand in all periods of a span.
func able(p *plan.Person, d plan.Demand, from, until int) bool {
	for t := from; t < until; t++ {
		if !slices.ContainsFunc(p.Skills, func(s plan.Skill) bool {
			return s.Skill == d.Skill && s.Level >= d.Level && s.From <= t && (s.Until == 0 || t < s.Until)
		}) {
			return false
		}
	}
	return true
}

// features checks what goes live with which release.
func (c *checker) features() {
	finishes := map[string]int{} // of features that have activities
	for _, x := range c.order {
		finishes[x.activity.Feature] = max(finishes[x.activity.Feature], x.finish)
	}
	for i, f := range c.a.Features {
		e := fmt.Sprintf("feature %q", f.Feature)
		k := c.live[f.Feature]
		finish, works := finishes[f.Feature]
		if f.Finish != finish {
			c.add(e, "its finish is told as %d; it is %d", f.Finish, finish)
		}
		if k < 0 {
			continue
		}
		if r := c.p.Releases[k]; works && finish+r.Stabilisation > r.CutOff {
			c.add(e, "it is finished at %d, too late to be stable for %d periods by the cut-off of the release %q at %d", finish, r.Stabilisation, r.ID, r.CutOff)
		}
		for _, g := range c.p.Features[i].Requires {
			if at := c.live[g]; at < 0 || at > k {
				c.add(e, "it is live before the feature %q, which it requires", g)
			}
		}
	}
}
