package plan

import "math"

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
