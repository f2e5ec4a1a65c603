package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/plan/check"
	"github.com/throughline-pm/throughline/plan/nrp"
	"github.com/throughline-pm/throughline/plan/rcpsp"
)

func TestSchedule(t *testing.T) {
	in := &rcpsp.Instance{
		Durations:  []int{2, 3, 4},
		Demands:    [][]int{{1, 0}, {2, 1}, {2, 1}},
		Capacities: []int{3, 1},
		Successors: [][]int{{1}, {}, {}},
	}
	good := func() *rcpsp.Result {
		return &rcpsp.Result{Start: []int{0, 4, 0}, Makespan: 7, CriticalPath: 5, LowerBound: 7, Optimal: true}
	}
	if found := check.Schedule(in, good()); len(found) > 0 {
		t.Fatal(found)
	}
	for want, spoil := range map[string]func(r *rcpsp.Result){
		"it has 2 starts of 3":                   func(r *rcpsp.Result) { r.Start = r.Start[:2] },
		"activity 0: it starts at -1":            func(r *rcpsp.Result) { r.Start[0] = -1 },
		"before the activity 0 is finished at 6": func(r *rcpsp.Result) { r.Start[0] = 4 },
		"resource 0: in period 3 it gives 4":     func(r *rcpsp.Result) { r.Start[1] = 3 },
		"resource 1: in period 3 it gives 2":     func(r *rcpsp.Result) { r.Start[1] = 3 },
		"makespan is told as 6; it is 7":         func(r *rcpsp.Result) { r.Makespan = 6 },
		"it is shorter, 7, than":                 func(r *rcpsp.Result) { r.LowerBound = 8 },
		"optimal or not":                         func(r *rcpsp.Result) { r.LowerBound = 6 },
		"critical path is told as 4; it is 5":    func(r *rcpsp.Result) { r.CriticalPath = 4 },
	} {
		r := good()
		spoil(r)
		found := check.Schedule(in, r)
		if !slices.ContainsFunc(found, func(v check.Violation) bool { return strings.Contains(v.String(), want) }) {
			t.Errorf("want %s, have %v", want, found)
		}
	}
}

func TestChoice(t *testing.T) {
	in := &nrp.Instance{
		Costs:     []int64{4, 3, 2},
		Needs:     []nrp.Need{{Before: 0, Requirement: 1}},
		Customers: []nrp.Customer{{Profit: 5, Wants: []int{1}}, {Profit: 2, Wants: []int{2}}, {Profit: 1}},
	}
	good := func() *nrp.Result {
		return &nrp.Result{Progress: nrp.Progress{Value: 6, UpperBound: 6}, Optimal: true, Customers: []int{0, 2}, Requirements: []int{0, 1}}
	}
	if found := check.Choice(in, 7, good()); len(found) > 0 {
		t.Fatal(found)
	}
	for want, spoil := range map[string]func(r *nrp.Result){
		"requirement 3: it is not there":              func(r *nrp.Result) { r.Requirements[1] = 3 },
		"requirement 0: it is not there, or built tw": func(r *nrp.Result) { r.Requirements[1] = 0 },
		"built without the requirement 0":             func(r *nrp.Result) { r.Requirements = []int{1} },
		"it costs 9, more than the budget of 7":       func(r *nrp.Result) { r.Requirements = []int{0, 1, 2} },
		"customer 3: it is not there":                 func(r *nrp.Result) { r.Customers[1] = 3 },
		"customer 0: it is not there, or served":      func(r *nrp.Result) { r.Customers[1] = 0 },
		"served without the requirement 2":            func(r *nrp.Result) { r.Customers[1] = 1 },
		"its value is told as 7; it is 6":             func(r *nrp.Result) { r.Value = 7 },
		"it brings more, 6, than":                     func(r *nrp.Result) { r.UpperBound = 5 },
		"optimal or not":                              func(r *nrp.Result) { r.Optimal = false },
	} {
		r := good()
		spoil(r)
		found := check.Choice(in, 7, r)
		if !slices.ContainsFunc(found, func(v check.Violation) bool { return strings.Contains(v.String(), want) }) {
			t.Errorf("want %s, have %v", want, found)
		}
	}
}
