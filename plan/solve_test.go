package plan_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/chance"
	"github.com/throughline-pm/throughline/plan/check"
)

func task(id, feature, pool string, units, duration int) plan.Activity {
	return plan.Activity{ID: id, Feature: feature, Modes: []plan.Mode{{Duration: duration, Demands: []plan.Demand{{Pool: pool, Units: units}}}}}
}

func worth(id string, lump float64, requires ...string) plan.Feature {
	return plan.Feature{ID: id, Value: plan.Value{Lump: lump}, Requires: requires}
}

// One pool does one thing at a time and there are two releases: the order by value for
// work is best, what costs more than it brings is left out, and a feature of no value is
// built because one of great value requires it.
func TestTheBestPlanOfASmallProblem(t *testing.T) {
	p := &plan.Problem{
		Horizon: 20, Discount: 0.01,
		Pools: []plan.Pool{{ID: "team", Capacity: 1, Cost: 1}},
		Features: []plan.Feature{
			worth("slow", 60), worth("quick", 50), worth("dear", 2), worth("ground", 0), worth("tower", 90, "ground"),
		},
		Activities: []plan.Activity{
			task("a", "slow", "team", 1, 8), task("b", "quick", "team", 1, 3), task("c", "dear", "team", 1, 4),
			task("d", "ground", "team", 1, 2), task("e", "tower", "team", 1, 4),
		},
		Releases: []plan.Release{{ID: "R1", CutOff: 10, GoLive: 10}, {ID: "R2", CutOff: 18, GoLive: 20}},
	}
	// ground, tower and quick take 9 of the 10 periods; slow then takes 8 of the 9 left.
	want := map[string]string{"slow": "R2", "quick": "R1", "dear": "", "ground": "R1", "tower": "R1"}
	value := (50+90-9)*math.Exp(-0.1) + 60*math.Exp(-0.01*20) - 8*math.Exp(-0.01*20)
	p.ValueHorizon = 30
	got, err := plan.Solve(t.Context(), p, plan.SolveOptions{Evaluations: 2000})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got.Features {
		if f.Release != want[f.Feature] {
			t.Errorf("%s is in release %q, want %q", f.Feature, f.Release, want[f.Feature])
		}
	}
	if math.Abs(got.Value-value) > 1e-9 {
		t.Errorf("the plan is worth %v, want %v", got.Value, value)
	}
	if got.Bound < got.Value {
		t.Errorf("the bound %v is below the value %v", got.Bound, got.Value)
	}
}

// A plan depends on problem, seed and evaluations, and on nothing else.
func TestAnyNumberOfWorkersFindsTheSamePlan(t *testing.T) {
	p := small(40, 3)
	var first *plan.Plan
	for _, workers := range []int{1, 2, 5, 0} {
		got, err := plan.Solve(t.Context(), p, plan.SolveOptions{Evaluations: 3000, Seed: 7, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if !reflect.DeepEqual(got, first) {
			t.Errorf("%d workers found a plan worth %v, one worker one worth %v", workers, got.Value, first.Value)
		}
	}
}

// Plans of generated problems of many kinds satisfy the checker, and their bound is above
// what the plan the problem was made around is worth.
func TestPlansOfGeneratedProblems(t *testing.T) {
	for _, o := range shapes() {
		for seed := range uint64(3) {
			o.Seed = seed
			p, witness, err := plan.GenerateWithPlan(o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := plan.Solve(t.Context(), p, plan.SolveOptions{Evaluations: 300, Seed: seed})
			if err != nil {
				t.Errorf("%+v: %v", o, err)
				continue
			}
			for _, v := range check.Plan(p, got) {
				t.Errorf("%+v: %v", o, v)
			}
			if known := value(p, witness); got.Bound < known {
				t.Errorf("%+v: the bound is %v and there is a plan worth %v", o, got.Bound, known)
			}
		}
	}
}

// value asks the checker what a plan is worth, whatever it says of itself.
func value(p *plan.Problem, a *plan.Plan) (v float64) {
	for _, found := range check.Plan(p, a) {
		if found.Element == "plan" {
			fmt.Sscanf(found.Reason, "its value is told as 0; it is %g", &v)
		}
	}
	return v
}

// small is a problem of so many features of two activities each, on three pools.
func small(features int, seed uint64) *plan.Problem {
	r := chance.New(seed)
	p := &plan.Problem{Horizon: 60, ValueHorizon: 200, Discount: 0.001}
	for i := range 3 {
		p.Pools = append(p.Pools, plan.Pool{ID: fmt.Sprint("P", i), Capacity: 2 + features/20})
	}
	for k := range 4 {
		p.Releases = append(p.Releases, plan.Release{ID: fmt.Sprint("R", k), CutOff: 14 * (k + 1), GoLive: 14*(k+1) + 2})
	}
	for f := range features {
		id := fmt.Sprint("F", f)
		feature := plan.Feature{ID: id, Value: plan.Value{Rate: plan.Curve{{At: 0, Y: 1 + 9*r.Float64()}}}}
		if f > 0 && r.IntN(4) == 0 {
			feature.Requires = []string{fmt.Sprint("F", r.IntN(f))}
		}
		p.Features = append(p.Features, feature)
		for a := range 2 {
			p.Activities = append(p.Activities, task(fmt.Sprint(id, ".", a), id, fmt.Sprint("P", r.IntN(3)), 1+r.IntN(2), 2+r.IntN(6)))
		}
		p.Links = append(p.Links, plan.Link{From: id + ".0", To: id + ".1"})
	}
	return p
}
