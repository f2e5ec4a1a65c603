package rcpsp

import "fmt"

// breaks tells what a schedule breaks, from the definition of the problem: every
// precedence, and every resource in every period.
func breaks(in *Instance, start []int, makespan int) error {
	if len(start) != len(in.Durations) {
		return fmt.Errorf("%d starts of %d activities", len(start), len(in.Durations))
	}
	last := 0
	for a, s := range start {
		if s < 0 {
			return fmt.Errorf("activity %d starts at %d", a, s)
		}
		last = max(last, s+in.Durations[a])
		for _, b := range in.Successors[a] {
			if start[b] < s+in.Durations[a] {
				return fmt.Errorf("activity %d starts at %d, its predecessor %d finishes at %d", b, start[b], a, s+in.Durations[a])
			}
		}
	}
	if last != makespan {
		return fmt.Errorf("the last activity finishes at %d, the makespan is told to be %d", last, makespan)
	}
	for k, c := range in.Capacities {
		use := make([]int, makespan)
		for a, s := range start {
			for t := s; t < s+in.Durations[a]; t++ {
				if use[t] += in.Demands[a][k]; use[t] > c {
					return fmt.Errorf("resource %d: over its capacity of %d at %d", k, c, t)
				}
			}
		}
	}
	return nil
}
