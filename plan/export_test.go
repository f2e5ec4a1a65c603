package plan

import (
	"math"
	"slices"
)

// GenerateWithPlan returns a generated problem and the plan it was made around. Of its
// figures only the value of each feature, the sum and the bound are not filled in.
func GenerateWithPlan(o GenerateOptions) (*Problem, *Plan, error) {
	g, err := generate(o)
	if err != nil {
		return nil, nil, err
	}
	a := &Plan{Bound: math.MaxFloat64}
	finish := map[string]int{}
	for i := range g.p.Activities {
		x := &g.p.Activities[i]
		if g.start[i] < 0 {
			continue
		}
		end := g.start[i] + x.Modes[0].planned()
		finish[x.Feature] = max(finish[x.Feature], end)
		a.Makespan = max(a.Makespan, end)
		done := PlannedActivity{Activity: x.ID, Mode: x.Modes[0].Name, Start: g.start[i], Finish: end}
		if g.crew[i] >= 0 {
			done.People = []string{g.p.People[g.crew[i]].ID}
		}
		a.Activities = append(a.Activities, done)
	}
	for f := range g.p.Features {
		at := PlannedFeature{Feature: g.p.Features[f].ID, Finish: finish[g.p.Features[f].ID]}
		if k := g.live[f]; k >= 0 {
			at.Release = g.p.Releases[k].ID
		}
		a.Features = append(a.Features, at)
	}
	return g.p, a, nil
}

// Finishes are the draws of when each feature is finished, in increasing order.
func Finishes(p *Problem, a *Plan, draws int, seed uint64) ([][]float64, error) {
	s, err := newSimulation(p, a, seed)
	if err != nil {
		return nil, err
	}
	c := s.newCourse()
	out := make([][]float64, len(s.features))
	for draw := range draws {
		c.run(uint64(draw))
		for f, at := range c.ready {
			out[f] = append(out[f], float64(at)/tick)
		}
	}
	for _, row := range out {
		slices.Sort(row)
	}
	return out, nil
}

// Poisson is a draw of how often something happens.
func Poisson(bits uint64, mean float64) int { return poisson(bits, mean, math.Exp(-mean)) }
