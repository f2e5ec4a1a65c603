package plan

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Diagnosis says whether a problem has a plan that satisfies all rules, and if not which
// rules clash and what could be done.
type Diagnosis struct {
	Feasible bool `json:"feasible"`
	// Conflicts are sets of rules of which none can be left out of its set: without it the
	// others have a plan. A set of no rules says that there is none even without rules.
	Conflicts []Conflict `json:"conflicts,omitempty"`
	// Repairs are up to three different ways to make the problem feasible, the one whose
	// plan is worth most first.
	Repairs []Repair `json:"repairs,omitempty"`
}

// Conflict is a smallest set of rules that clash.
type Conflict struct {
	Rules []string `json:"rules"`
	// Proven says that no plan satisfies them; otherwise none was found.
	Proven bool   `json:"proven"`
	Reason string `json:"reason"`
}

// DiagnoseOptions bound the work.
type DiagnoseOptions struct {
	// Evaluations is the number of plans tried before a set of rules counts as one without
	// a plan; 0 means 200.
	Evaluations int
	Seed        uint64
	// Conflicts is the number of conflicts looked for; 0 means 5.
	Conflicts int
}

// Diagnose finds the rules that clash. Faults of the problem are a [Faults]. If ctx ends
// early, what is known by then is the answer.
func Diagnose(ctx context.Context, p *Problem, o DiagnoseOptions) (*Diagnosis, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	o.Evaluations, o.Conflicts = cmp.Or(o.Evaluations, 200), cmp.Or(o.Conflicts, 5)
	d := &diagnosis{ctx: ctx, p: p, o: o}
	out := &Diagnosis{}
	var clash error
	if out.Feasible, clash = d.feasible(p); out.Feasible {
		return out, nil
	}
	// the least loved rule of a conflict is given up before the next conflict is sought
	rest := indices(len(p.Rules))
	for len(out.Conflicts) < o.Conflicts && ctx.Err() == nil {
		found, reason := d.smallest(rest)
		if reason != nil {
			clash = reason
		}
		var proof *Infeasible
		c := Conflict{Rules: []string{}, Proven: errors.As(reason, &proof), Reason: clash.Error()}
		for _, r := range found {
			c.Rules = append(c.Rules, p.Rules[r].ID)
		}
		out.Conflicts = append(out.Conflicts, c)
		d.conflicts = append(d.conflicts, found)
		if len(found) == 0 {
			break
		}
		rest = slices.DeleteFunc(rest, func(r int) bool { return r == d.leastLoved(found) })
		if ok, _ := d.feasible(p.only(rest)); ok {
			break
		}
	}
	out.Repairs = d.repairs(rest)
	return out, nil
}

type diagnosis struct {
	ctx       context.Context
	p         *Problem
	o         DiagnoseOptions
	conflicts [][]int
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// only returns the problem with some of its rules.
func (p *Problem) only(rules []int) *Problem {
	out := *p
	out.Rules = make([]Rule, 0, len(rules))
	for _, r := range rules {
		out.Rules = append(out.Rules, p.Rules[r])
	}
	return &out
}

// feasible looks for a schedule of all that must be done. The error tells why there is
// none: an *[Infeasible] if that is proven, a *[NotFound] if none was found.
func (d *diagnosis) feasible(p *Problem) (bool, error) {
	m, err := compile(p)
	if err != nil {
		return false, err
	}
	b, err := m.newBound()
	if err != nil {
		return false, err
	}
	if err := b.overfull(); err != nil {
		return false, err
	}
	order := slices.DeleteFunc(m.byDeadline(), func(n int32) bool { return !m.blocks[n].must })
	s := newSearch(m.newSchedule(), order, d.o.Seed, 0)
	const step = 20
	for done := 0; s.best.lacks > 0 && done < d.o.Evaluations && d.ctx.Err() == nil; done += step {
		s.run(step)
	}
	if s.best.lacks == 0 {
		return true, nil
	}
	last := m.newSchedule()
	last.run(s.bestOf)
	return false, &NotFound{d.o.Evaluations, m.blocked(last)}
}

// smallest returns a set of rules out of which none can be left without the clash
// disappearing (QuickXplain: Junker 2004). Rules that are dear to their owners are taken
// last.
func (d *diagnosis) smallest(rules []int) ([]int, error) {
	rules = slices.Clone(rules)
	slices.SortStableFunc(rules, func(a, b int) int { return cmp.Compare(d.weight(b), d.weight(a)) })
	reason := error(nil)
	clash := func(set []int) bool {
		ok, why := d.feasible(d.p.only(set))
		if !ok {
			reason = why
		}
		return !ok
	}
	if clash(nil) {
		return nil, reason
	}
	var explain func(base, more []int, changed bool) []int
	explain = func(base, more []int, changed bool) []int {
		if changed && clash(base) {
			return nil
		}
		if len(more) == 1 {
			return more
		}
		half := len(more) / 2
		second := explain(slices.Concat(base, more[:half]), more[half:], half > 0)
		first := explain(slices.Concat(base, second), more[:half], len(second) > 0)
		return slices.Concat(first, second)
	}
	found := explain(nil, rules, false)
	clash(found)
	slices.Sort(found)
	return found, reason
}

func (d *diagnosis) weight(rule int) float64 { return cmp.Or(d.p.Rules[rule].Weight, 1) }

func (d *diagnosis) leastLoved(rules []int) int {
	return slices.MinFunc(rules, func(a, b int) int { return cmp.Compare(d.weight(a), d.weight(b)) })
}
