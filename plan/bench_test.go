package plan_test

import (
	"testing"

	"github.com/throughline-pm/throughline/plan"
)

// product is a problem of the size of a product: 300 features, 8 pools, 12 releases.
func product(b *testing.B) *plan.Problem {
	b.Helper()
	p, err := plan.Generate(plan.GenerateOptions{Features: 300, Pools: 8, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// planned prepares a planner that has searched a little.
func planned(b *testing.B, p *plan.Problem) (*plan.Planner, *plan.Plan) {
	b.Helper()
	planner, err := plan.NewPlanner(p)
	if err != nil {
		b.Fatal(err)
	}
	best, err := planner.Solve(b.Context(), plan.SolveOptions{Evaluations: 4000})
	if err != nil {
		b.Fatal(err)
	}
	return planner, best
}

// BenchmarkFirstPlan is the time to a plan that satisfies all rules, with its bound.
func BenchmarkFirstPlan(b *testing.B) {
	p := product(b)
	for b.Loop() {
		if _, err := plan.Solve(b.Context(), p, plan.SolveOptions{Evaluations: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlanAgain is the time to plan again after one edit, from the plan of before;
// it reports the share of features that move, and what the plan gains over one that moves
// as little as the edit allows.
func BenchmarkPlanAgain(b *testing.B) {
	p := product(b)
	_, before := planned(b, p)
	p.Activities[40].Modes[0].Duration += 10
	least, err := plan.Solve(b.Context(), p, plan.SolveOptions{Evaluations: 1, Start: before})
	if err != nil {
		b.Fatal(err)
	}
	moved, gain := 0, 0.0
	for b.Loop() {
		after, err := plan.Solve(b.Context(), p, plan.SolveOptions{Evaluations: 250, Start: before})
		if err != nil {
			b.Fatal(err)
		}
		moved, gain = 0, after.Value/least.Value-1
		for i := range after.Features {
			if after.Features[i].Release != before.Features[i].Release {
				moved++
			}
		}
	}
	b.ReportMetric(100*float64(moved)/float64(len(p.Features)), "%moved")
	b.ReportMetric(100*gain, "%gain")
}

// BenchmarkExplain is the time of an answer to "why not in that release", what is proven
// alone and with a plan that has it there.
func BenchmarkExplain(b *testing.B) {
	p := product(b)
	planner, best := planned(b, p)
	var late []string
	for _, f := range best.Features {
		if f.Release == "" {
			late = append(late, f.Feature)
		}
	}
	for _, c := range []struct {
		name        string
		evaluations int
	}{{"proof", 1}, {"plan", 500}} {
		b.Run(c.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				if _, err := planner.Explain(b.Context(), late[n%len(late)], p.Releases[6].ID, plan.ExplainOptions{Evaluations: c.evaluations}); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}

// BenchmarkDiagnose is the time to find the conflict of a problem of the size of a product
// and to price the ways out.
func BenchmarkDiagnose(b *testing.B) {
	p := product(b)
	first := p.Releases[0].GoLive
	for i := range 12 { // far more than the pools can do by the first release
		p.Rules = append(p.Rules, plan.Rule{ID: "due " + p.Features[i].ID, Sort: plan.Deadline, Features: []string{p.Features[i].ID}, At: first})
	}
	for b.Loop() {
		d, err := plan.Diagnose(b.Context(), p, plan.DiagnoseOptions{Conflicts: 1})
		if err != nil || d.Feasible {
			b.Fatal(d, err)
		}
	}
}
