package plan_test

import (
	"fmt"
	"math"
	"slices"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/chance"
)

// tiny makes a problem of few features of one activity each, with rules that often clash.
// On it every plan can be looked at.
func tiny(seed uint64, rules int) *plan.Problem {
	r := chance.New(seed)
	p := &plan.Problem{Horizon: 18, ValueHorizon: 60, Discount: 0.01}
	for i := range 2 {
		p.Pools = append(p.Pools, plan.Pool{ID: fmt.Sprint("P", i), Capacity: 1 + r.IntN(2)})
	}
	for k := range 3 {
		p.Releases = append(p.Releases, plan.Release{ID: fmt.Sprint("R", k), CutOff: 6 * (k + 1), GoLive: 6*(k+1) + r.IntN(3)})
	}
	n := 3 + r.IntN(2)
	for f := range n {
		id := fmt.Sprint("F", f)
		feature := plan.Feature{ID: id, Value: plan.Value{Rate: plan.Curve{{At: 0, Y: float64(r.IntN(10))}}, Lump: float64(r.IntN(20))}}
		if f > 0 && r.IntN(3) == 0 {
			feature.Requires = []string{fmt.Sprint("F", r.IntN(f))}
		}
		p.Features = append(p.Features, feature)
		p.Activities = append(p.Activities, task("A"+id, id, fmt.Sprint("P", r.IntN(2)), 1, 2+r.IntN(6)))
	}
	for i := range rules {
		rule := plan.Rule{ID: fmt.Sprint("r", i), Features: []string{fmt.Sprint("F", r.IntN(n))}}
		other := fmt.Sprint("F", r.IntN(n))
		pair := other != rule.Features[0]
		switch sort := r.IntN(6); {
		case sort < 2:
			rule.Sort, rule.At = plan.Deadline, 5+r.IntN(14)
		case sort == 2:
			rule.Sort, rule.Release = plan.InRelease, fmt.Sprint("R", r.IntN(3))
		case sort == 3 && pair:
			rule.Sort, rule.Features = plan.Together, append(rule.Features, other)
		case sort == 4 && pair:
			rule.Sort, rule.Features = plan.Apart, append(rule.Features, other)
		case sort == 5 && pair:
			rule.Sort, rule.Features = plan.EitherOr, append(rule.Features, other)
		default:
			rule.Sort = plan.LeftOut
		}
		p.Rules = append(p.Rules, rule)
	}
	return p
}

// brute looks at every way to place the features of a tiny problem in releases and says
// what the best is worth, for which allowed holds; -Inf if there is none.
func brute(p *plan.Problem, allowed func(live []int) bool) float64 {
	best := math.Inf(-1)
	out := len(p.Releases)
	live := make([]int, len(p.Features))
	var try func(f int)
	try = func(f int) {
		if f < len(live) {
			for k := range out + 1 {
				live[f] = k
				try(f + 1)
			}
			return
		}
		if !keeps(p, live) || allowed != nil && !allowed(live) || !fitsIn(p, live) {
			return
		}
		v := 0.0
		for f, k := range live {
			if k < out {
				v += p.Features[f].Value.Worth(p.Releases[k].GoLive, p.ValueHorizon, p.Discount)
			}
		}
		best = max(best, v)
	}
	try(0)
	return best
}

// keeps says whether releases satisfy requirements and rules.
func keeps(p *plan.Problem, live []int) bool {
	out := len(p.Releases)
	at := map[string]int{}
	for f, k := range live {
		at[p.Features[f].ID] = k
	}
	for f, k := range live {
		for _, r := range p.Features[f].Requires {
			if k < out && at[r] > k {
				return false
			}
		}
	}
	for _, r := range p.Rules {
		first := at[r.Features[0]]
		second := first
		if len(r.Features) > 1 {
			second = at[r.Features[1]]
		}
		ok := true
		switch r.Sort {
		case plan.Deadline:
			ok = first < out && p.Releases[first].GoLive <= r.At
		case plan.InRelease:
			ok = first < out && p.Releases[first].ID == r.Release
		case plan.LeftOut:
			ok = first == out
		case plan.Together:
			ok = first == second
		case plan.Apart:
			ok = first != second || first == out
		case plan.EitherOr:
			ok = first == out || second == out
		}
		if !ok {
			return false
		}
	}
	return true
}

// fitsIn says whether some order of the activities lets all that are live make their
// cut-offs: for one activity a feature, the orders give all schedules that matter.
func fitsIn(p *plan.Problem, live []int) bool {
	var todo []int
	for f, k := range live {
		if k < len(p.Releases) {
			todo = append(todo, f)
		}
	}
	var place func(todo []int, busy [2][]int) bool
	place = func(todo []int, busy [2][]int) bool {
		if len(todo) == 0 {
			return true
		}
		for i, f := range todo {
			mo := p.Activities[f].Modes[0]
			pool := slices.IndexFunc(p.Pools, func(q plan.Pool) bool { return q.ID == mo.Demands[0].Pool })
			for t := 0; t+mo.Duration <= p.Releases[live[f]].CutOff; t++ {
				if slices.ContainsFunc(busy[pool][t:t+mo.Duration], func(n int) bool { return n >= p.Pools[pool].Capacity }) {
					continue
				}
				next := [2][]int{slices.Clone(busy[0]), slices.Clone(busy[1])}
				for q := t; q < t+mo.Duration; q++ {
					next[pool][q]++
				}
				if place(slices.Delete(slices.Clone(todo), i, i+1), next) {
					return true
				}
				break
			}
		}
		return false
	}
	return place(todo, [2][]int{make([]int, p.Horizon), make([]int, p.Horizon)})
}
