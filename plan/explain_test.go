package plan_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/check"
)

// On problems of which every plan can be looked at, the best plan is found, no plan is
// above the bound, and forcing a feature into a release costs what the explanation says.
func TestExplanationsAgainstAllPlans(t *testing.T) {
	causes := map[plan.Cause]int{}
	for seed := range uint64(400) {
		p := tiny(seed, int(seed%4))
		best := brute(p, nil)
		planner, err := plan.NewPlanner(p)
		if err != nil {
			var none *plan.Infeasible
			if !errors.As(err, &none) || !math.IsInf(best, -1) {
				t.Errorf("seed %d: %v, and there is a plan worth %v", seed, err, best)
			}
			continue
		}
		got, err := planner.Solve(t.Context(), plan.SolveOptions{Evaluations: 1200, Seed: seed})
		if err != nil {
			if !math.IsInf(best, -1) {
				t.Errorf("seed %d: %v, and there is a plan worth %v", seed, err, best)
			}
			continue
		}
		for _, v := range check.Plan(p, got) {
			t.Errorf("seed %d: %v", seed, v)
		}
		if math.Abs(got.Value-best) > 1e-6 || got.Bound < best-1e-6 {
			t.Errorf("seed %d: found %v under the bound %v; the best is %v", seed, got.Value, got.Bound, best)
			continue
		}
		for f := range p.Features {
			for k := range p.Releases {
				e, err := planner.Explain(t.Context(), p.Features[f].ID, p.Releases[k].ID, plan.ExplainOptions{Evaluations: 400})
				if err != nil {
					t.Fatal(err)
				}
				causes[e.Cause]++
				forced := brute(p, func(live []int) bool { return live[f] <= k })
				least, most := e.Least, math.Inf(1)
				if e.Most != nil {
					most = *e.Most
				}
				real := best - forced
				switch e.Cause {
				case plan.AsAsked:
				case plan.TooLong, plan.TooScarce, plan.RuledOut:
					if !math.IsInf(forced, -1) {
						t.Errorf("seed %d, %s in %s: %s, and there is a plan worth %v", seed, e.Feature, e.Asked, e.Cause, forced)
					}
				default:
					if real < least-1e-6 || real > most+1e-6 {
						t.Errorf("seed %d, %s in %s: forcing it costs %v to %v by the explanation, %v in fact", seed, e.Feature, e.Asked, least, most, real)
					}
				}
			}
		}
	}
	for _, c := range []plan.Cause{plan.AsAsked, plan.TooDear, plan.WorthLess, plan.TooScarce, plan.RuledOut} {
		if causes[c] < 5 {
			t.Errorf("%d explanations say %q: the problems do not try them all", causes[c], c)
		}
	}
}

// A chain of work that is too long is told from its begin to its end, with what is missing.
func TestTheChainOfAnExplanation(t *testing.T) {
	p := tiny(1, 0)
	p.Features = []plan.Feature{worth("base", 1), worth("top", 50, "base")}
	p.Activities = []plan.Activity{task("a", "base", "P0", 1, 3), task("b", "base", "P1", 1, 2), task("c", "top", "P0", 1, 4)}
	p.Links = []plan.Link{{From: "a", To: "b"}, {From: "b", To: "c", Lag: 1}}
	planner, err := plan.NewPlanner(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := planner.Solve(t.Context(), plan.SolveOptions{Evaluations: 100}); err != nil {
		t.Fatal(err)
	}
	e, err := planner.Explain(t.Context(), "top", "R0", plan.ExplainOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.ChainStep{{Activity: "a", Start: 0, Finish: 3}, {Activity: "b", Start: 3, Finish: 5}, {Activity: "c", Start: 6, Finish: 10}}
	if e.Cause != plan.TooLong || !slices.Equal(e.Chain, want) || e.Short != 4 {
		t.Errorf("%s, chain %v, %d short", e.Cause, e.Chain, e.Short)
	}
	if len(e.Waits) != 1 || e.Waits[0].For != "link" || e.Waits[0].Name != "b" {
		t.Errorf("it waits for %v", e.Waits)
	}
}

// A skill that nobody has in time is named, with when somebody has it.
func TestTheSkillOfAnExplanation(t *testing.T) {
	p := tiny(1, 0)
	p.People = []plan.Person{{ID: "ann", Skills: []plan.Skill{{Skill: "audit", Level: 3, From: 7}}}, {ID: "bo", Skills: []plan.Skill{{Skill: "audit", Level: 1}}}}
	p.Features = []plan.Feature{worth("safe", 9)}
	p.Activities = []plan.Activity{{ID: "a", Feature: "safe", Modes: []plan.Mode{{Duration: 2, Demands: []plan.Demand{{Skill: "audit", Level: 2, Units: 1}}}}}}
	planner, err := plan.NewPlanner(p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := planner.Solve(t.Context(), plan.SolveOptions{Evaluations: 10})
	if err != nil {
		t.Fatal(err)
	}
	if a := got.Activities[0]; a.Start != 7 || !slices.Equal(a.People, []string{"ann"}) {
		t.Errorf("it starts at %d, done by %v", a.Start, a.People)
	}
	e, err := planner.Explain(t.Context(), "safe", "R0", plan.ExplainOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Cause != plan.TooScarce || e.Lack == nil || *e.Lack != (plan.Lack{Activity: "a", Skill: "audit", Level: 2, From: 0, Until: 7}) {
		t.Errorf("%s, %+v", e.Cause, e.Lack)
	}
}

// Alternatives satisfy all rules, are nearly as good as the best plan, and clearly
// different from it and from each other.
func TestAlternatives(t *testing.T) {
	found := 0
	for seed := range uint64(4) {
		p, err := plan.Generate(plan.GenerateOptions{Features: 50, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		planner, err := plan.NewPlanner(p)
		if err != nil {
			t.Fatal(err)
		}
		best, err := planner.Solve(t.Context(), plan.SolveOptions{Evaluations: 4000})
		if err != nil {
			t.Fatal(err)
		}
		all := []*plan.Plan{best}
		for _, a := range planner.Alternatives(t.Context(), plan.AlternativeOptions{Loss: 0.03, Apart: 0.1}) {
			found++
			for _, v := range check.Plan(p, a) {
				t.Errorf("seed %d: %v", seed, v)
			}
			if a.Value < best.Value*0.97 {
				t.Errorf("seed %d: it is worth %v, and the best plan %v", seed, a.Value, best.Value)
			}
			for _, other := range all {
				if n := moved(a, other); n < 5 {
					t.Errorf("seed %d: it differs in %d features of 50", seed, n)
				}
			}
			all = append(all, a)
		}
	}
	if found < 4 {
		t.Errorf("%d alternatives were found for 4 problems", found)
	}
}

func moved(a, b *plan.Plan) (n int) {
	for i := range a.Features {
		if a.Features[i].Release != b.Features[i].Release {
			n++
		}
	}
	return n
}

// Planning again after an edit keeps to the plan of before, unless moving features is
// worth it: half a percent for every tenth of them.
func TestPlanningAgainKeepsToThePlan(t *testing.T) {
	for seed := range uint64(4) {
		p, err := plan.Generate(plan.GenerateOptions{Features: 80, Seed: seed, Plain: true})
		if err != nil {
			t.Fatal(err)
		}
		before, err := plan.Solve(t.Context(), p, plan.SolveOptions{Evaluations: 3000})
		if err != nil {
			t.Fatal(err)
		}
		p.Activities[10].Modes[0].Duration += 5
		same, err := plan.Solve(t.Context(), p, plan.SolveOptions{Evaluations: 4, Start: before})
		if err != nil {
			t.Fatal(err)
		}
		after, err := plan.Solve(t.Context(), p, plan.SolveOptions{Evaluations: 3000, Start: before})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range check.Plan(p, after) {
			t.Errorf("seed %d: %v", seed, v)
		}
		share := float64(moved(after, same)) / float64(len(p.Features))
		if gain := after.Value/same.Value - 1; share > 0.1 && gain < 0.005*(share-0.05)/0.1 {
			t.Errorf("seed %d: %.0f %% of the features move for %.2f %% of value", seed, 100*share, 100*gain)
		}
	}
}
