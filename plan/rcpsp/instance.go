package rcpsp

import (
	"fmt"
	"slices"
	"strings"
)

// MaxHorizon is the largest sum of all durations that Validate lets pass. The time line of
// a schedule is kept period by period, so the horizon is what a search pays for in memory:
// up to 8 bytes a period for every four resources and worker.
const MaxHorizon = 1 << 22

// MaxCapacity is the largest capacity of a resource that Validate lets pass.
const MaxCapacity = 1<<31 - 1

// Instance is a project to be scheduled: activities that may not be interrupted, each with
// a duration and a constant demand on every resource while it runs, and precedences. A
// resource has the same capacity in every period. Activities and resources are numbered
// from 0 in the order of the slices.
type Instance struct {
	Name       string
	Durations  []int   // of each activity, in periods, 0 or more
	Demands    [][]int // of each activity on each resource, 0 to the resource's capacity
	Capacities []int   // of each resource, in units, 0 to MaxCapacity
	Successors [][]int // of each activity: those that may not start before it has finished
}

// CycleError tells that activities wait for each other in a circle.
type CycleError struct {
	Activities []int // in order; the last precedes the first
}

func (e *CycleError) Error() string {
	var b strings.Builder
	b.WriteString("rcpsp: activities wait for each other:")
	for _, a := range e.Activities {
		fmt.Fprintf(&b, " %d →", a)
	}
	fmt.Fprintf(&b, " %d", e.Activities[0])
	return b.String()
}

// Validate tells why the instance has no schedule or cannot be scheduled here, naming the
// activity or resource; nil if nothing stands in the way. Activities that wait for each
// other are reported as a *CycleError.
func (in *Instance) Validate() error {
	n := len(in.Durations)
	if len(in.Demands) != n {
		return fmt.Errorf("rcpsp: %d durations, but demands of %d activities", n, len(in.Demands))
	}
	if len(in.Successors) != n {
		return fmt.Errorf("rcpsp: %d durations, but successors of %d activities", n, len(in.Successors))
	}
	for k, c := range in.Capacities {
		if c < 0 || c > MaxCapacity {
			return fmt.Errorf("rcpsp: resource %d: capacity %d is not within 0 and %d", k, c, MaxCapacity)
		}
	}
	horizon := 0
	for a, d := range in.Durations {
		if d < 0 {
			return fmt.Errorf("rcpsp: activity %d: duration %d is negative", a, d)
		}
		if d > MaxHorizon-horizon {
			return fmt.Errorf("rcpsp: activity %d: with its duration %d the sum of durations exceeds %d", a, d, MaxHorizon)
		}
		horizon += d
		if len(in.Demands[a]) != len(in.Capacities) {
			return fmt.Errorf("rcpsp: activity %d: %d demands on %d resources", a, len(in.Demands[a]), len(in.Capacities))
		}
		for k, q := range in.Demands[a] {
			if q < 0 {
				return fmt.Errorf("rcpsp: activity %d: demand %d on resource %d is negative", a, q, k)
			}
			if q > in.Capacities[k] {
				return fmt.Errorf("rcpsp: activity %d: demand %d on resource %d exceeds its capacity %d", a, q, k, in.Capacities[k])
			}
		}
		for _, s := range in.Successors[a] {
			if s < 0 || s >= n {
				return fmt.Errorf("rcpsp: activity %d: successor %d is not one of the %d activities", a, s, n)
			}
		}
	}
	_, err := in.topological()
	return err
}

// topological returns the activities in an order in which each stands behind all that
// precede it.
func (in *Instance) topological() ([]int, error) {
	n := len(in.Durations)
	waits := make([]int, n)
	for _, succ := range in.Successors {
		for _, s := range succ {
			waits[s]++
		}
	}
	order := make([]int, 0, n)
	for a := range n {
		if waits[a] == 0 {
			order = append(order, a)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, s := range in.Successors[order[at]] {
			if waits[s]--; waits[s] == 0 {
				order = append(order, s)
			}
		}
	}
	if len(order) < n {
		return nil, &CycleError{in.cycle(waits)}
	}
	return order, nil
}

// cycle finds a cycle among the activities that still wait for a predecessor. From each of
// them a step back to a predecessor that waits too is possible, so such steps must come to
// an activity seen before.
func (in *Instance) cycle(waits []int) []int {
	back := make([]int, len(waits))
	for a, succ := range in.Successors {
		if waits[a] > 0 {
			for _, s := range succ {
				back[s] = a
			}
		}
	}
	at := slices.IndexFunc(waits, func(w int) bool { return w > 0 })
	var path []int
	for {
		if i := slices.Index(path, at); i >= 0 {
			path = path[i:]
			slices.Reverse(path)
			return path
		}
		path = append(path, at)
		at = back[at]
	}
}
