package plan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Repair is a set of changes after which the problem has a plan.
type Repair struct {
	Changes []Change `json:"changes"`
	// Value is what the best plan found then is worth.
	Value float64 `json:"value"`
	// Problem is the repaired problem.
	Problem *Problem `json:"-"`
}

// Change is one of a rule or of a pool.
type Change struct {
	Rule string `json:"rule,omitempty"`
	Pool string `json:"pool,omitempty"`
	// Dropped says that the rule is given up.
	Dropped bool `json:"dropped,omitempty"`
	// At is the new moment of a deadline, Release the new release of a rule that names one.
	At      int    `json:"at,omitempty"`
	Release string `json:"release,omitempty"`
	// Units are what the pool needs more of in every period.
	Units int `json:"units,omitempty"`
}

// repairs looks for three kinds of ways out: rules given up, dates put off, capacity
// added. rest are the rules that have a plan after the least loved of each conflict are
// gone.
func (d *diagnosis) repairs(rest []int) []Repair {
	var out []Repair
	for _, way := range []func([]int) (*Repair, bool){d.giveUp, d.putOff, d.addCapacity} {
		if d.ctx.Err() != nil {
			break
		}
		r, ok := way(rest)
		if !ok {
			continue
		}
		if value, ok := d.priced(r.Problem); ok {
			r.Value = value
			out = append(out, *r)
		}
	}
	slices.SortStableFunc(out, func(a, b Repair) int { return cmp.Compare(b.Value, a.Value) })
	return out
}

// priced is what a problem is worth by a short search.
func (d *diagnosis) priced(p *Problem) (float64, bool) {
	got, err := Solve(context.WithoutCancel(d.ctx), p, SolveOptions{Evaluations: 4 * d.o.Evaluations, Seed: d.o.Seed})
	if err != nil {
		return 0, false
	}
	return got.Value, true
}

// giveUp drops the rules that are not in rest, and takes back those that need not go.
func (d *diagnosis) giveUp(rest []int) (*Repair, bool) {
	kept := slices.Clone(rest)
	if ok, _ := d.feasible(d.p.only(kept)); !ok {
		return nil, false
	}
	r := &Repair{}
	for i := range d.p.Rules {
		if slices.Contains(kept, i) {
			continue
		}
		if ok, _ := d.feasible(d.p.only(append(slices.Clone(kept), i))); ok {
			kept = append(kept, i)
			continue
		}
		r.Changes = append(r.Changes, Change{Rule: d.p.Rules[i].ID, Dropped: true})
	}
	slices.Sort(kept)
	r.Problem = d.p.only(kept)
	return r, len(r.Changes) > 0
}

// putOff moves the dates in each conflict to the soonest ones that have a plan: all of a
// conflict's by the same number of steps, a step being a release or what lies between two.
func (d *diagnosis) putOff([]int) (*Repair, bool) {
	dated := []int{}
	for _, c := range d.conflicts {
		for _, i := range c {
			if s := d.p.Rules[i].Sort; (s == Deadline || s == InRelease) && !slices.Contains(dated, i) {
				dated = append(dated, i)
			}
		}
	}
	if len(dated) == 0 {
		return nil, false
	}
	shifted := func(steps int) *Problem {
		out := *d.p
		out.Rules = slices.Clone(d.p.Rules)
		for _, i := range dated {
			out.later(&out.Rules[i], steps)
		}
		return &out
	}
	steps, ok := d.least(max(1, len(d.p.Releases)), func(n int) *Problem { return shifted(n) })
	if !ok {
		return nil, false
	}
	// what need not move that far goes back step by step
	p := shifted(steps)
	for _, i := range dated {
		for back := steps - 1; back >= 0; back-- {
			try := *p
			try.Rules = slices.Clone(p.Rules)
			try.Rules[i] = d.p.Rules[i]
			try.later(&try.Rules[i], back)
			if ok, _ := d.feasible(&try); !ok {
				break
			}
			p = &try
		}
	}
	r := &Repair{Problem: p}
	for _, i := range dated {
		if now, was := p.Rules[i], d.p.Rules[i]; now.At != was.At {
			r.Changes = append(r.Changes, Change{Rule: now.ID, At: now.At})
		} else if now.Release != was.Release {
			r.Changes = append(r.Changes, Change{Rule: now.ID, Release: now.Release})
		}
	}
	return r, len(r.Changes) > 0
}

// later puts a rule's date off by so many releases; without releases by tenths of the
// horizon.
func (p *Problem) later(r *Rule, steps int) {
	if r.Sort == InRelease {
		at := slices.IndexFunc(p.Releases, func(k Release) bool { return k.ID == r.Release })
		r.Release = p.Releases[min(at+steps, len(p.Releases)-1)].ID
		return
	}
	if len(p.Releases) == 0 || len(r.Features) == 0 {
		r.At = min(p.Horizon, r.At+steps*max(1, p.Horizon/10))
		return
	}
	for range steps {
		next := slices.IndexFunc(p.Releases, func(k Release) bool { return k.GoLive > r.At })
		if next < 0 {
			return
		}
		r.At = p.Releases[next].GoLive
	}
}

// addCapacity finds the pool of which the fewest more units are enough, by its price if it
// has one.
func (d *diagnosis) addCapacity([]int) (*Repair, bool) {
	var best *Repair
	cost := 0.0
	for i := range d.p.Pools {
		pool := &d.p.Pools[i]
		widest := 1
		for _, c := range pool.Changes {
			widest = max(widest, c.Capacity)
		}
		widest = max(widest, pool.Capacity)
		more := func(units int) *Problem {
			out := *d.p
			out.Pools = slices.Clone(d.p.Pools)
			q := &out.Pools[i]
			q.Capacity += units
			q.Changes = slices.Clone(q.Changes)
			for j := range q.Changes {
				if q.Changes[j].Capacity > 0 { // a holiday stays one
					q.Changes[j].Capacity += units
				}
			}
			return &out
		}
		if units, ok := d.least(min(4*widest, MaxUnits-widest), more); ok {
			if price := float64(units) * cmp.Or(pool.Cost, 1); best == nil || price < cost {
				best = &Repair{Changes: []Change{{Pool: pool.ID, Units: units}}, Problem: more(units)}
				cost = price
			}
		}
	}
	return best, best != nil
}

// least returns the least number from 1 to most for which a problem has a plan, if more
// never hurts.
func (d *diagnosis) least(most int, problem func(int) *Problem) (int, bool) {
	if most < 1 || d.ctx.Err() != nil {
		return 0, false
	}
	if ok, _ := d.feasible(problem(most)); !ok {
		return 0, false
	}
	low, high := 0, most // low has none
	for high-low > 1 {
		if ok, _ := d.feasible(problem((low + high) / 2)); ok {
			high = (low + high) / 2
		} else {
			low = (low + high) / 2
		}
	}
	return high, true
}

func (c Change) String() string {
	switch {
	case c.Dropped:
		return fmt.Sprintf("give up rule %q", c.Rule)
	case c.Pool != "":
		return fmt.Sprintf("%d more units of pool %q", c.Units, c.Pool)
	case c.Release != "":
		return fmt.Sprintf("rule %q: release %q", c.Rule, c.Release)
	}
	return fmt.Sprintf("rule %q: moment %d", c.Rule, c.At)
}
