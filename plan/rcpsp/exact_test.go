package rcpsp

import (
	"math/rand/v2"
	"testing"
)

// starts gives the starts of a schedule of a compiled project to the instance's activities.
func startsOf(in *Instance, start []int32) []int {
	_, number, unit := compile(in)
	out := make([]int, len(start))
	for i, t := range start {
		out[number[i]] = int(t) * unit
	}
	return out
}

func TestExactOnTinyProjects(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 600 {
		in := tiny(r)
		p, _, unit := compile(in)
		least := leastMakespan(in)
		start := make([]int32, p.n)
		for makespan := least - 2*unit; makespan <= least+unit; makespan += unit {
			if makespan < 0 || makespan/unit < int(p.criticalPath()) {
				continue
			}
			e := newExact(p, int32(makespan/unit))
			switch got := e.search(t.Context(), 10_000, start); {
			case makespan < least && got != impossible:
				t.Fatalf("%d is not impossible (%v), but %d is the least of %+v", makespan, got, least, in)
			case makespan >= least && got != found:
				t.Fatalf("%d is not found (%v), but %d is the least of %+v", makespan, got, least, in)
			case got == found:
				full := startsOf(in, start)
				end := 0
				for a, s := range full {
					end = max(end, s+in.Durations[a])
				}
				if err := breaks(in, full, end); err != nil || end > makespan {
					t.Fatalf("within %d: %v", makespan, err)
				}
			}
		}
	}
}
