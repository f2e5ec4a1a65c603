package check

import (
	"fmt"
	"slices"

	"github.com/throughline-pm/throughline/plan/nrp"
	"github.com/throughline-pm/throughline/plan/rcpsp"
)

// Schedule returns what is wrong with a schedule of a valid project.
func Schedule(in *rcpsp.Instance, r *rcpsp.Result) []Violation {
	var found []Violation
	add := func(element, reason string, args ...any) {
		found = append(found, Violation{element, fmt.Sprintf(reason, args...)})
	}
	if len(r.Start) != len(in.Durations) {
		add("schedule", "it has %d starts of %d activities", len(r.Start), len(in.Durations))
		return found
	}
	end := 0
	for a, s := range r.Start {
		if s < 0 {
			add(fmt.Sprintf("activity %d", a), "it starts at %d", s)
			return found
		}
		finish := s + in.Durations[a]
		end = max(end, finish)
		for _, b := range in.Successors[a] {
			if r.Start[b] < finish {
				add(fmt.Sprintf("activity %d", b), "it starts at %d, before the activity %d is finished at %d", r.Start[b], a, finish)
			}
		}
	}
	for k, capacity := range in.Capacities {
		used := make([]int, end)
		for a, s := range r.Start {
			for t := s; t < s+in.Durations[a]; t++ {
				used[t] += in.Demands[a][k]
			}
		}
		if t := slices.IndexFunc(used, func(n int) bool { return n > capacity }); t >= 0 {
			add(fmt.Sprintf("resource %d", k), "in period %d it gives %d units of %d", t, used[t], capacity)
		}
	}
	if r.Makespan != end {
		add("schedule", "its makespan is told as %d; it is %d", r.Makespan, end)
	}
	if r.LowerBound > end {
		add("schedule", "it is shorter, %d, than what is said to be the least, %d", end, r.LowerBound)
	}
	if r.Optimal != (r.LowerBound == end) {
		add("schedule", "it is said to be optimal or not against its bound %d and makespan %d", r.LowerBound, end)
	}
	if path := criticalPath(in); r.CriticalPath != path {
		add("schedule", "its critical path is told as %d; it is %d", r.CriticalPath, path)
	}
	return found
}

// criticalPath is how long a project takes if nothing is scarce: in each round every
// activity starts when the one before it is finished, until nothing moves.
func criticalPath(in *rcpsp.Instance) int {
	start, end := make([]int, len(in.Durations)), 0
	for moved := true; moved; {
		moved = false
		for a, after := range in.Successors {
			finish := start[a] + in.Durations[a]
			end = max(end, finish)
			for _, b := range after {
				if start[b] < finish {
					start[b], moved = finish, true
				}
			}
		}
	}
	return end
}

// Choice returns what is wrong with a choice of what to build of a valid instance within a
// budget.
func Choice(in *nrp.Instance, budget int64, r *nrp.Result) []Violation {
	var found []Violation
	add := func(element, reason string, args ...any) {
		found = append(found, Violation{element, fmt.Sprintf(reason, args...)})
	}
	built := map[int]bool{}
	var cost, value int64
	for _, k := range r.Requirements {
		if k < 0 || k >= len(in.Costs) || built[k] {
			add(fmt.Sprintf("requirement %d", k), "it is not there, or built twice")
			return found
		}
		built[k] = true
		cost += in.Costs[k]
	}
	for _, n := range in.Needs {
		if built[n.Requirement] && !built[n.Before] {
			add(fmt.Sprintf("requirement %d", n.Requirement), "it is built without the requirement %d, which it needs", n.Before)
		}
	}
	if cost > budget {
		add("choice", "it costs %d, more than the budget of %d", cost, budget)
	}
	served := map[int]bool{}
	for _, c := range r.Customers {
		if c < 0 || c >= len(in.Customers) || served[c] {
			add(fmt.Sprintf("customer %d", c), "it is not there, or served twice")
			return found
		}
		served[c] = true
		value += in.Customers[c].Profit
		for _, k := range in.Customers[c].Wants {
			if !built[k] {
				add(fmt.Sprintf("customer %d", c), "it is served without the requirement %d, which it wants", k)
			}
		}
	}
	if r.Value != value {
		add("choice", "its value is told as %d; it is %d", r.Value, value)
	}
	if r.UpperBound < value {
		add("choice", "it brings more, %d, than what is said to be the most, %d", value, r.UpperBound)
	}
	if r.Optimal != (r.UpperBound == value) {
		add("choice", "it is said to be optimal or not against its bound %d and value %d", r.UpperBound, value)
	}
	return found
}
