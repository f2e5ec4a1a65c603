package plan_test

import (
	"math"
	"slices"
	"testing"

	"github.com/throughline-pm/throughline/plan"
)

// Of problems of which every plan can be looked at, those without one are told from the
// others; each conflict is one, and none of its rules can be left out of it; what is
// repaired has a plan.
func TestConflictsAgainstAllPlans(t *testing.T) {
	clashes, repairs := 0, 0
	for seed := range uint64(200) {
		p := tiny(seed, 5)
		with := func(ids []string) *plan.Problem {
			out := *p
			out.Rules = slices.DeleteFunc(slices.Clone(p.Rules), func(r plan.Rule) bool { return !slices.Contains(ids, r.ID) })
			return &out
		}
		got, err := plan.Diagnose(t.Context(), p, plan.DiagnoseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if feasible := !math.IsInf(brute(p, nil), -1); got.Feasible != feasible {
			t.Errorf("seed %d: feasible is told as %v", seed, got.Feasible)
			continue
		}
		if got.Feasible {
			continue
		}
		clashes++
		if len(got.Conflicts) == 0 {
			t.Errorf("seed %d: no conflict is told", seed)
		}
		for _, c := range got.Conflicts {
			if !math.IsInf(brute(with(c.Rules), nil), -1) {
				t.Errorf("seed %d: the rules %v do not clash", seed, c.Rules)
			}
			for i := range c.Rules {
				if less := slices.Delete(slices.Clone(c.Rules), i, i+1); math.IsInf(brute(with(less), nil), -1) {
					t.Errorf("seed %d: of the rules %v %s is not needed", seed, c.Rules, c.Rules[i])
				}
			}
		}
		if len(got.Repairs) == 0 {
			t.Errorf("seed %d: no repair is told", seed)
		}
		for i, r := range got.Repairs {
			repairs++
			best := brute(r.Problem, nil)
			if math.IsInf(best, -1) || math.Abs(best-r.Value) > 1e-6 {
				t.Errorf("seed %d: %v is told to be worth %v and is worth %v", seed, r.Changes, r.Value, best)
			}
			if i > 0 && r.Value > got.Repairs[i-1].Value {
				t.Errorf("seed %d: the repairs are not in order of value", seed)
			}
		}
	}
	if clashes < 40 || repairs < clashes {
		t.Errorf("%d problems clash, with %d repairs: too few to tell", clashes, repairs)
	}
}
